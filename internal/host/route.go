package host

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"golang.org/x/net/proxy"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/pop3"
)

// route is the way to an account's server: from which address, over which
// family of them, through which proxy. The pause before the second family is
// tried, of a server that has both, is the net package's (RFC 8305).
func route(a config.Account) (pop3.Dialer, error) {
	direct := &direct{network: network(a.AddressFamily)}
	if a.SourceAddress != "" {
		ip := net.ParseIP(a.SourceAddress)
		if ip == nil {
			return nil, &AccountError{Name: a.Name, Reason: fmt.Sprintf("source_address %q is not an IP address", a.SourceAddress)}
		}
		direct.dialer.LocalAddr = &net.TCPAddr{IP: ip}
	}
	if a.Proxy == "" {
		return direct, nil
	}
	u, err := url.Parse(a.Proxy)
	if err != nil || u.Scheme != "socks5" || u.Host == "" {
		return nil, &AccountError{Name: a.Name, Reason: "its proxy is not socks5://HOST:PORT"}
	}
	through, err := proxy.SOCKS5("tcp", u.Host, nil, direct)
	if err != nil {
		return nil, err
	}
	both, ok := through.(proxy.ContextDialer)
	if !ok {
		return nil, fmt.Errorf("proxy %s: it cannot be interrupted", u.Host)
	}
	return &proxied{u.Host, both}, nil
}

// network is the name that package net has for a family of addresses.
func network(family string) string {
	switch family {
	case "ipv4":
		return "tcp4"
	case "ipv6":
		return "tcp6"
	}
	return "tcp"
}

// direct dials over one family of addresses, or over any.
type direct struct {
	dialer  net.Dialer
	network string
}

// DialContext implements pop3.Dialer.
func (d *direct) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	conn, err := d.dialer.DialContext(ctx, d.network, address)
	if err != nil {
		return nil, cause(err)
	}
	return conn, nil
}

// Dial implements proxy.Dialer.
func (d *direct) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// proxied dials through a proxy, which also looks the server's name up.
type proxied struct {
	host string
	by   proxy.ContextDialer
}

// DialContext implements pop3.Dialer.
func (p *proxied) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := p.by.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", p.host, cause(err))
	}
	return conn, nil
}
