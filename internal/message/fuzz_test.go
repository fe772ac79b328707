package message

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

// text fails if what a rule would see is not whole, or not one line.
func text(t *testing.T, what, got string, most int) {
	t.Helper()
	if !utf8.ValidString(got) || len(got) > most {
		t.Errorf("%s: got %d octets, valid %v: %.100q", what, len(got), utf8.ValidString(got), got)
	}
}

// Whatever octets are said to be a message, every question has an answer.
func FuzzPrepass(f *testing.F) {
	for _, octets := range []string{
		"From a@b\r\nSubject: x\r\n\r\nbody", " Subject: x\r\nnothing\r\nFrom: Ann <a@b>\r\n\r\n", "\xe9: y\n\n\x00", "\r\n\r\nX: y",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>x\r\n--b\r\nContent-Disposition: attachment; filename*=utf-8''%2e%2e/a\r\nContent-Transfer-Encoding: base64\r\n\r\n!w6k=\r\n--b--\r\n",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/digest; boundary=b\n\n--b\n\n--b--", "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: quoted-printable\n\n=\n=4",
		"List-Id: <x>\nMessage-ID: (\n <y\nAuthentication-Results: a; b=c (d) e.f=\"g\nReceived: x; Mon, 14 Sep 2026 10:12:00 +0200\nDate: 14 Sep 26\n",
	} {
		f.Add([]byte(octets))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		m := Parse(octets)
		h := m.Header()
		for _, name := range []string{"Subject", "From", "X", "Content-Type"} {
			value, ok := h.Value(name)
			text(t, name, value, 3*MaxValue)
			raw, same := h.Raw(name)
			if ok != h.Has(name) || ok != same || ok != (len(h.Values(name)) > 0) || len(raw) > len(octets) {
				t.Errorf("%s is there and is not", name)
			}
			if strings.ContainsAny(value, "\r\n") {
				t.Errorf("%s: got %q, want one line", name, value)
			}
		}
		text(t, "subject", h.Subject(), 3*MaxValue)
		text(t, "from", h.From().String(), 3*MaxValue)
		text(t, "message-id", h.MessageID(), 3000)
		text(t, "list-id", h.ListID(), 3*MaxValue)
		h.Date()
		h.Received()
		h.FromList()
		for _, one := range h.AuthResults() {
			text(t, "result", one.Server+one.Method+one.Result+one.Reason, 3*MaxValue)
		}
		if !strings.HasPrefix(string(octets), string(h.Octets())) {
			t.Error("the header is not the begin of the message")
		}
		parts(t, m)
		text(t, "text", m.Text(), MaxText+utf8.UTFMax)
		text(t, "HTML", m.HTML(), MaxText+utf8.UTFMax)
		for _, sentence := range m.Defects() {
			text(t, "defect", sentence, 300)
		}
		if len(m.Defects()) > MaxDefects {
			t.Errorf("got %d defects", len(m.Defects()))
		}
	})
}

func parts(t *testing.T, m *Message) {
	t.Helper()
	size := 0
	for _, p := range m.Parts() {
		text(t, "part", p.Type+p.Charset+p.Encoding+p.Disposition, 500)
		text(t, "content-id", p.ContentID, 3*MaxValue)
		text(t, "name", p.Name, MaxName)
		text(t, "text of a part", p.Text(), MaxText+utf8.UTFMax)
		if p.Size() != int64(len(p.Content())) {
			t.Errorf("got size %d, want %d", p.Size(), len(p.Content()))
		}
		size += len(p.octets)
	}
	if size > len(m.Octets()) || len(m.Parts()) > MaxParts || m.HasAttachment() != (len(m.Attachments()) > 0) || Parse(m.Octets()).HasAttachment() != m.HasAttachment() {
		t.Errorf("got %d parts with %d octets, %d attachments", len(m.Parts()), size, len(m.Attachments()))
	}
}

func FuzzAddresses(f *testing.F) {
	for _, value := range []string{`"Doe, Ann" <a@b>, c@d; e@f`, "g: a@b, <@x:c@d>;", "MAILER-DAEMON", `"<a@b (`, "=?utf-8?q?,?= <a@[::1]>", "a @ b . c", "\xff<"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		all := ParseAddresses(value)
		if len(all) > MaxAddresses {
			t.Errorf("got %d addresses", len(all))
		}
		for _, a := range all {
			text(t, "address", a.String(), 3*MaxValue)
			text(t, "domain", a.Domain(), 3*MaxValue)
			if a == (Address{}) || strings.ContainsAny(a.String(), "\r\n") {
				t.Errorf("got %q of %q", a, value)
			}
		}
	})
}

func FuzzDates(f *testing.F) {
	for _, value := range []string{"Mon, 14 Sep 2026 10:12:00 +0200 (x)", "2026-09-14T08:12:00.5Z", "Mon Sep 14 8:12 PM EST 26", "14 (", "1:1:1:1 -1 +1", "30 Feb 0000 99999999999"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, err := ParseDate(value)
		if err != nil && !got.IsZero() || err == nil && (got.UTC().Year() < -1 || got.UTC().Year() > 10000) {
			t.Errorf("%q: got %v, %v", value, got, err)
		}
	})
}

func FuzzWords(f *testing.F) {
	for _, value := range []string{"=?utf-8?q?=C3?= =?utf-8?b?qQ==?=", "=?a?q?=?b?q?x?=", "=?iso-2022-jp?b?GyRC?=", "=?utf-16?q?=FE=FF=D8?=", "x =? =?utf-8?q?", "=?utf-8*en?Q?a?b=?="} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		value = strings.ToValidUTF8(value, "")
		got := decodeWords(value)
		text(t, "words", got, 6*len(value)+100)
		if !strings.Contains(value, "=?") && got != value {
			t.Errorf("%q: got %q", value, got)
		}
	})
}

func FuzzFilenames(f *testing.F) {
	for _, value := range []string{`attachment; filename="../a"`, "x; filename*=utf-8''%2e%2e%2f%00", "x; filename*0*=''a; filename*1=b", `x; filename="=?utf-8?q?=2E=2E=5C?="`, "x; name=.", "x;filename=\u202e\u2066a:b"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		m := Parse([]byte("Content-Disposition: " + value + "\r\n\r\n"))
		for _, p := range m.Parts() {
			text(t, "name", p.Name, MaxName)
			if p.Name == "" {
				continue
			}
			if path.Base(p.Name) != p.Name || p.Name == ".." || p.Name[0] == '.' || strings.ContainsAny(p.Name, "/\\\x00\r\n\x1b\x7f\u202e") {
				t.Errorf("%q: got %q", value, p.Name)
			}
		}
	})
}
