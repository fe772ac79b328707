package message

import (
	"fmt"
	"strings"
	"testing"
)

// crlf writes a message as it comes from a server.
func crlf(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }

// outline shows the parts: type, name if there is one, ! of an attachment, and
// content.
func outline(m *Message) string {
	var all []string
	for _, p := range m.Parts() {
		name, mark := "", ""
		if p.Name != "" {
			name = " " + p.Name
		}
		if p.attached {
			mark = "!"
		}
		all = append(all, fmt.Sprintf("%s%s%s %q", mark, p.Type, name, p.Content()))
	}
	return strings.Join(all, ", ")
}

func TestParts(t *testing.T) {
	const mixed = "Content-Type: multipart/mixed; boundary=b\n\n"
	for _, tt := range []struct{ name, message, want, defect string }{
		{"one", "X: y\n\nHello\n", `text/plain "Hello\r\n"`, ""},
		{"two", mixed + "preamble\n--b\n\none\n--b \nContent-Type: text/html\n\ntwo\n--b--\nepilogue\n", `text/plain "one", text/html "two"`, ""},
		{"attachment", mixed + "--b\n\none\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64\n\nw6k=\n--b--\n",
			`text/plain "one", !application/pdf a.pdf "é"`, ""},
		{"nested", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--c\nContent-Type: text/html\n\ntwo\n--c--\n--b\n\nthree\n--b--\n",
			`text/plain "one", text/html "two", text/plain "three"`, ""},
		{"inner boundary is not closed", mixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\none\n--b\n\ntwo\n--b--\n",
			`text/plain "one", text/plain "two"`, "multipart ends without its last boundary"},
		{"no last boundary", mixed + "--b\n\none", `text/plain "one"`, "multipart ends without its last boundary"},
		{"boundary never comes", mixed + "one\n", `text/plain "one\r\n"`, "multipart has none of its boundaries"},
		{"boundary is not declared", "Content-Type: multipart/mixed\n\n--b\n\none\n--b\n\ntwo\n--b--\n", `text/plain "one", text/plain "two"`, "multipart has no boundary"},
		{"inner boundary is not declared", mixed + "--b\nContent-Type: multipart/mixed\n\none\n--b--\n", `text/plain "one"`, "multipart has no boundary"},
		{"one boundary twice", mixed + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--\n", `text/plain "one", text/plain "two"`, ""},
		{"boundary begins another", mixed + "--b\n\none\n--bb\ntwo\n--b--\n", `text/plain "one\r\n--bb\r\ntwo"`, ""},
		{"part without blank line", mixed + "--b\nContent-Type: text/html\n--b\nHello\n--b--\n", `text/html "", text/plain "Hello"`, ""},
		{"message inside", mixed + "--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n", `!message/rfc822 "Subject: x\r\n\r\ny"`, ""},
		{"digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n", `!message/rfc822 "Subject: x\r\n\r\ny"`, ""},
		{"related", "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\none\n--b\nContent-Type: image/png; name=a.png\nContent-Id: <x>\n\n1\n--b--\n",
			`text/html "one", image/png a.png "1"`, ""},
		{"report", "Content-Type: multipart/report; boundary=b\n\n--b\n\none\n--b\nContent-Type: message/delivery-status\n\ntwo\n--b--\n", `text/plain "one", message/delivery-status "two"`, ""},
		{"text with a name", "Content-Type: text/plain; name=a.txt\n\none", `text/plain a.txt "one"`, ""},
		{"a file alone", "Content-Type: application/pdf\n\none", `!application/pdf "one"`, ""},
		{"type is none", "Content-Type: nonsense\n\none", `text/plain "one"`, `content type "nonsense" is malformed`},
		{"unknown encoding", "Content-Transfer-Encoding: rot13\n\nbar", `text/plain "bar"`, `part 1 has the unknown transfer encoding "rot13"`},
		{"uuencode", "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n", `text/plain "begin 644 a\r\n"`, ""},
		{"unknown charset", "Content-Type: text/plain; charset=martian\n\none", `text/plain "one"`, `part 1 has the unknown charset "martian"`},
		{"encoded multipart", "Content-Transfer-Encoding: base64\n" + mixed + "--b\n\none\n--b--\n", `text/plain "one"`, "multipart has the transfer encoding base64"},
		{"header of a part", mixed + "--b\nnothing\nX: y\n\none\n--b--\n", `text/plain "one"`, "part 1: header line 1 has no colon"},
		{"NUL", "X: y\n\na\x00b", `text/plain "a\x00b"`, "body has NUL"},
		{"header only", mixed, ``, "multipart has none of its boundaries"},
		{"empty", "", `text/plain ""`, "message is empty"},
	} {
		m := Parse(crlf(tt.message))
		if got := outline(m); got != tt.want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
		if got := strings.Join(m.Defects(), "; "); got != tt.defect {
			t.Errorf("%s: got defects %q, want %q", tt.name, got, tt.defect)
		}
		asked := Parse(crlf(tt.message))
		if got, want := asked.HasAttachment(), len(m.Attachments()) > 0; got != want {
			t.Errorf("%s: has an attachment: got %v, want %v", tt.name, got, want)
		}
	}
}

// A line end of LF alone separates parts as well.
func TestPartsOfUnix(t *testing.T) {
	m := Parse([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n"))
	if got, want := outline(m), `text/plain "one", text/plain "two"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, message, text, html string }{
		{"plain", "X: y\n\none\ntwo\n", "one\ntwo\n", ""},
		{"joined", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nContent-Disposition: attachment\n\nfile\n--b\n\ntwo\n--b--\n", "one\ntwo", ""},
		{"alternative", "Content-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\nContent-Type: text/html\n\n<b>two</b>\n--b--\n", "one", "<b>two</b>"},
		{"plain is blank", "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n \n--b\nContent-Type: text/html\n\n<b>two</b>\n--b--\n", "two", "<b>two</b>"},
		{"HTML only", "Content-Type: text/html\n\n<p>a &amp; <b>b</b>c</p>", "a & bc", "<p>a &amp; <b>b</b>c</p>"},
		{"charset", "Content-Type: text/plain; charset=iso-8859-15\n\n\xa4", "€", ""},
		{"Japanese", "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B", "日本", ""},
		{"UTF-16", "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n/v8AYQDp", "aé", ""},
		{"no charset", "X: y\n\ncaf\xe9", "café", ""},
		{"no charset, UTF-8", "X: y\n\ncaf\xc3\xa9", "café", ""},
		{"charset is a lie", "Content-Type: text/plain; charset=us-ascii\n\ncaf\xc3\xa9", "café", ""},
		{"charset of HTML", "Content-Type: text/html\n\n<meta charset=\"koi8-r\">\xd0", "п", "<meta charset=\"koi8-r\">п"},
		{"quoted-printable", "Content-Transfer-Encoding: Quoted-Printable\n\na=\nb=3D=C3=A9  \n=zz=", "ab=é\n=zz", ""},
		{"base64", "Content-Transfer-Encoding: base64\n\nw6nD\n qQ==\n", "éé", ""},
		{"base64 with garbage", "Content-Transfer-Encoding: base64\n\n!w6n*D\nqQ\n", "éé", ""},
		{"base64 with a footer", "Content-Transfer-Encoding: base64\n\nYQ==\n___\nthe list\n", "a", ""},
		{"base64 in pieces", "Content-Transfer-Encoding: base64\n\nYQ==\nYg==\n", "ab", ""},
		{"encoding with blanks", "Content-Transfer-Encoding:  base64 ; x\n\nYQ==\n", "a", ""},
		{"mark of byte order", "X: y\n\n\xef\xbb\xbfa", "a", ""},
		{"no text", "Content-Type: application/pdf\n\none", "", ""},
	} {
		m := Parse(crlf(tt.message))
		if got := m.Text(); got != tt.text {
			t.Errorf("%s: got text %q, want %q", tt.name, got, tt.text)
		}
		if got := m.HTML(); got != tt.html {
			t.Errorf("%s: got HTML %q, want %q", tt.name, got, tt.html)
		}
	}
}

func TestTransferFaults(t *testing.T) {
	for _, tt := range []struct{ encoding, body, defect string }{
		{"base64", "w6k=\n", ""},
		{"base64", "w6k\n", ""},
		{"base64", "!w6k=", "part 1: 1 octets are no base64"},
		{"base64", "w6k=\n--\nx", "part 1: 2 octets are no base64"},
		{"quoted-printable", "a=\nb=20\n", ""},
		{"quoted-printable", strings.Repeat("a", 10_000) + "\x01=", ""},
		{"quoted-printable", "=zz", "part 1: 1 octets are no quoted-printable"},
	} {
		m := Parse(crlf("Content-Transfer-Encoding: " + tt.encoding + "\n\n" + tt.body))
		if got := strings.Join(m.Defects(), "; "); got != tt.defect {
			t.Errorf("%s %q: got %q, want %q", tt.encoding, tt.body, got, tt.defect)
		}
		if p := m.Parts()[0]; p.Size() != int64(len(p.Content())) {
			t.Errorf("%s %q: got size %d, want %d", tt.encoding, tt.body, p.Size(), len(p.Content()))
		}
	}
}

// The octets are shared: what is not encoded is a slice of the message.
func TestContentIsShared(t *testing.T) {
	octets := crlf("X: y\n\nbody")
	content := Parse(octets).Parts()[0].Content()
	if &content[0] != &octets[8] || cap(content) != len(content) {
		t.Error("the content was copied, or can be written beyond")
	}
}

func TestPartFields(t *testing.T) {
	m := Parse(crlf("Content-Type: TEXT/Plain; Charset=\"UTF-8\"; name=\"x/../y.txt\"\nContent-Transfer-Encoding: 7-Bit\nContent-Disposition: INLINE\nContent-ID: <a@b>\n\nx"))
	got := *m.Parts()[0]
	if got.Type != "text/plain" || got.Charset != "UTF-8" || got.Encoding != "7bit" || got.Disposition != "inline" || got.ContentID != "a@b" || got.Name != "y.txt" || got.Size() != 1 {
		t.Errorf("got %+v", got)
	}
}

// A text that is cut, in whichever way, says so, and no other does.
func TestTextCut(t *testing.T) {
	long := strings.Repeat("text of mail ", MaxText/13+1)
	latin := strings.Repeat("\xe4", MaxText/2+1) // two octets each as UTF-8
	for _, c := range []struct {
		name, message string
		want          bool
	}{
		{"short", "\r\nhello\r\n", false},
		{"empty", "", false},
		{"exactly", "\r\n" + long[:MaxText], false},
		{"one octet more", "\r\n" + long[:MaxText+1], true},
		{"grown by decoding", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + latin, true},
		{"just not grown", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + latin[1:], false},
		{"base64", "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Repeat("QUJD", MaxText/3+1), true},
		{"two parts", multipart(long[:MaxText/2], long[:MaxText/2]), true},
		{"three parts", multipart(long[:MaxText], "a", "b"), true},
		{"two that fit", multipart(long[:MaxText/2], long[:MaxText/2-1]), false},
		{"too many parts", multipart(make([]string, MaxParts+2)...), true},
		{"HTML", "Content-Type: text/html\r\n\r\n" + long[:MaxHTML+1], true},
		{"HTML that fits", "Content-Type: text/html\r\n\r\n" + long[:MaxHTML], false},
	} {
		if got := Parse([]byte(c.message)).TextCut(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// multipart is a message with parts of text.
func multipart(texts ...string) string {
	return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Join(texts, "\r\n--b\r\n\r\n") + "\r\n--b--\r\n"
}
