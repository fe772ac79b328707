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
	for _, a := range c.Accounts {
		if a.Name == name {
			return a, nil
		}
	}
	all := make([]string, len(c.Accounts))
	for i, a := range c.Accounts {
		all[i] = a.Name
	}
	e := c.missing("accounts."+bareOrQuoted(name), name, all)
	e.Reason = "no such account"
	if len(all) == 0 {
		e.Advice = "there are no accounts: popherd init makes one"
	}
	return Account{}, e
}

// Job returns the job of a name. The error is an [*Error] with advice.
func (c *Config) Job(name string) (Job, error) {
	for _, j := range c.Jobs {
		if j.Name == name {
			return j, nil
		}
	}
	all := make([]string, len(c.Jobs))
	for i, j := range c.Jobs {
		all[i] = j.Name
	}
	e := c.missing("jobs."+bareOrQuoted(name), name, all)
	e.Reason = "no such job"
	if len(all) == 0 {
		e.Advice = "there are no jobs: popherd config edit adds one, and popherd config example shows how"
	}
	return Job{}, e
}

// missing is the error for a name that is none of those that there are.
func (c *Config) missing(key, name string, all []string) *Error {
	e := &Error{Path: c.Path, Key: key, Advice: "there are " + few(all)}
	if meant := luabind.Suggest(name, all); meant != "" {
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
