package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/pop3"
)

// given is the server of --host, which may have the port, too.
func (s *setup) given() (discover.Candidate, error) {
	host, port, err := splitHost(s.flags.Host)
	switch {
	case err != nil:
		return discover.Candidate{}, &usageError{object: "--host", reason: err.Error(), hint: cmp.Or(hintOf(err), "as in --host=pop.example.org")}
	case port != 0 && s.flags.Port != 0 && port != s.flags.Port:
		return discover.Candidate{}, &usageError{object: "--port", reason: fmt.Sprintf("it is %d, and --host has %d", s.flags.Port, port), hint: "give one of them"}
	}
	return s.named(host, port, s.flags.TLS), nil
}

// named is a server that a person named.
func (s *setup) named(host string, port int, mode string) discover.Candidate {
	return discover.Candidate{Host: host, Port: port, TLS: mode, Source: "named by you", Auth: "auto", Advice: discover.Known(host)}
}

// asked asks for the server, but not for what the command line says of it.
func (s *setup) asked() (discover.Candidate, error) {
	host, port, err := s.askHost("")
	if err != nil || s.flags.TLS != "" {
		return s.named(host, port, s.flags.TLS), err
	}
	port = cmp.Or(port, s.flags.Port)
	mode, err := s.askTLS(port, config.Implicit)
	if err == nil && port == 0 {
		port, err = s.askPort(usualPort(mode))
	}
	return s.named(host, port, mode), err
}

// elsewhere asks for another server, or another port or TLS of the same.
func (s *setup) elsewhere() error {
	before := s.account
	host, port, err := s.askHost(before.Host)
	if err != nil {
		return err
	}
	preset := before.TLS
	if host != before.Host && preset == config.InsecurePlaintext { // which was confirmed for that one alone
		preset = config.Implicit
	}
	mode, err := s.askTLS(port, preset)
	if err != nil {
		return err
	}
	if port == 0 {
		suggested := usualPort(mode)
		if mode == before.TLS {
			suggested = before.Port
		}
		if port, err = s.askPort(suggested); err != nil {
			return err
		}
	}
	s.settle(s.named(host, port, mode))
	s.account.Name, s.account.User, s.account.PasswordCommand = before.Name, before.User, before.PasswordCommand
	s.account.CAFile = before.CAFile // but a fingerprint is of one server
	if host == before.Host && before.TLS == config.InsecurePlaintext {
		return nil
	}
	err = s.plaintext()
	if errors.Is(err, errStop) {
		s.account, err = before, nil
	}
	return err
}

// askHost asks for a server, and for its port if that is typed, too; else it is 0.
func (s *setup) askHost(preset string) (host string, port int, err error) {
	question := "Server, such as pop.example.org"
	if preset != "" {
		question = "Server"
	}
	_, err = s.dialog.ask(question, preset, func(answer string) error {
		var err error
		host, port, err = splitHost(answer)
		return err
	})
	return host, port, err
}

// askTLS asks how a server gets TLS. A port that is known suggests it.
func (s *setup) askTLS(port int, preset string) (mode string, err error) {
	modes := []string{config.Implicit, config.StartTLS}
	choices := []string{"from the beginning, mostly on port 995", "by STLS, mostly on port 110"}
	if preset == config.InsecurePlaintext { // which was confirmed
		modes, choices = append(modes, preset), append(choices, "not at all: everybody on the way reads the password and the mail")
	}
	suggested := 0
	for i, mode := range modes {
		if mode == preset {
			suggested = i
		}
	}
	switch {
	case port == pop3.TLSPort:
		suggested = 0
	case port == pop3.Port && suggested == 0:
		suggested = 1
	}
	chosen, err := s.dialog.choose("How does it get TLS", choices, suggested)
	return modes[chosen], err
}

func (s *setup) askPort(preset int) (port int, err error) {
	_, err = s.dialog.ask("Port", strconv.Itoa(preset), func(answer string) (err error) {
		if port, err = strconv.Atoi(answer); err != nil || port < 1 || port > 65535 {
			return errors.New("answer with a number from 1 to 65535")
		}
		return nil
	})
	return port, err
}

// splitHost takes apart what a person calls a server: HOST, HOST:PORT, an
// address of IP with or without brackets. It takes what the configuration would.
func splitHost(text string) (host string, port int, err error) {
	refuse := func(reason, hint string) (string, int, error) {
		return "", 0, &usageError{object: fmt.Sprintf("%q is no server's name", clean(text)), reason: reason, hint: hint}
	}
	switch u, err := url.Parse(text); {
	case text == "":
		return refuse("nothing was given", "")
	case len(text) > 253:
		return refuse("it is too long", "")
	case err == nil && u.Scheme != "" && u.Host != "":
		return refuse("it is a URL", "write "+u.Host)
	case strings.ContainsRune(text, '@'):
		return refuse("it is an address of mail", "write the server, such as pop.example.org")
	}
	if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
		text = "[" + text + "]"
	}
	hosts, err := policy.ParseNamedHosts(text)
	switch {
	case err == nil && !strings.ContainsAny(text, ", "):
	case errors.Unwrap(err) != nil: // the reason without the name
		return refuse(errors.Unwrap(err).Error(), "")
	default:
		return refuse("it is more than one", "")
	}
	// Now it is HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT, in lower case.
	host = hosts.String()
	if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
		port, _ = strconv.Atoi(host[at+1:]) // from 1 to 65535, as ParseNamedHosts checked
		host = host[:at]
	}
	return strings.Trim(host, "[]"), port, nil
}

// usualPort is where a server listens.
func usualPort(mode string) int {
	if mode == config.Implicit {
		return pop3.TLSPort
	}
	return pop3.Port
}
