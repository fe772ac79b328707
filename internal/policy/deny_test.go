package policy

import "testing"

func TestDenyWins(t *testing.T) {
	any, err := ParseHosts(AnyHost)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := ParseHosts("bad.example", "good.example:110")
	if err != nil {
		t.Fatal(err)
	}
	p := Policy{Net: any, Plaintext: any, DenyNet: bad, DenyPlaintext: bad}
	for _, tt := range []struct {
		host string
		port int
		want bool
	}{
		{"bad.example", 995, false},
		{"BAD.example.", 110, false},
		{"good.example", 995, true},
		{"good.example", 110, false},
	} {
		if got := p.CheckNet(tt.host, tt.port) == nil; got != tt.want {
			t.Errorf("net %s:%d: got %v, want %v", tt.host, tt.port, got, tt.want)
		}
		if got := p.CheckPlaintext(tt.host, tt.port) == nil; got != tt.want {
			t.Errorf("plaintext %s:%d: got %v, want %v", tt.host, tt.port, got, tt.want)
		}
	}
	if err := p.CheckNet("bad.example", 995); err.Error() != `"bad.example:995": denied by --deny-net` {
		t.Errorf("got %v", err)
	}
}
