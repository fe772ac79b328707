package pop3

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// Options are the limits of a session. The zero value, and nil, are the safe
// choice. A negative duration means no such limit.
type Options struct {
	// TLSConfig is cloned. Its ServerName defaults to the host dialled, and
	// its MinVersion to TLS 1.2, which is also the least accepted.
	// InsecureSkipVerify is refused unless VerifyConnection does the work
	// instead.
	TLSConfig *tls.Config

	// Dialer connects; nil means a net.Dialer. It is given the address that
	// the caller of Dial named, never one that a server named.
	Dialer Dialer

	ConnectTimeout   time.Duration // name look-up and TCP connect; 0 means 30 s
	HandshakeTimeout time.Duration // TLS handshake; 0 means 30 s
	CommandTimeout   time.Duration // from a command to its whole status line; 0 means 60 s
	ReadTimeout      time.Duration // between two reads of a multi-line response; 0 means 60 s
	SessionTimeout   time.Duration // from connect to Quit's reply; 0 means 24 h

	// MinThroughput is the least rate, in octets a second of waiting, at which
	// a multi-line response must arrive once 30 s were spent waiting for it;
	// 0 means 256, negative means any.
	MinThroughput int

	MaxMessage int64 // octets of one RETR or TOP; 0 means 256 MiB
	MaxListing int64 // octets of one LIST or UIDL; 0 means 16 MiB, some 200,000 messages. CAPA and LANG have 1 MiB at most

	// InsecureAllowPlaintext permits login, and all that follows, on a
	// connection that anyone on its way can read and change.
	InsecureAllowPlaintext bool

	// NoPipelining sends one command at a time, for a server that offers
	// PIPELINING and breaks it.
	NoPipelining bool

	// Trace, if set, is told every line sent and received, secrets replaced,
	// and the size of every text. It must not call the Client.
	Trace func(TraceEvent)
}

// A Dialer opens connections; *net.Dialer is one.
type Dialer interface {
	// DialContext connects to address, "host:port", on network "tcp".
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// withDefaults returns a copy in which every zero is replaced; nil is all zero.
func (o *Options) withDefaults() Options {
	var full Options
	if o != nil {
		full = *o
	}
	if full.Dialer == nil {
		full.Dialer = &net.Dialer{}
	}
	setDefault(&full.ConnectTimeout, 30*time.Second)
	setDefault(&full.HandshakeTimeout, 30*time.Second)
	setDefault(&full.CommandTimeout, 60*time.Second)
	setDefault(&full.ReadTimeout, 60*time.Second)
	setDefault(&full.SessionTimeout, 24*time.Hour)
	setDefault(&full.MinThroughput, 256)
	setDefault(&full.MaxMessage, 256<<20)
	setDefault(&full.MaxListing, 16<<20)
	return full
}

func setDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// tlsConfig returns the config for host, made strict.
func (o *Options) tlsConfig(base *tls.Config, host string) (*tls.Config, error) {
	config := &tls.Config{}
	if base != nil {
		config = base.Clone()
	}
	if config.InsecureSkipVerify && config.VerifyConnection == nil && config.VerifyPeerCertificate == nil {
		return nil, &ArgumentError{Command: "TLS", Argument: "InsecureSkipVerify", Reason: "is not accepted without VerifyConnection"}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"pop3"} // RFC 8314 §7.1 has the ALPN name
	return config, nil
}
