package cli

import (
	"testing"

	"github.com/popherd/popherd/pop3"
)

// TestStatBare shows what a server of RFC 1939's bare minimum has, and asks for
// the header of a message once.
func TestStatBare(t *testing.T) {
	sh, out, _ := testShell()
	m := playMail(t, "C: STAT\nS: +OK 2 500\n"+
		"C: CAPA\nS: -ERR\nC: LIST\nS: +OK\nS: 1 400\nS: 2 100\nS: .\nC: UIDL\nS: -ERR\n"+
		"C: CAPA\nS: -ERR\nC: TOP 1 0\nS: +OK\nS: Subject: one\nS:\nS: .\nC: TOP 2 0\nS: -ERR no TOP\neof\n")
	s, err := m.stat(t.Context())
	must(t, err)
	must(t, sh.writeStat(s, "table"))
	want := `account work   2 messages, 500 octets
oldest   1  400                                                    one
newest   2  100  TOP 2 0: no TOP
largest  1  400                                                    one
the server lists no capabilities
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestCapabilityLine shows a terminal nothing that it would obey.
func TestCapabilityLine(t *testing.T) {
	got := capabilityLine(pop3.Capabilities{"UIDL": {}, "IMPLEMENTATION": {"\x1b[2J"}, "SASL": {"PLAIN", "LOGIN"}})
	if want := "capabilities: IMPLEMENTATION \uFFFD[2J, SASL PLAIN LOGIN, UIDL"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
