package message

import (
	"strings"
	"testing"
)

func TestDecodeWords(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"none", "plain =? text", "plain =? text"},
		{"Q", "=?iso-8859-1?Q?caf=E9_au_lait?=", "café au lait"},
		{"B", "=?UTF-8?B?w6k=?=", "é"},
		{"adjacent", "=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"},
		{"text between", "=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"},
		{"split in a character", "=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"},
		{"split in a character, B and Q", "=?utf-8?b?Y2Fmww==?= =?UTF-8?q?=A9?=", "café"},
		{"two charsets", "=?utf-8?q?=C3=A9?= =?iso-8859-1?q?=E9?=", "éé"},
		{"unknown charset", "=?x-none?q?caf=C3=A9?=", "café"},
		{"unknown charset and no UTF-8", "=?x-none?q?caf=E9?=", "café"},
		{"wrong charset", "=?utf-8?q?caf=E9?=", "café"},
		{"one fault in UTF-8", "=?utf-8?q?=C3=A9=E9?=", "é\uFFFD"},
		{"language", "=?utf-8*en?q?a?=", "a"},
		{"Japanese", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"not ended", "=?utf-8?q?abc", "=?utf-8?q?abc"},
		{"not ended, another behind", "=?utf-8?q?abc =?utf-8?q?d?=", "=?utf-8?q?abc d"},
		{"no such encoding", "=?utf-8?x?abc?=", "=?utf-8?x?abc?="},
		{"no text", "=?utf-8?q??=", ""},
		{"blanks in it", "=?utf-8?q?a b?=", "a b"},
		{"question mark in it", "=?utf-8?q?a?b?=", "a?b"},
		{"beside text", "(=?utf-8?q?a?=)b", "(a)b"},
		{"broken hex", "=?utf-8?q?=C3=A9=X=4?=", "é=X=4"},
		{"broken base64", "=?utf-8?b?!w6k?=", "é"},
		{"long", "=?utf-8?q?" + strings.Repeat("a", 1000) + "?=", strings.Repeat("a", 1000)},
	} {
		if got := decodeWords(tt.text); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestValueIsOneLine(t *testing.T) {
	h := ParseHeader([]byte("Subject: =?utf-8?q?a=0D=0Ab?=\r\n"))
	if got := h.Subject(); got != "a  b" {
		t.Errorf("got %q, want %q", got, "a  b")
	}
}
