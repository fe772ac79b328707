package discover

import (
	"strings"
	"testing"
)

func TestTableIsSound(t *testing.T) {
	domains, exchangers, hosts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	once := func(kind string, seen map[string]bool, name string) {
		if ascii, ok := hostname(name); !ok || ascii != name {
			t.Errorf("%s %q is no host name in lower case", kind, name)
		}
		if seen[name] {
			t.Errorf("%s %q is there twice", kind, name)
		}
		seen[name] = true
	}
	for _, p := range providers {
		for _, domain := range p.domains {
			once("domain", domains, domain)
		}
		for _, exchanger := range p.exchanger {
			once("exchanger", exchangers, exchanger)
		}
		for _, host := range append(p.aliases, p.host) {
			if host != "" {
				once("host", hosts, host)
			}
		}
		if p.name == "" || len(p.domains)+len(p.exchanger) == 0 {
			t.Errorf("%+v has no name, or nothing to be found by", p)
		}
		if p.host == "" && len(p.advice) == 0 {
			t.Errorf("%s has no POP3, and no advice", p.name)
		}
		if p.oauthOnly && p.oauth == "" {
			t.Errorf("%s wants OAuth2 without a preset", p.name)
		}
		for _, advice := range p.advice {
			if !strings.HasSuffix(advice, ".") {
				t.Errorf("%s: %q is no sentence", p.name, advice)
			}
		}
		if c := p.candidate(address{"ann", "example.org"}, "x"); c.Port != 995 || c.TLS != Implicit {
			t.Errorf("%s: got %+v, want implicit TLS", p.name, c)
		}
	}
	if providerOf("yahoo.co.jp") != nil {
		t.Error("yahoo.co.jp is another company's than yahoo.com")
	}
}
