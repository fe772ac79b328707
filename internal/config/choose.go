package config

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/popherd/popherd/luabind"
)

// Account returns the account of a name. The error is an [*Error] with advice.
func (c *Config) Account(name string) (Account, error) {
	all := make([]string, len(c.Accounts))
	for i, a := range c.Accounts {
		if a.Name == name {
			return a, nil
		}
		all[i] = a.Name
	}
	return Account{}, c.missing("account", name, all, "popherd init makes one")
}

// Job returns the job of a name. The error is an [*Error] with advice.
func (c *Config) Job(name string) (Job, error) {
	all := make([]string, len(c.Jobs))
	for i, j := range c.Jobs {
		if j.Name == name {
			return j, nil
		}
		all[i] = j.Name
	}
	return Job{}, c.missing("job", name, all, "popherd config edit adds one, and popherd config example shows how")
}

// missing is the error for a name that is none of those that there are, and what
// makes the first one.
func (c *Config) missing(noun, name string, all []string, first string) *Error {
	e := &Error{Path: c.Path, Key: noun + "s." + bareOrQuoted(name), Reason: "no such " + noun, Advice: "there are " + few(all)}
	switch meant := luabind.Suggest(name, all); {
	case len(all) == 0:
		e.Advice = "there are no " + noun + "s: " + first
	case meant != "":
		e.Advice = fmt.Sprintf("did you mean %q?", meant)
	}
	return e
}

// few lists names, but not hundreds.
func few(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// Select returns the accounts that patterns name: a name, a glob such as
// "work-*", or "all". They come in the order of the file, each once. A pattern
// that names none is an error, an [*Error] with advice.
func (c *Config) Select(patterns []string) ([]Account, error) {
	chosen := make([]bool, len(c.Accounts))
	for _, pattern := range patterns {
		if err := c.choose(pattern, chosen); err != nil {
			return nil, err
		}
	}
	var accounts []Account
	for i, a := range c.Accounts {
		if chosen[i] {
			accounts = append(accounts, a)
		}
	}
	return accounts, nil
}

// choose marks the accounts that a pattern names.
func (c *Config) choose(pattern string, chosen []bool) error {
	glob := pattern
	if pattern == "all" {
		glob = "*"
	}
	if !strings.ContainsAny(glob, "*?[\\") {
		if _, err := c.Account(glob); err != nil {
			return err
		}
		chosen[slices.IndexFunc(c.Accounts, func(a Account) bool { return a.Name == glob })] = true
		return nil
	}
	some := false
	for i, a := range c.Accounts {
		// Names have no slash, which alone would need care.
		match, err := path.Match(glob, a.Name)
		if err != nil {
			return &Error{Path: c.Path, Key: quote(pattern), Reason: "is not a pattern", Advice: `as in "work-*" or "all"`}
		}
		chosen[i] = chosen[i] || match
		some = some || match
	}
	if some {
		return nil
	}
	e := &Error{Path: c.Path, Key: quote(pattern), Reason: "no account is called so", Advice: "there are no accounts: popherd init makes one"}
	if len(c.Accounts) > 0 {
		e.Advice = "popherd accounts list shows their names"
	}
	return e
}
