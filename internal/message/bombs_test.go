package message_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/message"
)

// most is what a message and everything that was ever asked of it may hold.
const most = 64 << 20

// A bomb is a message made to cost time or memory, and the defects that have
// to be told of it.
type bomb struct {
	name    string
	make    func() []byte
	defects []string
}

const (
	ordinary = "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: bomb\r\nDate: Tue, 1 Jul 2003 10:52:37 +0200\r\n"
	mixed    = ordinary + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
)

// TestBombs asks everything of messages that were made to do harm.
func TestBombs(t *testing.T) {
	for _, b := range bombs() {
		t.Run(b.name, func(t *testing.T) {
			octets := b.make()
			slowest, took := interrogate(t, octets)
			peak, total := measured(func() { ask(message.Parse(octets)) })
			if peak += uint64(len(octets)); peak > most {
				t.Errorf("the message and the answers hold %d MB, want %d at most", peak>>20, most>>20)
			}
			m := message.Parse(octets)
			m.Text()
			defects := m.Defects()
			for _, want := range b.defects {
				if !strings.Contains(strings.Join(defects, "\n"), want) {
					t.Errorf("no defect says %q: %q", want, defects)
				}
			}
			t.Logf("%d octets; slowest %s %v; live %d KB, allocated %d KB", len(octets), slowest, took.Round(100*time.Microsecond), peak>>10, total>>10)
		})
	}
}

// TestBombsInText aims at the parsers of one value, which a script may call
// with any text.
func TestBombsInText(t *testing.T) {
	for _, piece := range []string{"(", ")", "<", ">", "\"", ",", ";", ":", "@", "\\", "=?utf-8?q?a?= ", "a ", "\x00", "\x1b[2J", "a@b,", "a:", "\xff", "1 ", "Mon, "} {
		value := strings.Repeat(piece, 1<<20/len(piece))
		took := within(t, fmt.Sprintf("ParseAddresses of 1 MB of %q", piece), func() { message.ParseAddresses(value) })
		more := within(t, fmt.Sprintf("ParseDate of 1 MB of %q", piece), func() { message.ParseDate(value) })
		t.Logf("1 MB of %q: addresses %v, date %v", piece, took, more)
	}
}

// TestHTMLBombsKeepTheirText reads what stands inside too many tags.
func TestHTMLBombsKeepTheirText(t *testing.T) {
	for _, tag := range []string{"<div>", "<b>", "<table><tr><td>", "<ul><li>", "<blockquote>", "<a href=x>", "<p>", "<span>"} {
		if text := message.Parse(html(tag, 10_000)()).Text(); !strings.Contains(text, "end") {
			t.Errorf("10,000 %s around \"end\" have the text %.100q", tag, text)
		}
	}
}

// ask puts every question to one message, keeping the answers that it keeps.
func ask(m *message.Message) {
	for _, a := range accessors() {
		a.ask(m)
	}
	runtime.KeepAlive(m)
}

// measured runs f and tells the most octets that were live at once, as the
// collector counted them, and how many were allocated. The collector runs at
// each tenth that the heap grows.
func measured(f func()) (peak, total uint64) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	base, allocated := sample[0].Value.Uint64(), sample[1].Value.Uint64()
	done, highest := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for top := base; ; {
			metrics.Read(live)
			top = max(top, live[0].Value.Uint64())
			select {
			case <-tick.C:
			case <-done:
				highest <- top
				return
			}
		}
	}()
	f()
	close(done)
	peak = <-highest - base
	metrics.Read(sample)
	return peak, sample[1].Value.Uint64() - allocated
}

// whole makes a message of what is given.
func whole(parts ...string) func() []byte {
	return func() []byte { return []byte(strings.Join(parts, "")) }
}

// times repeats a piece until there are that many octets.
func times(piece string, octets int) string { return strings.Repeat(piece, octets/len(piece)) }

const mega = 1 << 20

func bombs() []bomb {
	return append(headerBombs(), bodyBombs()...)
}

func headerBombs() []bomb {
	field := func(name, value string) func() []byte {
		return func() []byte { return []byte(name + ": " + value + "\r\n" + ordinary + "\r\nbody\r\n") }
	}
	return []bomb{
		{"100,000 fields", whole(strings.Repeat("X: y\r\n", 100_000), "\r\nbody\r\n"), []string{"10000 fields"}},
		{"100,000 folds", whole("Subject: a\r\n", strings.Repeat(" b\r\n", 100_000), "\r\n"), []string{"65536 octets"}},
		{"100,000 lines without a colon", whole(ordinary, strings.Repeat("nothing\r\n", 100_000), "X: y\r\n\r\n"), []string{"blank line"}},
		{"10,000 Content-Type", whole(ordinary, strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n", 10_000), "\r\n--b\r\n\r\nx\r\n--b--\r\n"), nil},
		{"5 MB of header without end", whole(ordinary, times("X-Long: "+times("y", 60)+"\r\n", 5*mega)), []string{"header"}},
		{"5 MB of one field", field("X", times("y", 5*mega)), []string{"octets"}},
		{"a 30 MB line", func() []byte { return bytes.Repeat([]byte("a"), 30*mega) }, nil},
		{"a 30 MB line that is a field", func() []byte { return append([]byte("Subject: "), bytes.Repeat([]byte("a"), 30*mega)...) }, []string{"octets"}},
		{"30 MB of line ends", func() []byte { return bytes.Repeat([]byte("\n"), 30*mega) }, nil},
		{"30 MB of CR", func() []byte { return bytes.Repeat([]byte("\r"), 30*mega) }, nil},
		{"1 MB of encoded words", field("Subject", times("=?utf-8?q?a?= ", mega)), []string{"65536 octets"}},
		{"1 MB of an encoded word without end", field("Subject", "=?utf-8?q?"+times("a", mega)), []string{"65536 octets"}},
		{"1 MB of encoded words that begin", field("Subject", times("=?", mega)), nil},
		{"1 MB of encoded words in each other", field("Subject", times("=?utf-8?q?", mega/2)+times("?=", mega/2)), nil},
		{"1 MB of encoded words in From", field("From", times("=?utf-8?b?YQ==?= ", mega)+"<a@b>"), nil},
		{"encoded words of unknown charsets", field("Subject", times("=?none?q?a?= ", 60<<10)), nil},
		{"1 MB of comment in Message-ID", field("Message-ID", "<a@b> ("+times("x", mega)+")"), []string{"65536 octets"}},
		{"1 MB of comment in From", field("From", "a@b ("+times("x", mega)+")"), []string{"65536 octets"}},
		{"1 MB of comment in Date", field("Date", "Tue, 1 Jul 2003 10:52:37 +0200 ("+times("x", mega)+")"), []string{"65536 octets"}},
		{"1 MB of ( in Message-ID", field("Message-ID", times("(", mega)), nil},
		{"1 MB of (", everywhere("("), nil},
		{"1 MB of <", everywhere("<"), nil},
		{"1 MB of \"", everywhere("\""), nil},
		{"1 MB of ,", everywhere(","), nil},
		{"1 MB of ;", everywhere(";"), nil},
		{"1 MB of \\", everywhere("\\"), nil},
		{"1 MB of a:", everywhere("a:"), nil},
		{"1 MB of addresses", field("To", times("a@b, ", mega)), nil},
		{"20,000 To fields", whole(strings.Repeat("To: a@b, c@d\r\n", 9_000), ordinary, "\r\n"), nil},
		{"5,000 Authentication-Results", whole(strings.Repeat("Authentication-Results: mx; dkim=pass (ok) header.d=a; spf=fail smtp.mailfrom=b\r\n", 5_000), ordinary, "\r\n"), nil},
		{"9,000 Received without a date", whole(strings.Repeat("Received: from a by b; nonsense "+times("x", 60)+"\r\n", 9_000), ordinary, "\r\n"), nil},
		{"10,000 8-bit fields and 64 KB of Content-Type", whole("Content-Type: text/plain; ", times("a=b; ", 64<<10), "\r\n", strings.Repeat("To: \xff@b\r\n", 9_900), ordinary, "\r\n"), nil},
		{"NUL in the header", whole("Subject: a\x00b\r\nFrom: a\x00@b\r\n", ordinary, "\r\nx\x00y\r\n"), []string{"NUL"}},
		{"ESC in the subject", whole("Subject: \x1b]0;title\a\x1b[2J\r\n", ordinary, "\r\n"), nil},
	}
}

// everywhere fills every field that has a grammar with one piece.
func everywhere(piece string) func() []byte {
	return func() []byte {
		var b bytes.Buffer
		for _, name := range []string{"From", "To", "Date", "Message-ID", "List-Id", "Received", "Content-Type", "Content-Disposition", "Authentication-Results"} {
			fmt.Fprintf(&b, "%s: %s\r\n", name, times(piece, mega/9))
		}
		b.WriteString("\r\nbody\r\n")
		return b.Bytes()
	}
}

func bodyBombs() []bomb {
	attached := func(disposition string) func() []byte {
		return whole(mixed, "--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; ", disposition, "\r\n\r\nx\r\n--b--\r\n")
	}
	text := func(fields, body string) func() []byte {
		return whole(ordinary, "MIME-Version: 1.0\r\n", fields, "\r\n\r\n", body)
	}
	return []bomb{
		{"10,000 parts in each other", nested, []string{"50"}},
		{"10,000 parts that are messages in each other", whole(strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 10_000)), nil},
		{"10,000 parts beside each other", whole(mixed, strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n", 10_000), "--b--\r\n"), []string{"1000 parts"}},
		{"1,000,000 boundaries", whole(mixed, times("--b\r\n", 5*mega)), nil},
		{"1,000,000 almost boundaries", whole(mixed, times("--\r\n--c\r\n", 5*mega)), []string{"boundar"}},
		{"300,000 multiparts beside each other", whole(mixed, strings.Repeat("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n", 300_000)), nil},
		{"300,000 multiparts without a boundary", whole(mixed, strings.Repeat("--b\r\nContent-Type: multipart/mixed\r\n\r\n--q\r\n", 300_000)), []string{"no boundary"}},
		{"1,000 parts with 64 KB of parameters", whole(mixed, strings.Repeat("--b\r\nContent-Type: text/plain; "+times("a=b; ", 20<<10)+"\r\n\r\n", 1000)), nil},
		{"1 MB of boundary", whole(ordinary, "Content-Type: multipart/mixed; boundary=\"", times("b", mega), "\"\r\n\r\n--", times("b", mega), "\r\n\r\nx\r\n"), nil},
		{"a boundary that begins another", whole(ordinary, "Content-Type: multipart/mixed; boundary=aa\r\n\r\n--aa\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\none\r\n--aa\r\n\r\ntwo\r\n--aa--\r\n"), nil},
		{"no boundary parameter", text("Content-Type: multipart/mixed", "--b\r\n\r\nx\r\n--b--\r\n"), []string{"boundary"}},
		{"garbage in base64", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", times("!\"$%&/()=?*", 5*mega)), []string{"base64"}},
		{"a 20 MB line of base64", text("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64", times("QUJD", 20*mega)), nil},
		{"20 MB of base64", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", times("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2\r\n", 20*mega)), nil},
		{"20 MB of soft line breaks", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", times("=\r\n", 20*mega)), nil},
		{"garbage in quoted-printable", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", times("=XY=", 5*mega)), []string{"quoted-printable"}},
		{"a 20 MB line of quoted-printable", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable", times("a", 20*mega)), nil},
		{"unknown encoding", text("Content-Type: text/plain\r\nContent-Transfer-Encoding: rot13", "uryyb\r\n"), []string{"encoding"}},
		{"unknown charset", text("Content-Type: text/plain; charset=x-martian", "caf\xe9\r\n"), []string{"charset"}},
		{"10 MB of latin-1", text("Content-Type: text/plain; charset=iso-8859-1", times("\xe9\xe8\r\n", 10*mega)), nil},
		{"10 MB of UTF-16 of NUL", text("Content-Type: text/plain; charset=utf-16le", times("\x00", 10*mega)), nil},
		{"10 MB of NUL", text("Content-Type: text/plain", times("\x00", 10*mega)), []string{"NUL"}},
		{"ISO-2022-JP that never shifts back", text("Content-Type: text/plain; charset=iso-2022-jp", times("\x1b$B", 5*mega)), nil},
		{"a name that is a path", attached(`filename="../../../etc/passwd"`), nil},
		{"a name that is a path of Windows", attached(`filename="C:\\Windows\\..\\evil.exe"`), nil},
		{"a name that is dots", attached(`filename=".."`), nil},
		{"a name of 10,000 octets", attached(`filename="` + times("ä", 10_000) + `.txt"`), nil},
		{"a name with controls", attached("filename=\"\x1b[2Ja\x00b\x7f\u0085.txt\""), nil},
		{"a name with controls, RFC 2231", attached(`filename*=utf-8''%1b%5b2J%00%2f%2e%2e%2f%0d%0aa.txt`), nil},
		{"a name with controls, RFC 2047", attached(`filename="=?utf-8?q?=1b=00=2f=2e=2e=2fa.txt?="`), nil},
		{"RFC 2231 in 10,000 pieces", attached(pieces(10_000)), nil},
		{"1 MB of parameters", attached(times("a=b; ", mega)), nil},
		{"100,000 tables in each other", html("<table><tr><td>", 100_000), []string{"HTML"}},
		{"100,000 divs in each other", html("<div>", 100_000), []string{"HTML"}},
		{"100,000 bold letters in each other", html("<b>x", 100_000), nil},
		{"100,000 lists in each other", html("<ul><li>x", 100_000), []string{"HTML"}},
		{"100,000 links", html("<a href=\"http://example.org/\">x</a>", 100_000), []string{"HTML"}},
		{"1 MB of < in HTML", text("Content-Type: text/html", times("<", mega)), nil},
		{"1 MB of attributes", text("Content-Type: text/html", "<p "+times("a=b ", mega)+">x</p>"), nil},
		{"1 MB of comment in HTML", text("Content-Type: text/html", "<!--"+times("-", mega)), nil},
		{"1 MB of entities", text("Content-Type: text/html", times("&amp;", mega)), nil},
		{"20 MB of HTML", text("Content-Type: text/html", times("<p>hello</p>\r\n", 20*mega)), []string{"HTML"}},
	}
}

// nested puts 10,000 multiparts into each other.
func nested() []byte {
	var b bytes.Buffer
	b.WriteString(ordinary)
	for i := range 10_000 {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\ndeep\r\n")
	return b.Bytes()
}

// pieces splits a file name by RFC 2231.
func pieces(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "filename*%d=x;\r\n ", i)
	}
	return b.String() + "x=y"
}

// html opens that many tags that are never closed.
func html(tag string, n int) func() []byte {
	return whole(ordinary, "Content-Type: text/html\r\n\r\n<html><body>", strings.Repeat(tag, n), "end\r\n")
}
