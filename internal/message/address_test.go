package message

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  []Address
	}{
		{"a@b", []Address{{"", "a@b"}}},
		{"Ann <a@b>", []Address{{"Ann", "a@b"}}},
		{`"Doe, Ann \"x\"" <a@b>, c@d`, []Address{{`Doe, Ann "x"`, "a@b"}, {"", "c@d"}}},
		{"a@b; c@d", []Address{{"", "a@b"}, {"", "c@d"}}},
		{"a@b c@d", []Address{{"", "a@b"}, {"", "c@d"}}},
		{"<a@b><c@d>", []Address{{"", "a@b"}, {"", "c@d"}}},
		{"a@b (Ann)", []Address{{"Ann", "a@b"}}},
		{"Ann a@b", []Address{{"Ann", "a@b"}}},
		{"MAILER-DAEMON", []Address{{"", "MAILER-DAEMON"}}},
		{"Mail System <MAILER-DAEMON>", []Address{{"Mail System", "MAILER-DAEMON"}}},
		{"Ann Example", []Address{{"Ann Example", ""}}},
		{"undisclosed-recipients:;", nil},
		{"friends: a@b, Bob <c@d>; e@f", []Address{{"", "a@b"}, {"Bob", "c@d"}, {"", "e@f"}}},
		{"Ann <@x,@y:a@b>", []Address{{"Ann", "a@b"}}},
		{`"Ann <a@b>`, []Address{{"Ann", "a@b"}}},
		{"Ann <a@b, Bob <c@d", []Address{{"Ann", "a@b"}, {"Bob", "c@d"}}},
		{"Ann (open <a@b>", []Address{{"Ann open", "a@b"}}},
		{`"ann example"@b`, []Address{{"", `"ann example"@b`}}},
		{`"a@b"`, []Address{{"", "a@b"}}},
		{`<"a>b"@c>`, []Address{{"", `"a>b"@c`}}},
		{"=?utf-8?q?Doe,_J=C3=B6rg?= <a@b>", []Address{{"Doe, Jörg", "a@b"}}},
		{`"=?utf-8?q?J=C3=B6rg?=" <a@b>`, []Address{{"Jörg", "a@b"}}},
		{"J\xf6rg <a@b>", []Address{{"Jörg", "a@b"}}},
		{"'Ann' <mailto:a@b>", []Address{{"'Ann'", "a@b"}}},
		{"mailto:a@b", []Address{{"", "a@b"}}},
		{"a@[IPv6:::1], c@d", []Address{{"", "a@[IPv6:::1]"}, {"", "c@d"}}},
		{"jdoe@test   . example", []Address{{"", "jdoe@test.example"}}}, // RFC 5322 appendix A.6.1
		{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", []Address{{"Pete", "pete@silly.test"}}},
		{"", nil}, {" , ; <> ,, ()", nil},
	} {
		if got := ParseAddresses(tt.value); !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.value, got, tt.want)
		}
	}
	if got := len(ParseAddresses(strings.Repeat("a@b,", 5000))); got != MaxAddresses {
		t.Errorf("got %d addresses, want %d", got, MaxAddresses)
	}
}

func TestAddress(t *testing.T) {
	for _, tt := range []struct {
		address      Address
		domain, text string
	}{
		{Address{"Ann", "a@B.Example"}, "b.example", "Ann <a@B.Example>"},
		{Address{"", `"x@y"@b`}, "b", `"x@y"@b`},
		{Address{"Ann", ""}, "", "Ann"},
		{Address{"", "MAILER-DAEMON"}, "", "MAILER-DAEMON"},
	} {
		if tt.address.Domain() != tt.domain || tt.address.String() != tt.text {
			t.Errorf("%q: got %q, %q", tt.address, tt.address.Domain(), tt.address.String())
		}
	}
}
