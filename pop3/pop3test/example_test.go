package pop3test_test

import (
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// stat tests a client's STAT. Any client that works on a net.Conn can be
// tested in this way.
func stat(t *testing.T) {
	conn := pop3test.Play(t, `
		S: +OK ready
		C: STAT
		S: +OK 2 320
		C: QUIT
		S: +OK bye
	`)
	c, err := pop3.NewClient(t.Context(), conn, "localhost", &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Stat(t.Context())
	if want := (pop3.DropListing{Count: 2, Octets: 320}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := c.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

func Example() {
	_ = stat // which is a TestStat in all but name
}
