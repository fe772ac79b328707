package message

import "testing"

func TestParams(t *testing.T) {
	for _, tt := range []struct{ text, value, name, want string }{
		{`text/plain; charset=utf-8`, "text/plain", "charset", "utf-8"},
		{`TEXT/Plain; CharSet = "UTF-8" ; x=y`, "text/plain", "charset", "UTF-8"},
		{`text/plain charset=utf-8`, "text/plain", "charset", "utf-8"},
		{`text/plain (a; comment); charset=us-ascii (Plain text)`, "text/plain", "charset", "us-ascii"},
		{`text/plain;;; charset='utf-8'`, "text/plain", "charset", "utf-8"},
		{`attachment; filename="a; b.pdf"`, "attachment", "filename", "a; b.pdf"},
		{`attachment; filename=my file.pdf; x=y`, "attachment", "filename", "my file.pdf"},
		{`attachment; filename="open.pdf`, "attachment", "filename", "open.pdf"},
		{`attachment; filename="a \"b\".pdf"`, "attachment", "filename", `a "b".pdf`},
		{`attachment; filename=""`, "attachment", "filename", ""},
		{`attachment; filename="=?utf-8?q?caf=C3=A9.pdf?="`, "attachment", "filename", "café.pdf"},
		{`attachment; filename==?utf-8?b?w6k=?=`, "attachment", "filename", "é"},
		{`attachment; filename*=utf-8'de'caf%C3%A9.pdf; filename=x.pdf`, "attachment", "filename", "café.pdf"},
		{`attachment; filename*=iso-8859-1''caf%E9.pdf`, "attachment", "filename", "café.pdf"},
		{`attachment; filename*=caf%E9.pdf`, "attachment", "filename", "café.pdf"},
		{`attachment; filename*1="b.pdf"; filename*0="a"`, "attachment", "filename", "ab.pdf"},
		{`attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9; filename*2=".pdf"`, "attachment", "filename", "café.pdf"},
		{`attachment; filename*1=b; filename*2=c`, "attachment", "filename", "bc"},
		{`attachment`, "attachment", "filename", ""},
		{``, "", "filename", ""},
	} {
		p := parseParams(tt.text)
		got := p.text(tt.name)
		if tt.name == "charset" {
			got = p.word(tt.name)
		}
		if p.value != tt.value || got != tt.want {
			t.Errorf("%s: got %q, %q, want %q, %q", tt.text, p.value, got, tt.value, tt.want)
		}
	}
}
