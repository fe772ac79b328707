package policy_test

import (
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/policy"
)

func TestHostsAllow(t *testing.T) {
	tests := []struct {
		hosts string
		host  string
		port  int
		want  bool
	}{
		{"*", "pop.example.org", 995, true},
		{"*", "pop.example.org", 0, false},
		{"*", "pop.example.org", 65536, false},
		{"*", "", 995, false},
		{"pop.example.org", "pop.example.org", 110, true},
		{"pop.example.org", "POP.Example.ORG.", 110, true},
		{"Pop.Example.Org.", "pop.example.org", 110, true},
		{"pop.example.org", "pop.example.org..", 110, false},
		{"pop.example.org", "evil-pop.example.org", 110, false},
		{"pop.example.org", "pop.example.org.evil.example", 110, false},
		{"pop.example.org:995", "pop.example.org", 995, true},
		{"pop.example.org:995", "pop.example.org", 110, false},
		{"a.example:995, b.example", "b.example", 1, true},
		{"a.example:995,a.example:110", "a.example", 110, true},
		{"[::1]:995", "::1", 995, true},
		{"[::1]:995", "[0:0::1]", 995, true},
		{"[::1]", "::1", 1, true},
		{"[::1]", "::2", 1, false},
		{"[2001:DB8::1]", "2001:db8:0::1", 995, true},
		{"127.0.0.1", "::ffff:127.0.0.1", 995, true},
		{"127.0.0.1", "[127.0.0.1]", 995, false}, // not an address, in any notation
		{"127.0.0.1", "127.1", 995, false},
		{"127.0.0.1", "localhost", 995, false},
		{"[fe80::1%eth0]", "fe80::1%eth1", 995, false},
		// U+212A KELVIN SIGN becomes "k" in strings.ToLower.
		{"kilo.example", "\u212Ailo.example", 995, false},
	}
	for _, test := range tests {
		hosts, err := policy.ParseHosts(test.hosts)
		if err != nil {
			t.Errorf("%s: %v", test.hosts, err)
		} else if got := hosts.Allows(test.host, test.port); got != test.want {
			t.Errorf("%s: allows %q port %d: got %v, want %v", test.hosts, test.host, test.port, got, test.want)
		}
	}
}

func TestHostsRefuse(t *testing.T) {
	for entry, want := range map[string]string{
		"":                     `host "": no host`,
		"a.example,":           `host "": no host`,
		":995":                 `host ":995": no host`,
		"a.example:":           `port "" is not a number from 1 to 65535`,
		"a.example:0":          `host "a.example:0": port "0" is not a number from 1 to 65535`,
		"a.example:65536":      `port "65536" is not`,
		"a.example:+995":       `port "+995" is not`,
		"a.example:pop3s":      `port "pop3s" is not`,
		"::1":                  `host "::1": more than one colon; write an IPv6 address in brackets`,
		"[::1":                 "only an IPv6 address stands in brackets",
		"[a.example]:995":      "only an IPv6 address stands in brackets",
		"[127.0.0.1]:995":      "only an IPv6 address stands in brackets",
		"[::1]995":             "only a port may follow the bracket",
		"[fe80::1%\x1b]":       "not a zone",
		"*.example.org":        "no patterns here; name each host",
		"*:995":                "no patterns here; name each host",
		"10.0.0.0/8":           "without scheme, path or network mask",
		"https://a.example":    "without scheme, path or network mask",
		"b\u00fccher.example":  "give the name in its xn-- form",
		"a b.example":          "not a host name",
		"..":                   "nothing between two dots",
		".example.org":         "nothing between two dots",
		"a..example":           "nothing between two dots",
		"a.example\x00":        "not a host name",
		"user@pop.example.org": "not a host name",
	} {
		hosts, err := policy.ParseHosts(entry)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", entry, err, want)
		}
		if !hosts.IsZero() {
			t.Errorf("%q: got the set %v with the error, want none", entry, hosts)
		}
	}
}

func TestNamedHostsHaveNoWildcard(t *testing.T) {
	_, err := policy.ParseNamedHosts("127.0.0.1", "*")
	if want := `host "*": too wide; name each host`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	hosts, err := policy.ParseNamedHosts("127.0.0.1:110")
	if err != nil || !hosts.Allows("127.0.0.1", 110) {
		t.Errorf("got %v, %v, want 127.0.0.1:110 allowed", hosts, err)
	}
}

func TestHostsString(t *testing.T) {
	for _, test := range []struct {
		lists []string
		want  string
	}{
		{nil, ""},
		{[]string{"*"}, "*"},
		{[]string{"A.example., [0::1]:995", "a.example", "[::1]"}, "a.example,[::1]:995,[::1]"},
	} {
		hosts, err := policy.ParseHosts(test.lists...)
		if err != nil || hosts.String() != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.lists, hosts, err, test.want)
		}
	}
}

func FuzzParseHosts(f *testing.F) {
	for _, seed := range []string{"*", "pop.example.org:995", "[::1]:110,b.example", "[fe80::1%eth0]", "1.2.3.4", "::", "a:b:c", "..", "[::ffff:1.2.3.4%a]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		hosts, err := policy.ParseHosts(list)
		if err != nil {
			return
		}
		again, err := policy.ParseHosts(hosts.String())
		if err != nil || again.String() != hosts.String() {
			t.Errorf("%q: read as %q, then as %q, %v", list, hosts, again, err)
		}
	})
}
