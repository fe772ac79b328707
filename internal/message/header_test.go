package message

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	h := ParseHeader([]byte("Received: from a by b; Mon, 14 Sep 2026 10:12:00 +0200\r\nX-Two: one\r\nSUBJECT :  A =?utf-8?q?caf=C3=A9?=\r\n\tfolded \r\nx-two: two\r\nEmpty:\r\n\r\nSubject: body\r\n"))
	if got := h.Subject(); got != "A café folded" {
		t.Errorf("subject: got %q", got)
	}
	if got, ok := h.Raw("subject"); !ok || got != "A =?utf-8?q?caf=C3=A9?=\r\n\tfolded" {
		t.Errorf("raw: got %q, %v", got, ok)
	}
	if got := h.Values("X-TWO"); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("values: got %q", got)
	}
	if got, ok := h.Value("empty"); !ok || got != "" {
		t.Errorf("an empty field: got %q, %v", got, ok)
	}
	if _, ok := h.Value("X-None"); ok || h.Has("X-None") || !h.Has("received") {
		t.Error("what is there and what is not was confused")
	}
	if got := string(h.Octets()); !strings.HasSuffix(got, "Empty:\r\n\r\n") {
		t.Errorf("octets: got %q", got)
	}
	if got, ok := h.Received(); !ok || got.Unix() != time.Date(2026, 9, 14, 8, 12, 0, 0, time.UTC).Unix() {
		t.Errorf("received: got %v, %v", got, ok)
	}
	if got := h.Defects(); got != nil {
		t.Errorf("defects: got %q, want none", got)
	}
}

// Whatever is wrong with a header, the subject is found and the fault named.
func TestPrepass(t *testing.T) {
	for _, tt := range []struct{ name, octets, subject, body, defect string }{
		{"no fault", "Subject: x\r\n\r\nbody", "x", "body", ""},
		{"mbox", "From a@b Mon Sep 14 08:12:00 2026\r\nSubject: x\r\n\r\nbody", "x", "body", `header line 1 is the "From " line of an mbox`},
		{"quoted mbox", ">From a@b Mon Sep 14\r\nSubject: x\r\n\r\nbody", "x", "body", `header line 1 is the "From " line of an mbox`},
		{"a field that only looks like it", "From : a@b\r\nSubject: x\r\n\r\nbody", "x", "body", ""},
		{"no colon", "X: y\r\nnothing\r\n more\r\nSubject: x\r\n\r\nbody", "x", "body", "header line 2 has no colon"},
		{"no colon twice", "X: y\r\nnothing\r\nnothing\r\nSubject: x\r\n\r\nbody", "", "nothing\r\nnothing\r\nSubject: x\r\n\r\nbody", "header ends at line 2 without a blank line"},
		{"no colon at the end", "Subject: x\r\nnothing\r\n\r\nbody", "x", "body", "header line 2 has no colon"},
		{"no name", ": y\r\nSubject: x\r\n\r\nbody", "x", "body", "header line 1 has no field name"},
		{"blank in a name", "Dear Sir: y\r\nSubject: x\r\n\r\nbody", "x", "body", "header line 1 has no field name"},
		{"leading space", " Subject: x\r\nX: y\r\n\r\nbody", "x", "body", "header line 1 begins with a blank"},
		{"leading lines", "\r\n\r\nSubject: x\r\n\r\nbody", "x", "body", "header line 2 is blank, before the first field"},
		{"bare LF", "Subject: x\n\nbody", "x", "body", "header has 2 lines that end in a bare LF"},
		{"bare CR", "Subject: x\ry\r\n\r\nbody", "x y", "body", "header has 1 bare CR"},
		{"NUL", "Subject: x\r\nX: \x00\r\n\r\nbody", "x", "body", "header has 1 NUL"},
		{"8-bit name", "X-\xe9: y\r\nSubject: x\r\n\r\nbody", "x", "body", `field name "X-\xe9" is not ASCII`},
		{"no blank line", "Subject: x\r\nHello,\r\nhow are you?\r\n", "x", "Hello,\r\nhow are you?\r\n", "header ends at line 2 without a blank line"},
		{"no header", "Hello,\r\nhow are you?\r\n", "", "Hello,\r\nhow are you?\r\n", "message has no header"},
		{"header only", "Subject: x\r\n", "x", "", ""},
		{"a line only", "Subject: x", "x", "", ""},
		{"empty", "", "", "", "message is empty"},
		{"empty header", "\r\nbody", "", "body", ""},
	} {
		m := Parse([]byte(tt.octets))
		if got := m.Header().Subject(); got != tt.subject {
			t.Errorf("%s: got subject %q, want %q", tt.name, got, tt.subject)
		}
		if got := tt.octets[len(m.Header().Octets()):]; got != tt.body {
			t.Errorf("%s: got body %q, want %q", tt.name, got, tt.body)
		}
		if got := strings.Join(m.Defects(), "; "); got != tt.defect {
			t.Errorf("%s: got defects %q, want %q", tt.name, got, tt.defect)
		}
	}
}

func TestRawEightBit(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"Subject: caf\xc3\xa9\r\n", "café"},
		{"Subject: caf\xe9 \x80\r\n", "café €"},
		{"Subject: \xcf\xf0\xe8\xe2\xe5\xf2\r\nContent-Type: text/plain; charset=windows-1251\r\n", "Привет"},
		{"Subject: caf\xe9\r\nContent-Type: text/plain; charset=nonsense\r\n", "café"},
	} {
		if got := ParseHeader([]byte(tt.header)).Subject(); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.header, got, tt.want)
		}
	}
}

func TestFrom(t *testing.T) {
	for _, tt := range []struct {
		header string
		want   Address
	}{
		{"From: Ann <a@b>\r\n", Address{"Ann", "a@b"}},
		{"From: a@b, c@d\r\nSender: e@f\r\n", Address{"", "a@b"}},
		{"Sender: e@f\r\n", Address{"", "e@f"}},
		{"From:\r\nSender: e@f\r\n", Address{"", "e@f"}},
		{"X: y\r\n", Address{}},
	} {
		if got := ParseHeader([]byte(tt.header)).From(); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.header, got, tt.want)
		}
	}
}

func TestMessageID(t *testing.T) {
	for _, tt := range []struct{ value, want string }{
		{"<a@b>", "<a@b>"},
		{"(comment (nested)) <a@b> (behind)", "<a@b>"},
		{"<a@\r\n b>", "<a@b>"},
		{"a@b", "<a@b>"},
		{"two words", ""},
		{"<>", ""},
		{"<" + strings.Repeat("a", 2000) + ">", ""},
		{strings.Repeat("()", 500_000), ""},
	} {
		if got := ParseHeader([]byte("Message-Id: " + tt.value + "\r\n")).MessageID(); got != tt.want {
			t.Errorf("%.50q: got %.50q, want %q", tt.value, got, tt.want)
		}
	}
}

func TestList(t *testing.T) {
	for _, tt := range []struct {
		header, id string
		list       bool
	}{
		{"List-Id: =?utf-8?q?Angebote_f=C3=BCr?= Sie <Deals.Shop.example>\r\n", "deals.shop.example", true},
		{"List-Id: deals.shop.example\r\n", "deals.shop.example", true},
		{"List-Id: no id\r\n", "", true},
		{"List-Unsubscribe: <mailto:u@shop.example>\r\n", "", true},
		{"Mailing-List: contact x@y\r\n", "", true},
		{"X: y\r\n", "", false},
	} {
		h := ParseHeader([]byte(tt.header))
		if h.ListID() != tt.id || h.FromList() != tt.list {
			t.Errorf("%q: got %q, %v", tt.header, h.ListID(), h.FromList())
		}
	}
}

func TestAuthResults(t *testing.T) {
	h := ParseHeader([]byte("Authentication-Results: mx.example.org 1;\r\n dkim=pass (2048-bit; (k)) header.d=shop.example header.i=\"@shop.example\";\r\n" +
		" SPF=Fail reason=\"not; listed\" smtp.mailfrom=a@b ; dmarc/1 = none\r\nAuthentication-Results: other; none\r\n"))
	got := h.AuthResults()
	if len(got) != 3 {
		t.Fatalf("got %v, want 3 results", got)
	}
	first, second, third := got[0], got[1], got[2]
	if first.Server != "mx.example.org" || first.Method != "dkim" || first.Result != "pass" || first.Properties["header.d"] != "shop.example" || first.Properties["header.i"] != "@shop.example" {
		t.Errorf("first: got %+v", first)
	}
	if second.Method != "spf" || second.Result != "fail" || second.Reason != "not; listed" || second.Properties["smtp.mailfrom"] != "a@b" {
		t.Errorf("second: got %+v", second)
	}
	if third.Method != "dmarc" || third.Result != "none" || third.Properties != nil {
		t.Errorf("third: got %+v", third)
	}
}

func TestDefectsAreCounted(t *testing.T) {
	h := ParseHeader([]byte(strings.Repeat("X: y\r\nnothing\r\n", 3) + "X: y\r\n\r\n"))
	if got, want := h.Defects(), []string{"header line 2 has no colon (and 2 more)"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
