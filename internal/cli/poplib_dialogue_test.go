package cli_test

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// eof at the end of a reply is the server closing the connection.
const eof = "<EOF>"

// hang is a reply that never comes.
const hang = "<hang>"

// A dialogue is what a scripted server says, and what either library makes of
// it. The octets are those of the table in which poplib was measured.
type dialogue struct {
	name     string
	greeting string // "" means a usual one
	replies  []string
	calls    []string
	want     []string // a line for each call
	sent     []string // what the server got; nil means anything, as long as it is the same of both

	timeout string // in seconds; "" means none

	// Where popherd deviates: why, and what poplib returns and sends instead.
	deviation  string
	poplib     []string
	poplibSent []string
}

func text(lines string) []string { return []string{"+OK\r\n" + lines + ".\r\n"} }

var dialogues = []dialogue{
	{name: "list", replies: []string{"+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n"}, calls: []string{"list"},
		want: []string{`ok "+OK 2 messages" ["1 120" "2 200"] 14`}, sent: []string{"LIST"}},
	{name: "list of nothing", replies: []string{"+OK 0 messages\r\n.\r\n"}, calls: []string{"list"},
		want: []string{`ok "+OK 0 messages" [] 0`}, sent: []string{"LIST"}},
	{name: "list of message 0", replies: []string{"+OK 0 0\r\n"}, calls: []string{"list 0"},
		want: []string{`ok "+OK 0 0"`}, sent: []string{"LIST 0"}},
	{name: "list and uidl of one", replies: []string{"+OK 2 200\r\n", "+OK 2 xyz\r\n", "-ERR no such message\r\n"},
		calls: []string{"list 2", "uidl 2", "uidl 3"},
		want:  []string{`ok "+OK 2 200"`, `ok "+OK 2 xyz"`, `raise error_proto "-ERR no such message"`},
		sent:  []string{"LIST 2", "UIDL 2", "UIDL 3"}},
	{name: "uidl", replies: []string{"+OK\r\n1 a\r\n2 b c\r\n.\r\n"}, calls: []string{"uidl"},
		want: []string{`ok "+OK" ["1 a" "2 b c"] 12`}, sent: []string{"UIDL"}},
	{name: "retr", replies: []string{"+OK 116 bytes\r\nFrom: postmaster@python.org\r\nContent-Type: text/plain\r\nMIME-Version: 1.0\r\nSubject: Dummy\r\n\r\nline1\r\nline2\r\nline3\r\n.\r\n"},
		calls: []string{"retr foo"}, sent: []string{"RETR foo"},
		want: []string{`ok "+OK 116 bytes" ["From: postmaster@python.org" "Content-Type: text/plain" "MIME-Version: 1.0" "Subject: Dummy" "" "line1" "line2" "line3"] 113`}},
	{name: "top", replies: text("a\r\n\r\nb\r\n"), calls: []string{"top 1 1"},
		want: []string{`ok "+OK" ["a" "" "b"] 8`}, sent: []string{"TOP 1 1"}},
	{name: "retr with dots", replies: text("..\r\n...\r\n..leading\r\nend\r\n"), calls: []string{"retr 1"},
		want: []string{`ok "+OK" ["." ".." ".leading" "end"] 22`}},
	{name: "retr with a dot too few", replies: text("..\r\n.x\r\nend\r\n"), calls: []string{"retr 1"},
		want:      []string{`ok "+OK" ["." "x" "end"] 11`},
		deviation: "12: a line that starts with a dot and has more after it loses that dot",
		poplib:    []string{`ok "+OK" ["." ".x" "end"] 12`}},
	{name: "retr of lines with LF", replies: text("a\nb\n\r\n"), calls: []string{"retr 1"},
		want: []string{`ok "+OK" ["a" "b" ""] 6`}},
	{name: "retr of dots behind LF", replies: text("a\n..b\r\n"), calls: []string{"retr 1"},
		want:      []string{`ok "+OK" ["a" "..b"] 7`},
		deviation: "12: a line begins behind CR LF, for its dots too",
		poplib:    []string{`ok "+OK" ["a" ".b"] 6`}},
	{name: "retr of nothing but LF", replies: []string{"+OK\na\n..b\n\n.\n" + eof}, calls: []string{"retr 1"},
		want:      []string{`raise error_proto "-ERR EOF"`},
		deviation: "12: only CR LF . CR LF ends a multi-line reply",
		poplib:    []string{`ok "+OK" ["a" ".b" ""] 6`}},
	{name: "retr of CR in odd places", replies: text("\rabc\n\r\na\rb\r\n"), calls: []string{"retr 1"},
		want: []string{`ok "+OK" ["abc" "" "a\rb"] 12`}},
	{name: "retr of 8-bit and NUL", replies: text("caf\xe9 \xff\x00z\r\n"), calls: []string{"retr 1"},
		want: []string{`ok "+OK" ["caf\xe9 \xff\x00z"] 10`}},
	{name: "retr of 2048 octets", replies: text(strings.Repeat("x", 2046) + "\r\n"), calls: []string{"retr 1"},
		want: []string{`ok "+OK" ["` + strings.Repeat("x", 2046) + `"] 2048`}},
	{name: "retr of 2049 octets", replies: text(strings.Repeat("x", 2047) + "\r\n"), calls: []string{"retr 1"},
		want:      []string{`ok "+OK" ["` + strings.Repeat("x", 2047) + `"] 2049`},
		deviation: "4: content lines may be of any length",
		poplib:    []string{`raise error_proto "line too long"`}},
	{name: "retr cut at a line", replies: []string{"+OK\r\na\r\n" + eof}, calls: []string{"retr 1"},
		want: []string{`raise error_proto "-ERR EOF"`}},
	{name: "retr cut in a line", replies: []string{"+OK\r\na\r\nb" + eof}, calls: []string{"retr 1"},
		want: []string{`raise error_proto "-ERR EOF"`}},
	{name: "retr cut at the dot", replies: []string{"+OK\r\na\r\n." + eof}, calls: []string{"retr 1"},
		want: []string{`raise error_proto "-ERR EOF"`}},
	{name: "retr with a smuggled end", replies: []string{"+OK\r\na\n.\nb\r\n.\r\n", "+OK\r\n"}, calls: []string{"retr 1", "noop"},
		want:      []string{`ok "+OK" ["a" "." "b"] 7`, `ok "+OK"`},
		deviation: "12: only CR LF . CR LF ends a multi-line reply",
		poplib:    []string{`ok "+OK" ["a"] 2`, `raise error_proto "b"`}},
	{name: "stat", replies: []string{"+OK 10 100\r\n", "+OK 2 320 foo\r\n"}, calls: []string{"stat", "stat"},
		want: []string{`ok 10 100`, `ok 2 320`}, sent: []string{"STAT", "STAT"}},
	{name: "stat without numbers", replies: []string{"+OK\r\n"}, calls: []string{"stat"},
		want:      []string{`raise error_proto "Invalid STAT response format"`},
		deviation: "the check is that of Python 3.14; before, an error of another class is raised",
		poplib:    []string{"raise"}},
	{name: "stat of letters", replies: []string{"+OK a b\r\n"}, calls: []string{"stat"},
		want:      []string{`raise error_proto "Invalid STAT response data: non-numeric values"`},
		deviation: "the check is that of Python 3.14; before, an error of another class is raised",
		poplib:    []string{"raise"}},
	{name: "stat below zero", replies: []string{"+OK -1 -5\r\n"}, calls: []string{"stat"},
		want:      []string{`raise error_proto "Invalid STAT response data: non-numeric values"`},
		deviation: "3: a drop listing that is not two counts is no POP3",
		poplib:    []string{`ok -1 -5`}},
	{name: "capa", replies: []string{"+OK\r\nUIDL\r\nSASL PLAIN LOGIN\r\nIMPLEMENTATION x\r\n.\r\n"}, calls: []string{"capa"},
		want: []string{`ok {"IMPLEMENTATION"=["x"] "SASL"=["PLAIN" "LOGIN"] "UIDL"=[]}`}, sent: []string{"CAPA"}},
	{name: "capa twice the same", replies: []string{"+OK\r\nSASL PLAIN\r\nSASL LOGIN\r\n.\r\n"}, calls: []string{"capa"},
		want: []string{`ok {"SASL"=["LOGIN"]}`}},
	{name: "capa refused", replies: []string{"-ERR what\r\n"}, calls: []string{"capa"},
		want: []string{`raise error_proto "-ERR CAPA not supported by server"`}},
	{name: "capa with odd lines", replies: []string{"+OK\r\nUIDL\r\n\r\nTOP\r\n.\r\n"}, calls: []string{"capa"},
		want:      []string{`ok {"TOP"=[] "UIDL"=[]}`},
		deviation: "9: capa survives odd lines",
		poplib:    []string{"raise IndexError"}},
	{name: "stls not offered", replies: []string{"+OK\r\nUIDL\r\n.\r\n"}, calls: []string{"stls"},
		want: []string{`raise error_proto "-ERR STLS not supported by server"`}, sent: []string{"CAPA"}},
	{name: "stls in lower case", replies: []string{"+OK\r\nstls\r\n.\r\n"}, calls: []string{"stls"},
		want: []string{`raise error_proto "-ERR STLS not supported by server"`}, sent: []string{"CAPA"}},
	{name: "stls without capa", replies: []string{"-ERR what\r\n"}, calls: []string{"stls"},
		want: []string{`raise error_proto "-ERR CAPA not supported by server"`}, sent: []string{"CAPA"}},
	{name: "stls refused", replies: []string{"+OK\r\nSTLS\r\n.\r\n", "-ERR not now\r\n"}, calls: []string{"stls"},
		want: []string{`raise error_proto "-ERR not now"`}, sent: []string{"CAPA", "STLS"}},
	{name: "stls that is no TLS", replies: []string{"+OK\r\nSTLS\r\n.\r\n", "+OK go\r\n"}, calls: []string{"stls"}, sent: []string{"CAPA", "STLS", "(a handshake)"},
		want:      []string{"raise tls"},
		deviation: "what is no handshake is always of kind tls; Python has several errors for it",
		poplib:    []string{"raise"}},
	{name: "stls with octets injected", replies: []string{"+OK\r\nSTLS\r\n.\r\n", "+OK go\r\n+OK injected\r\n"}, calls: []string{"stls", "noop"},
		sent:      []string{"CAPA", "STLS"},
		want:      []string{"raise error_proto", "raise closed"},
		deviation: "7: bytes already waiting after STLS's +OK are an error",
		poplib:    []string{"raise", "raise"}, poplibSent: []string{"CAPA", "STLS", "(a handshake)"}},
	{name: "apop", greeting: "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", replies: []string{"+OK in\r\n"},
		calls: []string{"apop mrose tanstaaf"}, want: []string{`ok "+OK in"`},
		sent: []string{"APOP mrose c4c9334bac560ecc979e58001b3e22fb"}},
	{name: "apop without timestamp", greeting: "+OK POP3 server ready\r\n", calls: []string{"apop mrose tanstaaf"},
		want: []string{`raise error_proto "-ERR APOP not supported by server"`}, sent: []string{}},
	{name: "apop of a glued timestamp", greeting: "+OK<a@b>\r\n", calls: []string{"apop mrose tanstaaf"},
		want: []string{`raise error_proto "-ERR APOP not supported by server"`}, sent: []string{}},
	{name: "apop of a small ok", greeting: "+ok x <a@b>\r\n", calls: []string{"apop mrose tanstaaf"},
		want: []string{`raise error_proto "-ERR APOP not supported by server"`}, sent: []string{}},
	{name: "apop refused", greeting: "+OK <a@b>\r\n", replies: []string{"-ERR permission denied\r\n"}, calls: []string{"apop mrose x"},
		want: []string{`raise error_proto "-ERR permission denied"`}},
	{name: "noop of plus and more", replies: []string{"+\r\n", "+ cont\r\n", "+ok\r\n", "+OKfoo\r\n", "+OK\n"},
		calls: []string{"noop", "noop", "noop", "noop", "noop"},
		want:  []string{`ok "+"`, `ok "+ cont"`, `ok "+ok"`, `ok "+OKfoo"`, `ok "+OK"`}},
	{name: "noop refused", replies: []string{"-ERR no\r\n", "-ERR\r\n", "-ERR [SYS/TEMP] later\r\n"}, calls: []string{"noop", "noop", "noop"},
		want: []string{`raise error_proto "-ERR no"`, `raise error_proto "-ERR"`, `raise error_proto "-ERR [SYS/TEMP] later"`}},
	{name: "noop of minus", replies: []string{"-\r\n", "+OK\r\n"}, calls: []string{"noop", "noop"}, sent: []string{"NOOP"},
		want:      []string{`raise error_proto "-"`, "raise closed"},
		deviation: "3: after a reply that is not POP3 the session is dead",
		poplib:    []string{`raise error_proto "-"`, `ok "+OK"`}, poplibSent: []string{"NOOP", "NOOP"}},
	{name: "noop that is no reply", replies: []string{"OK\r\n", "+OK\r\n"}, calls: []string{"noop", "noop"},
		want:      []string{`raise error_proto "OK"`, "raise closed"},
		sent:      []string{"NOOP"},
		deviation: "3: after a reply that is not POP3 the session is dead",
		poplib:    []string{`raise error_proto "OK"`, `ok "+OK"`}, poplibSent: []string{"NOOP", "NOOP"}},
	{name: "noop of an empty line", replies: []string{"\r\n"}, calls: []string{"noop"},
		want:      []string{"raise error_proto"},
		deviation: "poplib's text is empty: popherd says what is wrong",
		poplib:    []string{`raise error_proto ""`}},
	{name: "noop of 2048 octets", replies: []string{"+" + strings.Repeat("x", 2045) + "\r\n"}, calls: []string{"noop"},
		want: []string{`ok "+` + strings.Repeat("x", 2045) + `"`}},
	{name: "noop of 2049 octets", replies: []string{"+" + strings.Repeat("x", 2046) + "\r\n"}, calls: []string{"noop"},
		want: []string{`raise error_proto "line too long"`}},
	{name: "noop at the end", replies: []string{eof}, calls: []string{"noop"},
		want: []string{`raise error_proto "-ERR EOF"`}},
	{name: "noop cut in the line", replies: []string{"+OK bye" + eof}, calls: []string{"noop"},
		want:      []string{`raise error_proto "-ERR EOF"`},
		deviation: "5: a partial line at EOF is an error",
		poplib:    []string{`ok "+OK by"`}},
	{name: "user, pass_, rpop, rset", replies: []string{"+OK u\r\n", "-ERR no\r\n", "+OK p\r\n", "+OK r\r\n", "+OK\r\n"},
		calls: []string{"user an%20na", "pass_ x", "pass_ a%20b%c3%a9%20", "rpop anna", "rset"},
		want:  []string{`ok "+OK u"`, `raise error_proto "-ERR no"`, `ok "+OK p"`, `ok "+OK r"`, `ok "+OK"`},
		sent:  []string{"USER an na", "PASS x", "PASS a b\u00e9 ", "RPOP anna", "RSET"}},
	{name: "control characters", replies: []string{"+OK 1\r\n", "+OK 2\r\n"}, calls: []string{"user a%0aNOOP", "pass_ %00"},
		want: []string{"raise ValueError", "raise ValueError"}, sent: []string{},
		deviation: "6: control characters are refused before anything is sent, as in Python 3.15",
		poplib:    []string{"?", "?"}},
	{name: "utf8", replies: []string{"+OK I know RFC6856\r\n", "-ERR what\r\n"}, calls: []string{"utf8", "utf8"},
		want: []string{`ok "+OK I know RFC6856"`, `raise error_proto "-ERR what"`}, sent: []string{"UTF8", "UTF8"}},
	{name: "getwelcome", greeting: "+OK dummy pop3 server ready. <timestamp>\r\n", calls: []string{"getwelcome"},
		want: []string{`ok "+OK dummy pop3 server ready. <timestamp>"`}, sent: []string{}},
	{name: "getwelcome with LF", greeting: "+ Hola mundo\n", calls: []string{"getwelcome"},
		want: []string{`ok "+ Hola mundo"`}, sent: []string{}},
	{name: "quit", replies: []string{"+OK bye\r\n"}, calls: []string{"quit", "noop"},
		want: []string{`ok "+OK bye"`, "raise closed"}, sent: []string{"QUIT"},
		deviation: "a call on a closed session has a kind of its own; poplib has no attribute to use",
		poplib:    []string{`ok "+OK bye"`, "raise AttributeError"}},
	{name: "quit refused", replies: []string{"-ERR not all removed\r\n", "+OK\r\n"}, calls: []string{"quit", "noop"},
		want: []string{`raise error_proto "-ERR not all removed"`, "raise closed"}, sent: []string{"QUIT"},
		deviation: "8: quit closes even when it raises",
		poplib:    []string{`raise error_proto "-ERR not all removed"`, `ok "+OK"`}, poplibSent: []string{"QUIT", "NOOP"}},
	{name: "quit unanswered", replies: []string{eof}, calls: []string{"quit"},
		want: []string{`raise error_proto "-ERR EOF"`}, sent: []string{"QUIT"}},
	{name: "close", calls: []string{"close", "close", "noop"}, sent: []string{},
		want:      []string{"ok nothing", "ok nothing", "raise closed"},
		deviation: "a call on a closed session has a kind of its own; poplib has no attribute to use",
		poplib:    []string{"ok nothing", "ok nothing", "raise AttributeError"}},
	{name: "timeout", timeout: "0.2", replies: []string{hang}, calls: []string{"noop", "noop"}, sent: []string{"NOOP"},
		want:      []string{"raise timeout", "raise closed"},
		deviation: "3: after a timeout every later call raises kind closed",
		poplib:    []string{`raise timeout "timed out"`, "raise socket"}, poplibSent: []string{"NOOP", "NOOP"}},
	{name: "dele", replies: []string{"+OK\r\n1 120\r\n2 200\r\n.\r\n", "+OK\r\n1 a\r\n2 b\r\n.\r\n"}, calls: []string{"dele 1"},
		want: []string{`ok "+OK message 1 is marked, quit deletes it"`}, sent: []string{"LIST", "UIDL"},
		deviation: "11: dele edits the plan; the server hears DELE at quit",
		poplib:    []string{"?"}, poplibSent: []string{"DELE 1"}},
}

// TestPoplibDialogues holds the pop3 module against the poplib of the Python
// that is here: a scripted server says the same to both.
func TestPoplibDialogues(t *testing.T) {
	python := python(t)
	for _, d := range dialogues {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			theirs, theirWire := d.play(t, func(k task) []string { return byPoplib(t, python, k) })
			ours, ourWire := d.play(t, func(k task) []string { return byPopherd(t, k) })
			compare(t, "popherd", ours, append([]string{"ok session"}, d.want...))
			if d.deviation == "" {
				compare(t, "poplib", theirs, append([]string{"ok session"}, d.want...))
			} else {
				compare(t, "poplib (deviation "+d.deviation+")", theirs, append([]string{"ok session"}, d.poplib...))
			}
			if d.sent != nil && !slices.Equal(ourWire, d.sent) {
				t.Errorf("popherd sent %q, want %q", ourWire, d.sent)
			}
			switch {
			case d.poplibSent != nil && !slices.Equal(theirWire, d.poplibSent):
				t.Errorf("poplib sent %q, want %q", theirWire, d.poplibSent)
			case d.deviation == "" && !slices.Equal(ourWire, theirWire):
				t.Errorf("popherd sent %q, poplib sent %q", ourWire, theirWire)
			}
		})
	}
}

// compare holds a driver's lines against the wanted ones; "?" is any line.
func compare(t *testing.T, who string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %d lines, want %d:\n%s", who, len(got), len(want), strings.Join(got, "\n"))
		return
	}
	for i := range want {
		if want[i] != "?" && !agrees(got[i], want[i]) {
			t.Errorf("%s, call %d:\ngot  %.500s\nwant %.500s", who, i, got[i], want[i])
		}
	}
}

// play serves the dialogue once, to the client that run makes, and returns the
// client's lines and what it sent.
func (d dialogue) play(t *testing.T, run func(task) []string) (lines, sent []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var session sync.WaitGroup
	session.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		sent = d.serve(conn)
	})
	host, port := at(t, listener.Addr().String())
	k := task{"POP3", host, port, "none", "none", d.calls}
	if d.timeout != "" {
		k.timeout = d.timeout
	}
	lines = run(k)
	listener.Close()
	session.Wait()
	return lines, sent
}

// serve says the server's part, until the client is gone.
func (d dialogue) serve(conn net.Conn) (sent []string) {
	greeting := d.greeting
	if greeting == "" {
		greeting = "+OK ready\r\n"
	}
	io.WriteString(conn, greeting)
	lines := bufio.NewReader(conn)
	replies := d.replies
	for {
		if first, err := lines.Peek(1); err == nil && first[0] == 0x16 {
			io.WriteString(conn, "-ERR what\r\n") // to a handshake, which has no lines
			return append(sent, "(a handshake)")
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			return sent
		}
		sent = append(sent, strings.TrimSuffix(line, "\r\n"))
		reply := eof
		if len(replies) > 0 {
			reply, replies = replies[0], replies[1:]
		}
		reply, last := strings.CutSuffix(reply, eof)
		if reply != hang {
			io.WriteString(conn, reply)
		}
		if last {
			return sent
		}
	}
}
