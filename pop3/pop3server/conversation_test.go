package pop3server_test

import (
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

const (
	first  = "Subject: one\r\n\r\nbody\r\n"               // 22 octets
	second = "Subject: two\r\n\r\n.dot\r\n..\r\nno end"   // 32 octets
	third  = "Subject: three\r\n\r\n1\r\n2\r\n3\r\n4\r\n" // 30 octets
)

func three() *pop3server.Memory {
	return pop3server.NewMemory("ann", "secret", []byte(first), []byte(second), []byte(third))
}

// The session of RFC 1939 §10, timestamp and digest included.
func TestExampleOfRFC1939(t *testing.T) {
	m := pop3server.NewMemory("mrose", "tanstaaf",
		[]byte(strings.Repeat("x", 118)+"\r\n"), []byte(strings.Repeat("y", 198)+"\r\n"))
	s := &pop3server.Server{
		NewSession: m.NewSession,
		Timestamp:  func() string { return "<1896.697170952@dbc.mtview.ca.us>" },
	}
	p := connect(t, start(t, s))
	p.play(`
		S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
		C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
		S: +OK maildrop has 2 messages (320 octets)
		C: STAT
		S: +OK 2 320
		C: LIST
		S: +OK 2 messages (320 octets)
		S: 1 120
		S: 2 200
		S: .
		C: RETR 1
		S: +OK 120 octets
		S: xxx...
		S: .
		C: DELE 1
		S: +OK message 1 deleted
		C: RETR 2
		S: +OK 200 octets
		S: yyy...
		S: .
		C: DELE 2
		S: +OK message 2 deleted
		C: QUIT
		S: +OK signing off (maildrop empty)
		S: EOF
	`)
	if got := len(m.Messages()); got != 0 {
		t.Errorf("%d messages left, want none", got)
	}
}

func TestConversations(t *testing.T) {
	tests := map[string]string{
		"commands of TRANSACTION before login": `
			C: STAT
			S: -ERR not in this state
			C: LIST
			S: -ERR not in this state
			C: UIDL
			S: -ERR not in this state
			C: RETR 1
			S: -ERR not in this state
			C: TOP 1 0
			S: -ERR not in this state
			C: DELE 1
			S: -ERR not in this state
			C: NOOP
			S: -ERR not in this state
			C: RSET
			S: -ERR not in this state
			C: QUIT
			S: +OK signing off
			S: EOF`,
		"commands of AUTHORIZATION after login": `
			C: USER ann
			S: +OK...
			C: PASS secret
			S: +OK maildrop has 3 messages (84 octets)
			C: USER ann
			S: -ERR not in this state
			C: PASS secret
			S: -ERR not in this state
			C: APOP ann c4c9334bac560ecc979e58001b3e22fb
			S: -ERR not in this state
			C: AUTH PLAIN
			S: -ERR not in this state
			C: STLS
			S: -ERR not in this state
			C: UTF8
			S: -ERR not in this state
			C: QUIT
			S: +OK signing off (3 messages left)
			S: EOF`,
		"login": `
			C: PASS secret
			S: -ERR give USER first
			C: USER
			S: -ERR a name is wanted
			C: USER bob
			S: +OK...
			C: PASS secret
			S: -ERR [AUTH] wrong user or password
			C: USER ann
			S: +OK...
			C: PASS Secret
			S: -ERR [AUTH] wrong user or password
			C: PASS secret
			S: -ERR give USER first
			C: USER ann
			S: +OK...
			C: CAPA
			S: +OK...
			S: TOP
			S: UIDL
			S: RESP-CODES
			S: AUTH-RESP-CODE
			S: PIPELINING
			S: USER
			S: SASL PLAIN
			S: UTF8
			S: LANG
			S: EXPIRE NEVER
			S: IMPLEMENTATION popherd
			S: .
			C: PASS secret
			S: -ERR give USER first
			C: user ann
			S: +OK...
			C: pass
			S: -ERR [AUTH]...
			C: UsEr ann
			S: +OK...
			C: pAsS secret
			S: +OK...`,
		"malformed": `
			C:
			S: -ERR unknown command
			C: XYZZY 1
			S: -ERR unknown command
			C: USER a` + "\x01" + `b
			S: -ERR a control character
			C: QUIT now
			S: -ERR no argument is wanted
			C: APOP ann
			S: -ERR a name and a digest are wanted
			C: APOP ann abc
			S: -ERR a name and a digest are wanted
			C: APOP ann c4c9334bac560ecc979e58001b3e22fb
			S: -ERR [AUTH]...`,
		"utf8 and lang": `
			C: UTF8
			S: +OK...
			C: LANG
			S: +OK...
			S: en English
			S: i-default...
			S: .
			C: LANG EN
			S: +OK en ...
			C: LANG *
			S: +OK i-default ...
			C: LANG MUL
			S: -ERR unknown language
			C: USER ann
			S: +OK...
			C: PASS secret
			S: +OK...
			C: LANG en
			S: +OK en ...`,
	}
	for name, dialogue := range tests {
		t.Run(name, func(t *testing.T) {
			s := plainServer(three())
			p := connect(t, start(t, s))
			p.play("S: +OK POP3 server ready <...")
			p.play(dialogue)
		})
	}
}

func TestTransaction(t *testing.T) {
	tests := map[string]string{
		"listings": `
			C: STAT
			S: +OK 3 84
			C: LIST
			S: +OK 3 messages (84 octets)
			S: 1 22
			S: 2 32
			S: 3 30
			S: .
			C: LIST 2
			S: +OK 2 32
			C: UIDL
			S: +OK...
			S: 1 memory.1
			S: 2 memory.2
			S: 3 memory.3
			S: .
			C: UIDL 3
			S: +OK 3 memory.3
			C: NOOP
			S: +OK...`,
		"messages": `
			C: RETR 1
			S: +OK 22 octets
			S: Subject: one
			S:
			S: body
			S: .
			C: retr 2
			S: +OK 32 octets
			S: Subject: two
			S:
			S: ..dot
			S: ...
			S: no end
			S: .
			C: TOP 3 2
			S: +OK...
			S: Subject: three
			S:
			S: 1
			S: 2
			S: .
			C: TOP 1 0
			S: +OK...
			S: Subject: one
			S:
			S: .
			C: TOP 1 9223372036854775807
			S: +OK...
			S: Subject: one
			S:
			S: body
			S: .`,
		"marks": `
			C: DELE 2
			S: +OK message 2 deleted
			C: DELE 2
			S: -ERR the message is marked...
			C: RETR 2
			S: -ERR the message is marked...
			C: TOP 2 1
			S: -ERR the message is marked...
			C: LIST 2
			S: -ERR the message is marked...
			C: UIDL 2
			S: -ERR the message is marked...
			C: STAT
			S: +OK 2 52
			C: LIST
			S: +OK 2 messages (52 octets)
			S: 1 22
			S: 3 30
			S: .
			C: UIDL
			S: +OK...
			S: 1 memory.1
			S: 3 memory.3
			S: .
			C: RSET
			S: +OK maildrop has 3 messages (84 octets)
			C: LIST 2
			S: +OK 2 32
			C: QUIT
			S: +OK signing off (3 messages left)`,
		"no such message": `
			C: LIST 4
			S: -ERR no such message
			C: UIDL 2147483647
			S: -ERR no such message
			C: RETR 4
			S: -ERR no such message
			C: TOP 4 1
			S: -ERR no such message
			C: DELE 4
			S: -ERR no such message`,
		"wrong arguments to STAT, NOOP, RSET": `
			C: STAT 1
			S: -ERR no argument is wanted
			C: NOOP x
			S: -ERR no argument is wanted
			C: RSET 1
			S: -ERR no argument is wanted
			C: NOOP` + " " + `
			S: +OK...`,
		"wrong arguments to TOP": `
			C: TOP
			S: -ERR a message-number and...
			C: TOP 1
			S: -ERR a message-number and...
			C: TOP 1 2 3
			S: -ERR a message-number and...
			C: TOP 1 -1
			S: -ERR not a number of lines
			C: TOP 1 99999999999999999999
			S: -ERR not a number of lines
			C: TOP 0 1
			S: -ERR not a message-number`,
	}
	for name, dialogue := range tests {
		t.Run(name, func(t *testing.T) {
			p := connect(t, start(t, plainServer(three())))
			p.login()
			p.play(dialogue)
		})
	}
}

func TestWrongMessageNumbers(t *testing.T) {
	for _, verb := range []string{"LIST", "UIDL", "RETR", "DELE"} {
		p := connect(t, start(t, plainServer(three())))
		p.login()
		for _, arg := range []string{"0", "-1", "+1", "01", "1 2", "1x", "0x1", "99999999999999999999"} {
			p.play("C: " + verb + " " + arg + "\nS: -ERR not a message-number")
		}
		if verb == "RETR" || verb == "DELE" {
			p.play("C: " + verb + "\nS: -ERR not a message-number")
		}
		p.play("C: STAT\nS: +OK 3 84")
	}
}

func TestCapabilities(t *testing.T) {
	s := plainServer(three())
	s.Capabilities = []string{"EXPIRE 60", "LOGIN-DELAY 900"}
	p := connect(t, start(t, s))
	p.play("S: +OK...\nC: CAPA\nS: +OK...")
	text := p.text()
	for _, row := range []string{"EXPIRE 60", "LOGIN-DELAY 900", "IMPLEMENTATION popherd"} {
		if !strings.Contains(text, row+"\r\n") {
			t.Errorf("no %q in %q", row, text)
		}
	}
	if strings.Contains(text, "NEVER") {
		t.Errorf("EXPIRE twice in %q", text)
	}
}

// A session without the optional interfaces: no timestamp, no APOP, no UTF8.
func TestSessionWithoutExtensions(t *testing.T) {
	s := &pop3server.Server{NewSession: (&stub{}).new, InsecureAllowAuth: true}
	p := connect(t, start(t, s))
	p.play(`
		S: +OK POP3 server ready
		C: APOP ann c4c9334bac560ecc979e58001b3e22fb
		S: -ERR unknown command
		C: UTF8
		S: -ERR unknown command
		C: CAPA
		S: +OK...
	`)
	if text := p.text(); strings.Contains(text, "UTF8") || strings.Contains(text, "STLS") {
		t.Errorf("UTF8 or STLS in %q", text)
	}
}
