package discover_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/internal/discover"
)

// A zone is a Resolver of what a test says; all else does not exist.
type zone struct {
	srv  map[string][]*net.SRV // by "pop3s example.org"
	mx   map[string][]string
	host []string
	err  error // instead of "no such host"
}

func (z zone) none(name string) error {
	if z.err != nil {
		return z.err
	}
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if records, ok := z.srv[service+" "+name]; ok && proto == "tcp" {
		return "", records, nil
	}
	return "", nil, z.none(name)
}

func (z zone) LookupMX(_ context.Context, name string) (list []*net.MX, err error) {
	for _, host := range z.mx[name] {
		list = append(list, &net.MX{Host: host})
	}
	if list == nil {
		err = z.none(name)
	}
	return list, err
}

func (z zone) LookupHost(_ context.Context, host string) ([]string, error) {
	for _, have := range z.host {
		if have == host {
			return []string{"192.0.2.1"}, nil
		}
	}
	return nil, z.none(host)
}

// line is a candidate on one line, without its advice.
func line(c discover.Candidate) string {
	return fmt.Sprintf("%s:%d %s user=%s auth=%s oauth=%s from %s", c.Host, c.Port, c.TLS, c.User, c.Auth, c.OAuth, c.Source)
}

func lines(list []discover.Candidate) string {
	var b strings.Builder
	for _, c := range list {
		b.WriteString(line(c) + "\n")
	}
	return b.String()
}

// find fails the test unless the candidates are these, a line each.
func find(t *testing.T, address string, o discover.Options, want ...string) []discover.Candidate {
	t.Helper()
	got, err := discover.Find(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(want, "\n") + "\n"; lines(got) != text {
		t.Errorf("got\n%swant\n%s", lines(got), text)
	}
	return got
}

// A tripwire fails the test when anybody is asked.
type tripwire struct{ t *testing.T }

func (w tripwire) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	w.t.Error("SRV asked for", name)
	return "", nil, errors.New("tripped")
}

func (w tripwire) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	w.t.Error("MX asked for", name)
	return nil, errors.New("tripped")
}

func (w tripwire) LookupHost(_ context.Context, name string) ([]string, error) {
	w.t.Error("host asked for", name)
	return nil, errors.New("tripped")
}

func (w tripwire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.t.Error("asked for", r.URL)
	return nil, errors.New("tripped")
}

func TestBigProvidersAreKnownWithoutNetwork(t *testing.T) {
	o := discover.Options{Resolver: tripwire{t}, HTTP: &http.Client{Transport: tripwire{t}}}
	for address, want := range map[string]string{
		"Ann.B+x@GMail.com":  "pop.gmail.com:995 implicit user=Ann.B+x@gmail.com auth=auto oauth=google",
		"ann@hotmail.co.uk":  "outlook.office365.com:995 implicit user=ann@hotmail.co.uk auth=xoauth2 oauth=microsoft",
		" ann@outlook.com ":  "outlook.office365.com:995 implicit user=ann@outlook.com auth=xoauth2 oauth=microsoft",
		"ann@yahoo.de":       "pop.mail.yahoo.com:995 implicit user=ann@yahoo.de auth=auto oauth=",
		"ann@aol.com":        "pop.aol.com:995 implicit user=ann@aol.com auth=auto oauth=",
		"ann@gmx.de":         "pop.gmx.net:995 implicit user=ann@gmx.de auth=auto oauth=",
		"ann@gmx.com":        "pop.gmx.com:995 implicit user=ann@gmx.com auth=auto oauth=",
		"ann@web.de":         "pop3.web.de:995 implicit user=ann auth=auto oauth=",
		"ann@t-online.de":    "securepop.t-online.de:995 implicit user=ann@t-online.de auth=auto oauth=",
		"ann@fastmail.com":   "pop.fastmail.com:995 implicit user=ann@fastmail.com auth=auto oauth=",
		"ann@zohomail.eu":    "pop.zoho.eu:995 implicit user=ann@zohomail.eu auth=auto oauth=",
		"ann@mail.ru":        "pop.mail.ru:995 implicit user=ann@mail.ru auth=auto oauth=",
		"ann@yandex.ru":      "pop.yandex.com:995 implicit user=ann@yandex.ru auth=auto oauth=",
		"ann@posteo.de":      "posteo.de:995 implicit user=ann@posteo.de auth=auto oauth=",
		"ann@mailbox.org":    "pop3.mailbox.org:995 implicit user=ann@mailbox.org auth=auto oauth=",
		"\"a@b\"@strato.de":  "pop3.strato.de:995 implicit user=\"a@b\"@strato.de auth=auto oauth=",
		"ann@orange.fr":      "pop.orange.fr:995 implicit user=ann@orange.fr auth=auto oauth=",
		"ann@free.fr":        "pop.free.fr:995 implicit user=ann auth=auto oauth=",
		"ann@sbcglobal.net.": "inbound.att.net:995 implicit user=ann@sbcglobal.net auth=auto oauth=",
	} {
		find(t, address, o, want+" from built-in table")
	}
}

func TestProvidersWithoutPOP3SaySo(t *testing.T) {
	for _, address := range []string{"ann@icloud.com", "ann@me.com", "ann@proton.me", "ann@tuta.com", "ann@hey.com"} {
		_, err := discover.Find(t.Context(), address, discover.Options{Resolver: tripwire{t}})
		var none *discover.NoPOP3Error
		if !errors.As(err, &none) || none.Provider == "" || none.Hint() == "" {
			t.Errorf("%s: got %v, want a NoPOP3Error with a provider and a hint", address, err)
		}
	}
	z := zone{mx: map[string][]string{"example.org": {"mx01.mail.icloud.com."}}, host: []string{"mail.example.org"}}
	_, err := discover.Find(t.Context(), "ann@example.org", discover.Options{Resolver: z})
	if want := "domain example.org: its provider, iCloud Mail, has no POP3"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s, and no guess", err, want)
	}
}

func TestKnownServersHaveAdvice(t *testing.T) {
	for host, want := range map[string][]string{
		"POP.gmail.com.":        {"Enable POP", "app password", "recent:", "about 250 messages", "QUIT"},
		"outlook.office365.com": {"OAuth2 only", "two lines"},
		"pop.mail.yahoo.com":    {"app password"},
		"pop3.web.de":           {"15 minutes"},
		"securepop.t-online.de": {"e-mail password"},
		"pop.yandex.ru":         {"keeps a copy"},
		"poppro.zoho.eu":        {"Enable POP"},
		"pop.mail.me.com":       {"IMAP only"},
	} {
		got := strings.Join(discover.Known(host), " ")
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: got %q, want %q in it", host, got, part)
			}
		}
	}
	for _, host := range []string{"", ".", "pop.example.org", "gmail.com"} {
		if got := discover.Known(host); got != nil {
			t.Errorf("%q: got %q, want nothing", host, got)
		}
	}
}

func TestAddressesAreChecked(t *testing.T) {
	for address, want := range map[string]string{
		"":                                      `address "": has no @`,
		"ann":                                   `address "ann": has no @`,
		"@example.org":                          `address "@example.org": has nothing before the @`,
		"ann@":                                  `address "ann@": has no domain name after the @`,
		"ann@localhost":                         `address "ann@localhost": has no domain name after the @`,
		"ann@[192.0.2.1]":                       `address "ann@[192.0.2.1]": has no domain name after the @`,
		"ann@192.0.2.1":                         `address "ann@192.0.2.1": has no domain name after the @`,
		"ann@example..org":                      `address "ann@example..org": has no domain name after the @`,
		"ann@exa/mple.org":                      `address "ann@exa/mple.org": has no domain name after the @`,
		"ann@example.org\r\nX: y":               `address "ann@example.org\r\nX: y": has a blank or a control character`,
		"Ann <ann@example.org>":                 `address "Ann <ann@example.org>": has a blank or a control character`,
		strings.Repeat("a", 250) + "@gmail.com": `address "` + strings.Repeat("a", 32) + `...": is longer than 254 octets`,
	} {
		_, err := discover.Find(t.Context(), address, discover.Options{Resolver: tripwire{t}})
		var bad *discover.AddressError
		if !errors.As(err, &bad) || err.Error() != want || bad.Hint() == "" {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestInternationalDomains(t *testing.T) {
	z := zone{host: []string{"mail.xn--bcher-kva.example"}}
	find(t, "jörg@Bücher.example", discover.Options{Resolver: z},
		"mail.xn--bcher-kva.example:995 implicit user=jörg@xn--bcher-kva.example auth=auto oauth= from guess")
}

func TestBetterSourcesComeFirst(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, file(`<incomingServer type="pop3"><hostname>in.example.org</hostname><port>995</port><socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>`))
	}))
	t.Cleanup(server.Close)
	o := discover.Options{
		Resolver: zone{
			srv:  map[string][]*net.SRV{"pop3s example.org": {{Target: "pops.example.org.", Port: 995}}},
			mx:   map[string][]string{"example.org": {"mx1.example.org.", "aspmx.l.google.com."}},
			host: []string{"pop.example.org"},
		},
		HTTP: server.Client(),
		Base: func(string) []string { return []string{server.URL + "/a"} },
	}
	got := find(t, "ann@example.org", o,
		"pops.example.org:995 implicit user=ann@example.org auth=auto oauth= from SRV record _pop3s._tcp.example.org",
		"in.example.org:995 implicit user=ann auth=auto oauth= from autoconfig file "+server.URL+"/a",
		"pop.gmail.com:995 implicit user=ann@example.org auth=auto oauth=google from MX record aspmx.l.google.com (Gmail)")
	if len(got) == 3 && len(got[2].Advice) == 0 {
		t.Error("got no advice for Gmail")
	}
}

func TestNothingFoundSaysWhatFailed(t *testing.T) {
	for _, c := range []struct {
		o    discover.Options
		want string
	}{
		{discover.Options{}, "domain example.org: no POP3 server found"},
		{discover.Options{Resolver: zone{}}, "domain example.org: no POP3 server found"},
		{discover.Options{Resolver: zone{err: errors.New("network is unreachable")}}, "domain example.org: no POP3 server found: look up _pop3._tcp.example.org: network is unreachable"},
	} {
		_, err := discover.Find(t.Context(), "ann@example.org", c.o)
		var missing *discover.NotFoundError
		if !errors.As(err, &missing) || err.Error() != c.want || missing.Hint() == "" {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// A hung resolver waits for its context, or does not even heed it.
type hung struct{ end <-chan struct{} }

func (h hung) wait(ctx context.Context) error {
	if h.end != nil {
		<-h.end
		return errors.New("too late")
	}
	<-ctx.Done()
	return ctx.Err()
}

func (h hung) LookupSRV(ctx context.Context, _, _, _ string) (string, []*net.SRV, error) {
	return "", nil, h.wait(ctx)
}

func (h hung) LookupMX(ctx context.Context, _ string) ([]*net.MX, error) { return nil, h.wait(ctx) }

func (h hung) LookupHost(ctx context.Context, _ string) ([]string, error) { return nil, h.wait(ctx) }

func (h hung) RoundTrip(r *http.Request) (*http.Response, error) { return nil, h.wait(r.Context()) }

func TestEveryWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := discover.Find(t.Context(), "ann@example.org", discover.Options{Resolver: hung{}, HTTP: &http.Client{Transport: hung{}}})
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 5*time.Second {
			t.Errorf("sources that heed their context: got %v after %v, want a deadline after 5s", err, took)
		}
		end := make(chan struct{})
		defer close(end)
		begin = time.Now()
		_, err = discover.Find(t.Context(), "ann@example.org", discover.Options{Resolver: hung{end}})
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("sources that do not: got %v after %v, want a deadline after 10s", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = discover.Find(ctx, "ann@example.org", discover.Options{Resolver: hung{}})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's deadline: got %v", err)
		}
	})
}
