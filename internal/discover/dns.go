package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
)

// services are the SRV services of RFC 6186 §3.3, the safer first (RFC 8314).
var services = []struct{ name, tls string }{{"pop3s", Implicit}, {"pop3", StartTLS}}

// maxRecords of one answer are looked at.
const maxRecords = 8

// askSRV asks for the records of RFC 6186. That a service has the target "."
// and no other means that there is no such service; if both have, there is no
// POP3.
func askSRV(ctx context.Context, a address, o Options) (got answer) {
	if o.Resolver == nil {
		return answer{}
	}
	refused := 0
	for _, s := range services {
		_, records, err := o.Resolver.LookupSRV(ctx, s.name, "tcp", a.domain)
		if err != nil && !absent(err) {
			got.err = fmt.Errorf("look up _%s._tcp.%s: %w", s.name, a.domain, err)
		}
		if len(records) == 1 && strings.Trim(records[0].Target, ".") == "" {
			refused++
			continue
		}
		for _, record := range records[:min(len(records), maxRecords)] {
			if c, ok := a.fromSRV(record, s.name, s.tls); ok {
				got.candidates = append(got.candidates, c)
			}
		}
	}
	if refused == len(services) {
		got.none = &NoPOP3Error{Domain: a.domain}
	}
	return got
}

// fromSRV makes a candidate of a record. Anyone who can forge DNS can name a
// host with a valid certificate of its own, so a foreign name is said
// (RFC 6186 §6).
func (a address) fromSRV(record *net.SRV, service, tls string) (Candidate, bool) {
	host, ok := hostname(record.Target)
	if !ok || record.Port == 0 {
		return Candidate{}, false
	}
	c := Candidate{
		Host: host, Port: int(record.Port), TLS: tls, User: a.String(), Auth: "auto",
		Source: fmt.Sprintf("SRV record _%s._tcp.%s", service, a.domain),
	}
	if !within(host, a.domain) && providerAt(host) == nil {
		c.Advice = append(c.Advice, fmt.Sprintf("%s is outside of %s: make sure that it is your provider's server.", host, a.domain))
	}
	return c, true
}

// askMX looks whether a known provider takes the domain's mail.
func askMX(ctx context.Context, a address, o Options) answer {
	if o.Resolver == nil {
		return answer{}
	}
	records, err := o.Resolver.LookupMX(ctx, a.domain)
	if err != nil && !absent(err) {
		return answer{err: fmt.Errorf("look up MX of %s: %w", a.domain, err)}
	}
	for _, record := range records[:min(len(records), maxRecords)] {
		exchanger := strings.ToLower(strings.TrimSuffix(record.Host, "."))
		p := providerBehind(exchanger)
		if p == nil {
			continue
		}
		if p.host == "" {
			return answer{none: &NoPOP3Error{Domain: a.domain, Provider: p.name, Advice: p.advice}}
		}
		return answer{candidates: []Candidate{p.candidate(a, "MX record "+exchanger+" ("+p.name+")")}}
	}
	return answer{}
}

// guess tries the customary names. That one exists says nothing about POP3.
func guess(ctx context.Context, a address, o Options) (got answer) {
	if o.Resolver == nil {
		return answer{}
	}
	for _, label := range []string{"pop", "pop3", "mail"} {
		host := label + "." + a.domain
		addrs, err := o.Resolver.LookupHost(ctx, host)
		if err != nil && !absent(err) {
			got.err = fmt.Errorf("look up %s: %w", host, err)
		}
		if err == nil && len(addrs) > 0 {
			got.candidates = append(got.candidates, Candidate{
				Host: host, Port: 995, TLS: Implicit, User: a.String(), Auth: "auto",
				Source: "guess",
				Advice: []string{"This is a guess: the name exists, but nobody has said that it is a POP3 server."},
			})
		}
	}
	return got
}

// absent reports whether an error only says that there is no such record.
func absent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
