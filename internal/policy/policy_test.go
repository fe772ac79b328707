package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/policy"
)

func TestZeroPolicyPermitsNothing(t *testing.T) {
	var p policy.Policy
	for name, err := range map[string]error{
		"net":       p.CheckNet("pop.example.org", 995),
		"plaintext": p.CheckPlaintext("127.0.0.1", 110),
		"delete":    p.Delete.Allows(1, 10),
	} {
		var refused *policy.Error
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a *policy.Error", name, err)
		} else if refused.Kind() != "policy" {
			t.Errorf("%s: got kind %q, want policy", name, refused.Kind())
		}
	}
}

func TestRefusalsNameTheFlag(t *testing.T) {
	ten, _ := policy.ParseCap("10")
	share, _ := policy.ParseCap("10%")
	var p policy.Policy
	tests := []struct {
		err        error
		want, hint string
	}{
		{p.CheckNet("POP.example.org.", 995), "pop.example.org:995: the script may not connect to this host", "allow it with --allow-net=pop.example.org:995"},
		{p.CheckNet("2001:DB8:0::1", 995), "[2001:db8::1]:995: the script may not connect to this host", "allow it with --allow-net=[2001:db8::1]:995"},
		{p.CheckNet("[::1]", 995), "[::1]:995: the script may not connect to this host", "allow it with --allow-net=[::1]:995"},
		{p.CheckNet("pop.example.org", 0), `"pop.example.org:0": not a host and port`, ""},
		{p.CheckNet("pop\r\nQUIT", 995), `"pop\r\nQUIT:995": not a host and port`, ""},
		{p.CheckNet("fe80::1%\x1b[2J", 995), `"[fe80::1%\x1b[2J]:995": not a host and port`, ""},
		{p.CheckNet("", 995), `":995": not a host and port`, ""},
		{p.CheckPlaintext("127.0.0.1", 110), "127.0.0.1:110: no mail and no password without TLS", "allow it with --allow-plaintext=127.0.0.1:110"},
		{p.Delete.Allows(1, 3), "delete: 1 deletion is not allowed", "allow it with --allow-delete=1"},
		{p.Delete.Allows(12, 30), "delete: 12 deletions are not allowed", "allow it with --allow-delete=12"},
		{ten.Allows(12, 30), "delete: 12 deletions are more than the 10 allowed", "allow it with --allow-delete=12"},
		{share.Allows(1, 5), "delete: 1 deletion is more than the 0 allowed (10% of 5 messages)", "allow it with --allow-delete=1"},
	}
	for _, test := range tests {
		var refused *policy.Error
		if !errors.As(test.err, &refused) {
			t.Errorf("got %v, want %q", test.err, test.want)
			continue
		}
		if refused.Error() != test.want || refused.Hint() != test.hint {
			t.Errorf("got  %q, hint %q\nwant %q, hint %q", refused, refused.Hint(), test.want, test.hint)
		}
	}
}

// What a hint names must permit what was refused: else it is bad advice.
func TestHintsHold(t *testing.T) {
	for _, host := range []string{"pop.example.org", "POP.Example.org.", "::1", "[::1]", "fe80::1%eth0", "192.0.2.7", "mail_server"} {
		err := policy.Policy{}.CheckNet(host, 995)
		var refused *policy.Error
		if !errors.As(err, &refused) {
			t.Fatalf("%s: got %v, want a *policy.Error", host, err)
		}
		hosts, err := policy.ParseHosts(strings.TrimPrefix(refused.Flag, "--allow-net="))
		if err != nil {
			t.Errorf("%s: %v", host, err)
		} else if err := (policy.Policy{Net: hosts}).CheckNet(host, 995); err != nil {
			t.Errorf("%s: still refused under %s: %v", host, refused.Flag, err)
		}
	}
}

func TestTimeouts(t *testing.T) {
	got := policy.Timeouts{Command: 5 * time.Second}.OrDefaults()
	want := policy.Timeouts{
		Connect: 30 * time.Second, Command: 5 * time.Second, Read: 60 * time.Second,
		Run: 10 * time.Minute, MaxScript: 10 * time.Minute,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := want.Check(); err != nil {
		t.Error(err)
	}
	err := policy.Timeouts{Run: -time.Second}.Check()
	if want := "run timeout -1s: below zero; give a duration such as 30s or 10m"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestScriptTimeoutIsClamped(t *testing.T) {
	host := policy.Timeouts{MaxScript: 2 * time.Minute}
	for asked, want := range map[time.Duration]time.Duration{
		-1:              60 * time.Second,
		0:               60 * time.Second,
		time.Second:     time.Second,
		2 * time.Minute: 2 * time.Minute,
		time.Hour:       2 * time.Minute,
	} {
		if got := host.ForScript(asked).Command; got != want {
			t.Errorf("asked for %s: got %s, want %s", asked, got, want)
		}
	}
	if got := host.ForScript(time.Hour); got.Run != policy.DefaultRun {
		t.Errorf("got run timeout %s: a script must not move it", got.Run)
	}
}
