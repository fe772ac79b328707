package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/secret"
)

// server settles which server it is, and how it gets TLS.
func (s *setup) server(ctx context.Context) error {
	find := s.discovered
	if s.flags.Host != "" {
		find = func(context.Context) (discover.Candidate, error) { return s.given() }
	}
	c, err := find(ctx)
	if err != nil {
		return err
	}
	if _, _, err := splitHost(c.Host); err != nil { // what was found may be anything
		return &usageError{object: "--host", reason: err.Error(), hint: cmp.Or(hintOf(err), "as in --host=pop.example.org")}
	}
	c.Port = cmp.Or(c.Port, s.flags.Port)
	s.settle(c)
	return s.plaintext()
}

// settle takes a server, and says what is known of it.
func (s *setup) settle(c discover.Candidate) {
	c.TLS = cmp.Or(c.TLS, config.Implicit)
	c.Port = cmp.Or(c.Port, usualPort(c.TLS))
	for _, advice := range c.Advice {
		s.note("note: " + advice)
	}
	s.take(c)
}

// flagged is a server that was found, with what the command line says of it.
func (s *setup) flagged(c discover.Candidate) discover.Candidate {
	if s.flags.TLS != "" && s.flags.TLS != c.TLS {
		c.TLS, c.Port = s.flags.TLS, 0
	}
	c.Port = cmp.Or(s.flags.Port, c.Port)
	return c
}

// plaintext warns of a server without TLS, and has a person confirm it.
func (s *setup) plaintext() error {
	if s.account.TLS != config.InsecurePlaintext {
		return nil
	}
	// This is said with --quiet, too.
	fmt.Fprintf(s.sh.Stderr, "warning: without TLS everybody on the way to %s can read the password and the mail, and change them\n", clean(s.account.Host))
	if s.dialog == nil {
		return nil
	}
	sure, err := s.dialog.confirm("Do without TLS all the same", false)
	if err == nil && !sure {
		err = errStop
	}
	return err
}

// take notes what is known of the account.
func (s *setup) take(c discover.Candidate) {
	s.account = config.NewAccount{
		Host: strings.ToLower(c.Host), Port: c.Port, TLS: c.TLS, CAFile: s.flags.CAFile, OAuthProvider: c.OAuth,
		User: cmp.Or(s.flags.User, c.User, s.address),
		Auth: cmp.Or(strings.ToLower(s.flags.Auth), c.Auth, "auto"),
		Comments: []string{
			fmt.Sprintf("Made by popherd init on %s. Server: %s.", s.sh.clock().Format("2006-01-02"), clean(c.Source)),
		},
	}
	for _, advice := range c.Advice {
		s.account.Comments = append(s.account.Comments, clean(advice))
	}
}

// note tells something that is not asked.
func (s *setup) note(text string) {
	if !s.sh.quiet {
		fmt.Fprintln(s.sh.Stderr, clean(text))
	}
}

// discovered looks for the server of the address, and has a person confirm it.
func (s *setup) discovered(ctx context.Context) (discover.Candidate, error) {
	_, domain, _ := strings.Cut(s.address, "@")
	s.note(fmt.Sprintf("looking for the server of %s ...", domain))
	found, err := s.find(ctx, s.address)
	if s.dialog == nil {
		return s.unasked(found, err)
	}
	nowhere := errors.As(err, new(*discover.NotFoundError)) || errors.As(err, new(*discover.AddressError)) // of a network of its own
	switch {
	case err != nil && !nowhere:
		return discover.Candidate{}, sourceFault(err)
	case nowhere:
		s.dialog.complain(err)
		return s.asked()
	}
	var choices []string
	for _, c := range found {
		choices = append(choices, describe(c))
	}
	chosen, err := s.dialog.choose("Which server", append(choices, "another, which you name"), 0)
	if err != nil {
		return discover.Candidate{}, err
	}
	if chosen == len(found) {
		return s.asked()
	}
	return s.flagged(found[chosen]), s.outside(found[chosen])
}

// unasked takes the best server where nobody confirms it. A record of the DNS
// may name any host, so that one of another domain must be known (RFC 6186
// section 6).
func (s *setup) unasked(found []discover.Candidate, err error) (discover.Candidate, error) {
	if err != nil {
		return discover.Candidate{}, sourceFault(err)
	}
	if best := found[0]; !s.strange(best) {
		s.note("server " + describe(best))
		return s.flagged(best), nil
	}
	return discover.Candidate{}, &usageError{
		object: "server " + found[0].Host,
		reason: "it is of another domain than the address, and nobody confirms that it is the right one (" + found[0].Source + ")",
		hint:   "if it is, name it with --host " + found[0].Host,
	}
}

// sourceFault gives an error of the search its exit status.
func sourceFault(err error) error {
	switch {
	case errors.As(err, new(*discover.AddressError)):
		return withStatus(exitUsage, err, hintOf(err))
	case errors.As(err, new(*discover.NoPOP3Error)):
		return withStatus(exitUnavailable, err, hintOf(err))
	case errors.As(err, new(*discover.NotFoundError)):
		return withStatus(exitUnavailable, err, "name the server with --host")
	}
	return err
}

// strange reports whether a server is neither of the address's domain nor known.
func (s *setup) strange(c discover.Candidate) bool {
	_, domain, _ := strings.Cut(strings.ToLower(s.address), "@")
	return c.Host != domain && !strings.HasSuffix(c.Host, "."+domain) && discover.Known(c.Host) == nil
}

// outside has a person confirm a server of another domain: it is about to get
// the password.
func (s *setup) outside(c discover.Candidate) error {
	if !s.strange(c) {
		return nil
	}
	sure, err := s.dialog.confirm(fmt.Sprintf("%s is of another domain than the address. Is it your provider's", clean(c.Host)), false)
	if err == nil && !sure {
		err = errStop
	}
	return err
}

// describe is a server for people.
func describe(c discover.Candidate) string {
	secure := "TLS"
	if c.TLS == discover.StartTLS {
		secure = "TLS by STLS"
	}
	return fmt.Sprintf("%s, port %d, %s, as %s   (%s)", c.Host, c.Port, secure, c.User, c.Source)
}

// user settles whom to log in as.
func (s *setup) user(context.Context) error {
	if s.dialog == nil || s.flags.User != "" {
		return nil
	}
	return s.askUser()
}

func (s *setup) askUser() (err error) {
	s.account.User, err = s.dialog.ask("User name", s.account.User, func(answer string) error {
		if answer == "" {
			return errors.New("the server knows you by some name, mostly the address")
		}
		return nil
	})
	return err
}

// name settles what the account is called.
func (s *setup) name(context.Context) (err error) {
	preset := cmp.Or(s.flags.Name, s.suggestName())
	if s.dialog != nil && s.flags.Name == "" {
		s.account.Name, err = s.dialog.ask("Name of the account", preset, s.checkName)
		return err
	}
	s.account.Name = preset
	if err := s.checkName(preset); err != nil {
		return &usageError{object: "--name", reason: err.Error(), hint: cmp.Or(hintOf(err), "take another, as in --name work")}
	}
	return nil
}

// checkName refuses what cannot be an account's name, and one that is there.
func (s *setup) checkName(name string) error {
	if e := (*config.Error)(nil); errors.As(config.CheckName(name), &e) {
		return fmt.Errorf("%q is no name: %s", name, e.Reason)
	}
	for _, a := range s.there.Accounts {
		if a.Name != name && secret.Variable(a.Name) == secret.Variable(name) {
			return fmt.Errorf("account %q is too much like %s, which is there: both passwords could be in $%s", name, a.Name, secret.Variable(name))
		}
	}
	if s.taken(name) {
		return fmt.Errorf("account %q is there already; nothing is overwritten", name)
	}
	return nil
}

func (s *setup) taken(name string) bool {
	return slices.ContainsFunc(s.there.Accounts, func(a config.Account) bool { return a.Name == name })
}

// suggestName makes a name of the domain: of anna@mail.example.org, example. To
// a person who is asked it suggests none that is there.
func (s *setup) suggestName() string {
	_, domain, found := strings.Cut(strings.ToLower(s.address), "@")
	if !found {
		domain = s.account.Host
	}
	labels := strings.Split(domain, ".")
	name := labels[max(0, len(labels)-2)]
	if len(labels) > 2 && len(name) <= 3 { // co.uk
		name = labels[len(labels)-3]
	}
	if config.CheckName(name) != nil || strings.Trim(name, "0123456789") == "" {
		name = "mail"
	}
	suggested := name
	for n := 2; s.dialog != nil && s.taken(suggested); n++ {
		suggested = fmt.Sprintf("%s%d", name, n)
	}
	return suggested
}
