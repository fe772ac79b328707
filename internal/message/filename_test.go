package message

import (
	"strings"
	"testing"
)

func TestFileName(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"a.pdf", "a.pdf"},
		{"../../etc/passwd", "passwd"},
		{`D:\mail\a.pdf`, "a.pdf"},
		{"C:a.pdf", "C_a.pdf"},
		{"..", ""}, {".", ""}, {"a/", ""}, {"", ""}, {" . ", ""},
		{".htaccess", "htaccess"},
		{"a\x00b\x1b[2J\x7f.pdf", "ab[2J.pdf"},
		{"  a \r\n\tb .pdf ", "a b .pdf"},
		{"cod\u202efdp.exe", "codfdp.exe"}, // shown as codexe.pdf
		{"bad\xff.pdf", "bad_.pdf"},
		{strings.Repeat("é", 200) + ".pdf", strings.Repeat("é", 73) + ".pdf"},
		{"a." + strings.Repeat("x", 300), "a." + strings.Repeat("x", 148)},
	} {
		if got := fileName(tt.given); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.given, got, tt.want)
		}
	}
}
