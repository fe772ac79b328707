package mbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const line = "From popherd@localhost Thu Jan  1 00:00:00 1970\n"

// A writer adds a message to an mbox with mboxrd quoting.
type writer struct {
	name      string
	add       func(box, msg []byte) []byte
	comesBack func(msg []byte) []byte // what the format makes of msg
}

// writers are what the reader is held against: qmail's mbox(5) and nearly all
// others end the last line and put an empty one; some only put one LF.
var writers = []writer{
	{"empty line", appendMessage, func(msg []byte) []byte {
		if len(msg) > 0 && !bytes.HasSuffix(msg, []byte("\n")) {
			return append(bytes.Clone(msg), '\n')
		}
		return msg
	}},
	{"one LF", func(box, msg []byte) []byte {
		return append(append(append(box, line...), quote(msg)...), '\n')
	}, func(msg []byte) []byte {
		return bytes.TrimSuffix(msg, []byte("\r"))
	}},
}

func quote(msg []byte) []byte {
	return regexp.MustCompile(`(?m)^>*From `).ReplaceAll(msg, []byte(">$0"))
}

func appendMessage(box, msg []byte) []byte {
	box = append(append(box, line...), quote(msg)...)
	if len(msg) > 0 && !bytes.HasSuffix(msg, []byte("\n")) {
		box = append(box, '\n')
	}
	return append(box, '\n')
}

func write(t testing.TB, octets string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inbox")
	if err := os.WriteFile(path, []byte(octets), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, octets string, quoting Quoting) *File {
	t.Helper()
	f, err := Open(write(t, octets), quoting)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func read(t testing.TB, f *File, i int) string {
	t.Helper()
	r, err := f.Open(i)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(got)) != f.Messages[i].Octets {
		t.Errorf("message %d has %d octets, announced %d", i, len(got), f.Messages[i].Octets)
	}
	if crlf := bytes.HasSuffix(got, []byte("\r\n")); crlf != f.Messages[i].CRLF {
		t.Errorf("message %d ends with CR LF: %t, announced %t", i, crlf, f.Messages[i].CRLF)
	}
	return string(got)
}

func readAll(t testing.TB, f *File) []string {
	t.Helper()
	all := []string{}
	for i := range f.Messages {
		all = append(all, read(t, f, i))
	}
	return all
}

func TestEveryMessageComesBackFromOneFile(t *testing.T) {
	messages := []string{
		"Subject: crlf\r\n\r\nbody\r\n",
		"Subject: lf\n\nbody\n",
		"Subject: no line end\n\nbody",
		"Subject: no line end after crlf\r\n\r\nbody",
		"Subject: ends with CR\r\n\r\nbody\r",
		"Subject: empty lines at the end\n\n\n\n\n",
		"Subject: empty lines at the end\r\n\r\n\r\n\r\n",
		"Subject: mixed\r\n\nbody\r\n\n",
		"Subject: mixed\n\r\nbody\n\r\n",
		"",
		"\n",
		"\r\n",
		"\r",
		"x",
		"Subject: 8-bit and NUL\n\n\x80\xff\x00\x00caf\xc3\xa9\n",
		"Subject: bare CR\r\n\r\none\rFrom two\r\r\nthree\r\n",
		"From a@b Thu Jan  1 00:00:00 1970\nSubject: begins with a postmark\n\nx\n",
		">From a quoted one\n>>>From deeper\n",
		"Subject: quoting\n\nFrom\nFrom: x\n>From \n>From\nFrom \n >From x\n> From x\n",
		"Subject: postmarks within\n\n" + line + "\n" + line + ">" + line,
		"Subject: long lines\n\n" + strings.Repeat("a", 3*bufferSize) + "From x\nFrom " + strings.Repeat("b", 3*bufferSize) + "\n",
		"Subject: buffer edge\n\n" + strings.Repeat("x", bufferSize-22) + "\nFrom y\n",
		strings.Repeat(">", 60_000) + "From \n",
		strings.Repeat(">", 200_000) + "\n",
	}
	for _, w := range writers {
		t.Run(w.name, func(t *testing.T) {
			var box []byte
			for _, msg := range messages {
				box = w.add(box, []byte(msg))
			}
			got := readAll(t, open(t, string(box), RD))
			if len(got) != len(messages) {
				t.Fatalf("%d messages, want %d", len(got), len(messages))
			}
			for i, msg := range messages {
				if want := string(w.comesBack([]byte(msg))); got[i] != want {
					t.Errorf("message %d: got %.100q, want %.100q", i, got[i], want)
				}
			}
		})
	}
}

func TestWhereAMessageBeginsAndEnds(t *testing.T) {
	tests := []struct {
		name, box string
		want      []string
	}{
		{"empty file", "", []string{}},
		{"postmark alone", "From x", []string{""}},
		{"postmark and line end", "From x\n", []string{""}},
		{"empty message", "From x\n\n", []string{""}},
		{"three empty messages", "From \r\n\r\nFrom \r\n\r\nFrom \r\n\r\n", []string{"", "", ""}},
		{"no line end at the end of the file", line + "a\n\n" + line + "b", []string{"a\n", "b"}},
		{"no empty line at the end of the file", line + "a\n\n" + line + "b\n", []string{"a\n", "b\n"}},
		{"only one empty line is the format's", line + "a\n\n\n\n" + line + "b\n\n\n", []string{"a\n\n\n", "b\n\n"}},
		{"CR LF throughout", "From \r\na\r\n\r\nFrom \r\nb\r\n\r\n", []string{"a\r\n", "b\r\n"}},
		{"LF after CR LF", line + "a\r\n\n" + line + "b\r\n\r\n\n", []string{"a\r\n", "b\r\n\r\n"}},
		{"a lone CR is no empty line", line + "a\r" + line + "\rFrom \n", []string{"a\r" + line + "\rFrom \n"}},
		{"no empty line anywhere", line + "a\n" + line + "b\n", []string{"a", "b"}},
		{"no empty line anywhere, CR LF", line + "a\r\n" + line + "b\r\n", []string{"a", "b"}},
		{"one LF behind each, none missing", line + "a\n\n" + line + "b\n\n", []string{"a\n", "b\n"}},
		{"no date and no empty line", line + "a\nFrom \nb\nFrom a@b\nc\n", []string{"a\nFrom \nb\nFrom a@b\nc\n"}},
		{"no date", line + "a\n\nFrom \nb\n\nFrom a@b\nc\n\n", []string{"a\n", "b\n", "c\n"}},
		{"long line that ends in CR LF", line + strings.Repeat("x", bufferSize-1) + "\r\n" + line + "b\n", []string{strings.Repeat("x", bufferSize-1), "b"}},
		{"CR at the end of the file", line + "a\n" + line + "b\r", []string{"a", "b\r"}},
		{"right behind a postmark", line + line + "b\n", []string{line + "b\n"}},
		{"blanks are no empty line", line + "a\n \nFrom \n", []string{"a\n \nFrom \n"}},
		{"prose", line + "a\n\nFrom here on it is text.\n\nb\n", []string{"a\n\nFrom here on it is text.\n\nb\n"}},
		{"a date without a time", line + "a\n\nFrom Mon Jan 5 to Tue Jan 6 2004\n", []string{"a\n\nFrom Mon Jan 5 to Tue Jan 6 2004\n"}},
		{"header field From", line + "a\n\nFrom: b\n", []string{"a\n\nFrom: b\n"}},
		{"long first line", "From " + strings.Repeat("x", 3*bufferSize) + "\na\n", []string{"a\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := readAll(t, open(t, test.box, RD))
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPostmarksOfManyWriters(t *testing.T) {
	for _, good := range []string{
		"From MAILER-DAEMON Thu Jan  1 00:00:00 1970",        // asctime, qmail
		"From owner-x@hpc.uh.edu  Thu Apr 30 14:27:51 1998",  // two blanks, sendmail
		"From user at example.com  Thu Apr 30 14:27:51 1998", // Mailman's archives
		"From - Fri Jun  9 23:17:56 2000",                    // Thunderbird until 2023
		"From ",                                              // Thunderbird since
		"From -",                                             //
		"From 1591@xxx Mon Jan 01 00:00:00 +0000 2018",       // Google Takeout
		"From a@b Thu Nov 29 22:33:52 EET 2001",              // c-client
		"From a@b Thu Nov 29 22:33 2001 remote from host",    // UUCP
		"From a@b Thu Nov 29 22:33:52 2001 +0200",            //
		"From a@b Thu, 29 Nov 2001 22:33:52 +0200",           // RFC 5322's date
		"From 0123456789abcdef0123 Mon Sep 17 00:00:00 2001", // git format-patch
		`From "Mon Day" <a@b>  Thu Apr 30 14:27:51 1998`,     // a name
		"From Thu Nov 29 22:33:52 2001",                      // no sender
		"From email_test@me.nowhere",                         // no date
		"From a@b Thu Nov 29 22:33:52 2001\r",                // CR LF
		"From a@b Thu\tNov 29 22:33:52 2001",                 //
	} {
		if line := []byte(good + "\n"); !dated(line) && !undated(line) {
			t.Errorf("%q is not taken for a postmark", good)
		}
	}
	for _, bad := range []string{
		"From here to eternity",
		"From Bob",
		"From a@b and others",
		"From Mon to Fri",
		"From Thu Nov 29 2001",
		"From 10:30 on Thu Nov 29",
		"From a@b Thx Nov 29 22:33:52 2001",
		"From a@b Thu Nov 290 22:33:52 2001",
		"From a@b Thu Nov 29 22:3:52 2001",
		"From a@b Thu Nov 29 22:33:52 01",
		"From a@b Sun Mon 29 22:33:52 2001",
		"From a@b n M Nov 29 22:33:52 2001",
	} {
		if line := []byte(bad + "\n"); dated(line) || undated(line) {
			t.Errorf("%q is taken for a postmark", bad)
		}
	}
}

func TestQuotingIsRemovedAsTold(t *testing.T) {
	quoted := line + "\n>From a\n>>From b\n>>>From c\n"
	plain := quoted + "\nFrom an unquoted line\n"
	tests := []struct {
		name    string
		box     string
		quoting Quoting
		read    Quoting
		want    string
	}{
		{"mboxrd", quoted, RD, RD, "\nFrom a\n>From b\n>>From c\n"},
		{"mboxo", quoted, O, O, "\nFrom a\n>>From b\n>>>From c\n"},
		{"auto takes mboxrd", quoted, Auto, RD, "\nFrom a\n>From b\n>>From c\n"},
		{"auto takes mboxo where a line is not quoted", plain, Auto, O, "\nFrom a\n>>From b\n>>>From c\n\nFrom an unquoted line\n"},
		{"mboxrd though a line is not quoted", plain, RD, RD, "\nFrom a\n>From b\n>>From c\n\nFrom an unquoted line\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := open(t, test.box, test.quoting)
			if f.Quoting() != test.read {
				t.Errorf("quoting %d, want %d", f.Quoting(), test.read)
			}
			if got := read(t, f, 0); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatIsNoMbox(t *testing.T) {
	for _, octets := range []string{"x", "\n", "Subject: a message\n\nFrom x\n", "from a@b\n", ">From x\n", "From", "From:x\n", "\x00\x00"} {
		path := write(t, octets)
		_, err := Open(path, Auto)
		var bad *FormatError
		if !errors.As(err, &bad) || bad.Path != path || bad.Offset != 0 {
			t.Errorf("%q: got error %v, want a FormatError at 0", octets, err)
		}
		if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "offset 0") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q does not name the file and the offset on one line", err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Auto); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := Open(t.TempDir(), Auto); err == nil {
		t.Error("a folder was opened as an mbox")
	}
}

func TestAFileThatChangesIsNoticed(t *testing.T) {
	box := line + "one\n\n" + line + "two\n>From x\n"
	f := open(t, box, RD)
	change := func(octets string) {
		t.Helper()
		if err := os.WriteFile(f.path, []byte(octets), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(f.path, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	change(box + "\n" + line + "three\n")
	if got := read(t, f, 1); got != "two\nFrom x\n" {
		t.Errorf("after mail was appended: got %q", got)
	}
	change(line + "two\n>From x\n")
	if _, err := f.Open(0); !errors.Is(err, ErrChanged) {
		t.Errorf("after a message was removed: got error %v, want %v", err, ErrChanged)
	}
	change("")
	if _, err := f.Open(0); !errors.Is(err, ErrChanged) {
		t.Errorf("after the file was emptied: got error %v, want %v", err, ErrChanged)
	}
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open(0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the file was removed: got error %v, want %v", err, fs.ErrNotExist)
	}
}

func TestAFileCutShortWhileReadIsAnError(t *testing.T) {
	f := open(t, line+"one\n>From x\n", RD)
	m := f.Messages[0]
	for _, m.Octets = range []int64{m.Octets, m.Length} { // with and without quoting
		r := newReader(strings.NewReader(line+"on"), m, RD)
		if got, err := io.ReadAll(r); err != io.ErrUnexpectedEOF {
			t.Errorf("got %q, error %v, want %v", got, err, io.ErrUnexpectedEOF)
		}
	}
}

func TestTooManyMessages(t *testing.T) {
	_, err := index(strings.NewReader(strings.Repeat("From \n\n", 4)), 3)
	var bad *FormatError
	if !errors.As(err, &bad) || bad.Offset != 21 {
		t.Errorf("got error %v, want a FormatError at 21", err)
	}
}

func TestOpenOfNoMessage(t *testing.T) {
	f := open(t, line, RD)
	for _, i := range []int{-1, 1} {
		if _, err := f.Open(i); err == nil {
			t.Errorf("index %d was opened", i)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(""), []byte("From x\n"))
	f.Add([]byte(line+"a\n\n"+line+">From b\n\n"), []byte(">From \r\n\r\n"))
	f.Add([]byte("From \r\n\r\nFrom \r\n>>From x\r"), []byte("\x00\r\n\n"))
	f.Add([]byte("From x\n\nFrom here\n>>From x\n\n\n"), []byte("\n\n"))
	f.Fuzz(func(t *testing.T, box, msg []byte) {
		for quoting := Auto; quoting <= O; quoting++ {
			checkExtents(t, box, quoting)
		}
		for _, w := range writers {
			checkRoundTrip(t, w, msg)
		}
	})
}

// checkRoundTrip demands that a message written twice is read twice.
func checkRoundTrip(t *testing.T, w writer, msg []byte) {
	t.Helper()
	box := w.add(w.add(nil, msg), msg)
	x, err := index(bytes.NewReader(box), MaxMessages)
	if err != nil {
		t.Fatal(err)
	}
	messages, _ := x.settle(RD)
	if len(messages) != 2 || messages[0].Sum != messages[1].Sum {
		t.Fatalf("%s: %q twice came back as %d messages: %v", w.name, msg, len(messages), messages)
	}
	want := w.comesBack(msg)
	for _, m := range messages {
		got, err := io.ReadAll(newReader(bytes.NewReader(box), m, RD))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: got %q, error %v, want %q", w.name, got, err, want)
		}
	}
}

// checkExtents demands that messages lie in the file, in order, and that each
// is served with the octets announced.
func checkExtents(t *testing.T, box []byte, quoting Quoting) {
	t.Helper()
	x, err := index(bytes.NewReader(box), MaxMessages)
	if err != nil {
		return
	}
	messages, read := x.settle(quoting)
	if 6*len(messages) > len(box)+1 { // "From " and a line end
		t.Errorf("%d messages in %d octets", len(messages), len(box))
	}
	end := int64(0)
	for _, m := range messages {
		if m.Offset < end+5 || m.Length < 0 || m.Offset+m.Length > int64(len(box)) {
			t.Fatalf("message at %d, length %d, in a file of %d; the one before ends at %d", m.Offset, m.Length, len(box), end)
		}
		end = m.Offset + m.Length
		got, err := io.ReadAll(newReader(bytes.NewReader(box), m, read))
		if err != nil || int64(len(got)) != m.Octets || bytes.HasSuffix(got, []byte("\r\n")) != m.CRLF {
			t.Fatalf("message at %d: got %q, error %v, want %d octets, CRLF %t", m.Offset, got, err, m.Octets, m.CRLF)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	msg := []byte("Subject: benchmark\n\n" + strings.Repeat(strings.Repeat("x", 72)+"\n", 55))
	var box []byte
	for range 10_000 {
		box = appendMessage(box, msg)
	}
	path := write(b, string(box))
	b.SetBytes(int64(len(box)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(path, Auto); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, test := range []struct{ name, start string }{{"plain", ""}, {"quoted", "From x\n"}} {
		b.Run(test.name, func(b *testing.B) {
			msg := []byte(test.start + strings.Repeat(strings.Repeat("x", 72)+"\n", 1<<14))
			f := open(b, string(appendMessage(nil, msg)), RD)
			b.SetBytes(int64(len(msg)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := f.Open(0)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, struct{ io.Reader }{r}); err != nil || n != int64(len(msg)) {
					b.Fatal(n, err)
				}
				r.Close()
			}
		})
	}
}
