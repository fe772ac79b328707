package cli

import (
	"errors"

	"github.com/popherd/popherd/pop3"
)

// A remedy is something to do about a login that failed.
type remedy struct {
	text string
	do   func() error // nil: nothing but to try again
}

// errAsItIs is a person who wants the account written though the login failed.
var errAsItIs = errors.New("written all the same")

// errUntrusted is a person who does not trust a certificate.
var errUntrusted = errors.New("not trusted")

// decide asks what to do about a login that failed. The error is errAsItIs or
// errStop where it is not to be tried again.
func (s *setup) decide(failed error) error {
	other := "another password"
	if s.keep == byCommand {
		other = "another command"
	}
	ways := []remedy{
		{"try again", nil},
		{other, func() error { return s.askPassword(s.dialog.ctx) }},
		{"another user name", s.askUser},
		{"another server, port or TLS", s.elsewhere},
	}
	preset := 0
	if passwordRefused(failed) { // the same once more may lock the account
		preset = 1
	}
	if cert, unknown := unverified(failed); cert != nil {
		preset = len(ways)
		if unknown {
			ways = append(ways, remedy{"name a file with the certificate of its authority", s.askAuthority})
		}
		ways = append(ways, remedy{"see this certificate, and trust it by its fingerprint", func() error { return s.trust(cert) }})
	}
	ways = append(ways,
		remedy{"write the account all the same", func() error { return errAsItIs }},
		remedy{"stop, and write nothing", func() error { return errStop }})
	var choices []string
	for _, way := range ways {
		choices = append(choices, way.text)
	}
	for {
		chosen, err := s.dialog.choose("What now", choices, preset)
		if err != nil || ways[chosen].do == nil {
			return err
		}
		if err := ways[chosen].do(); err != errUntrusted {
			return err
		}
	}
}

// passwordRefused reports whether a server took a login for a wrong one, and not
// merely for one that came too soon.
func passwordRefused(err error) bool {
	return errors.As(err, new(*pop3.Error)) && exitStatus(lookFault("", err)) == exitRefused
}
