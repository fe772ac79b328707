package pop3_test

import (
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

func TestLoginDelay(t *testing.T) {
	for row, want := range map[string]time.Duration{
		"LOGIN-DELAY 60":                    time.Minute,
		"login-delay 900 USER":              15 * time.Minute, // RFC 2449: it may differ by user
		"LOGIN-DELAY":                       0,
		"LOGIN-DELAY -1":                    0,
		"LOGIN-DELAY soon":                  0,
		"LOGIN-DELAY 999999999999999999999": 0,
		"TOP":                               0,
	} {
		c, err := pop3.NewClient(t.Context(), newCanned("+OK\r\n"+row+"\r\n.\r\n", ""), pop3test.Host, insecure(nil))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Capabilities(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if got := c.LoginDelay(); got != want {
			t.Errorf("%s: got %v, want %v", row, got, want)
		}
	}
}
