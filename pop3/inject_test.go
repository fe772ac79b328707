package pop3_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
)

// withArgument are the methods that put an argument of the caller on the wire.
var withArgument = map[string]func(t *testing.T, c *pop3.Client, arg string) error{
	"User": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.User(t.Context(), arg)
		return err
	},
	"Pass": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.Pass(t.Context(), arg)
		return err
	},
	"Login": func(t *testing.T, c *pop3.Client, arg string) error {
		return c.Login(t.Context(), arg, "wonderland")
	},
	"APOP": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.APOP(t.Context(), arg, "secret")
		return err
	},
	"RPOP": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.RPOP(t.Context(), arg)
		return err
	},
	"Lang": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.Lang(t.Context(), arg)
		return err
	},
	"Authenticate": func(t *testing.T, c *pop3.Client, arg string) error {
		_, err := c.Authenticate(t.Context(), &scripted{mech: arg})
		return err
	},
}

// withCommand are verbs with arguments for Cmd and CmdText; %s is replaced.
var withCommand = []string{
	"%s", "USER %s", "PASS %s", "APOP %s x", "APOP x %s", "RPOP %s", "STAT %s", "LIST %s", "UIDL %s", "RETR %s",
	"TOP %s 1", "TOP 1 %s", "DELE %s", "NOOP %s", "RSET %s", "CAPA %s", "UTF8 %s", "LANG %s", "XTND XMIT %s", "quit%s",
}

// poison is what no argument may hold.
var poison = []string{
	"\r", "\n", "\x00", "\x7f", "\x1b", "\t", "a\r\nDELE 1", "a\nDELE 1", "a\rDELE 1", "\r\nDELE 1\r\n", "fred\x00", "é\x85\n",
}

// refused calls f and wants an *ArgumentError.
func refused(t *testing.T, name, arg string, err error) {
	t.Helper()
	argument := (*pop3.ArgumentError)(nil)
	if !errors.As(err, &argument) {
		t.Errorf("%s with %q: got %v, want an ArgumentError", name, arg, err)
	} else if len(arg) > 1 && strings.Contains(err.Error(), arg) {
		t.Errorf("%s with %q: the error repeats the argument: %v", name, arg, err)
	}
}

// TestInjection tries to put a second command on the wire. Nothing may be
// sent, and the session goes on.
func TestInjection(t *testing.T) {
	c := connect(t, "S: +OK <1@a>\nC: NOOP\nS: +OK\n")
	long := strings.Repeat("a", 600)
	for name, call := range withArgument {
		for _, arg := range append(poison, long) {
			refused(t, name, arg, call(t, c, arg))
		}
	}
	for _, command := range withCommand {
		for _, arg := range poison {
			words := strings.Split(command, " ")
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], "%s", arg)
			}
			_, err := c.Cmd(t.Context(), words[0], words[1:]...)
			refused(t, "Cmd "+command, arg, err)
			_, err = c.CmdText(t.Context(), words[0], words[1:]...)
			refused(t, "CmdText "+command, arg, err)
		}
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after all of it: %v", err)
	}
}

// TestLongCommand: 255 octets with CR LF for the commands of the RFCs, 8 KiB
// for others.
func TestLongCommand(t *testing.T) {
	fits := strings.Repeat("a", 255-len("USER \r\n"))
	extension := strings.Repeat("a", 8192-len("XTND \r\n"))
	c := connect(t, fmt.Sprintf("S: +OK\nC: USER %s\nS: +OK\nC: XTND %s\nS: +OK\n", fits, extension))
	if _, err := c.User(t.Context(), fits); err != nil {
		t.Errorf("USER of 255 octets: %v", err)
	}
	_, err := c.User(t.Context(), fits+"a")
	refused(t, "USER", fits+"a", err)
	if _, err := c.Cmd(t.Context(), "XTND", extension); err != nil {
		t.Errorf("XTND of 8192 octets: %v", err)
	}
	_, err = c.Cmd(t.Context(), "XTND", extension+"a")
	refused(t, "XTND", extension+"a", err)
}

// TestNumberWithBlank: what looks like one argument must not become two.
func TestNumberWithBlank(t *testing.T) {
	c := connect(t, "S: +OK\nC: NOOP\nS: +OK\n")
	for _, verb := range []string{"LIST", "UIDL", "RETR", "DELE", "TOP"} {
		for _, arg := range []string{"1 2", " 1", "1 ", "", " ", "1\u00a0", "\u0661"} {
			_, err := c.Cmd(t.Context(), verb, arg)
			argument := (*pop3.ArgumentError)(nil)
			if !errors.As(err, &argument) {
				t.Errorf("%s with %q: got %v, want an ArgumentError", verb, arg, err)
			}
		}
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after all of it: %v", err)
	}
}

// TestVerb: the verb is one word of ASCII.
func TestVerb(t *testing.T) {
	c := connect(t, "S: +OK\nC: NOOP\nS: +OK\n")
	for _, verb := range []string{"", " ", "NO OP", " NOOP", "NOOP ", "N\xc3\x96OP", "\xff", "LIST 1"} {
		_, err := c.Cmd(t.Context(), verb)
		argument := (*pop3.ArgumentError)(nil)
		if !errors.As(err, &argument) {
			t.Errorf("Cmd %q: got %v, want an ArgumentError", verb, err)
		}
	}
	if _, err := c.Cmd(t.Context(), "noop"); err != nil {
		t.Errorf("noop: %v", err)
	}
}

// TestOctetsOfPassword: a password goes out byte for byte.
func TestOctetsOfPassword(t *testing.T) {
	const password = " two  blanks, \\, * and \xff\xe9 "
	c := connect(t, "S: +OK\nC: PASS  two  blanks, \\\\, * and \\xff\\xe9 \nS: +OK\n")
	if _, err := c.Pass(t.Context(), password); err != nil {
		t.Error(err)
	}
}

// TestPlainWithNUL: SASL PLAIN parts its fields by NUL.
func TestPlainWithNUL(t *testing.T) {
	c := connect(t, "S: +OK\nC: NOOP\nS: +OK\n")
	for _, m := range []pop3.Mechanism{
		pop3.Plain("a\x00", "b", "c"), pop3.Plain("", "b\x00", "c"), pop3.Plain("", "b", "c\x00d"),
	} {
		if _, err := c.Authenticate(t.Context(), m); err == nil {
			t.Error("got no error, want one")
		}
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after all of it: %v", err)
	}
}
