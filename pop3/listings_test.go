package pop3_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
)

// capable begins a session whose server offers PIPELINING and UIDL.
const capable = "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: UIDL\nS: .\n"

func TestListings(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"at once", capable + "C: LIST\nC: UIDL\nS: +OK\nS: 1 120\nS: 2 90\nS: .\nS: +OK\nS: 1 a\nS: 2 b\nS: .\n", "[{1 120} {2 90}] [{1 a} {2 b}]"},
		{"no UIDL after all", capable + "C: LIST\nC: UIDL\nS: +OK\nS: 1 120\nS: .\nS: -ERR\n", "[{1 120}] []"},
		{"nothing there", capable + "C: LIST\nC: UIDL\nS: +OK\nS: .\nS: +OK\nS: .\n", "[] []"},
		{"LIST is refused", capable + "C: LIST\nC: UIDL\nS: -ERR no\nS: +OK\nS: .\n", "pop3: LIST: no"},
		{"LIST answered twice", capable + "C: LIST\nC: UIDL\nS: +OK\nS: 1 120\nS: 2 90\nS: .\nS: +OK\nS: 1 120\nS: 2 90\nS: .\n", "it answered LIST twice"},
		{"one by one", "S: +OK\nC: CAPA\nS: +OK\nS: UIDL\nS: .\nC: LIST\nS: +OK\nS: 1 120\nS: .\nC: UIDL\nS: +OK\nS: 1 120\nS: .\n", "[{1 120}] [{1 120}]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, tt.script)
			if _, err := c.Capabilities(t.Context()); err != nil {
				t.Fatal(err)
			}
			scans, ids, err := c.Listings(t.Context())
			got := fmt.Sprint(scans, ids)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if strings.Contains(tt.want, "twice") != (c.State() == pop3.Closed) {
				t.Errorf("got state %v", c.State())
			}
		})
	}
}
