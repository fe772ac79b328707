package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
)

// named has accounts of these names.
func named(names ...string) *config.Config {
	c := &config.Config{Path: "config.toml"}
	for _, name := range names {
		c.Accounts = append(c.Accounts, config.Account{Name: name})
	}
	return c
}

func TestSelect(t *testing.T) {
	c := named("work-a", "home", "work-b")
	for _, tt := range []struct{ patterns, want string }{
		{"home", "home"},
		{"work-b home", "home work-b"},
		{"work-*", "work-a work-b"},
		{"work-? home home all", "work-a home work-b"},
		{"all", "work-a home work-b"},
		{"[gh]ome", "home"},
		{"", ""},
	} {
		accounts, err := c.Select(strings.Fields(tt.patterns))
		var got []string
		for _, a := range accounts {
			got = append(got, a.Name)
		}
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %v, %v, want %s", tt.patterns, got, err, tt.want)
		}
	}
}

func TestSelectTellsWhatThereIs(t *testing.T) {
	some, none := named("work", "home"), named()
	for _, tt := range []struct {
		c             *config.Config
		pattern       string
		message, hint string
	}{
		{some, "wrok", "config config.toml: accounts.wrok: no such account", `did you mean "work"?`},
		{some, "gmail", "config config.toml: accounts.gmail: no such account", "there are work, home"},
		{some, "x*", `config config.toml: "x*": no account is called so`, "popherd accounts list shows their names"},
		{some, "[x", `config config.toml: "[x": is not a pattern`, `as in "work-*" or "all"`},
		{none, "work", "config config.toml: accounts.work: no such account", "there are no accounts: popherd init makes one"},
		{none, "all", `config config.toml: "all": no account is called so`, "there are no accounts: popherd init makes one"},
		{some, "\x1b*", `config config.toml: "\x1b*": no account is called so`, "popherd accounts list shows their names"},
	} {
		accounts, err := tt.c.Select([]string{"all", tt.pattern})
		if tt.c == none {
			accounts, err = tt.c.Select([]string{tt.pattern})
		}
		var fault *config.Error
		if !errors.As(err, &fault) || fault.Error() != tt.message || fault.Hint() != tt.hint || accounts != nil {
			t.Errorf("%q: got %v, %v, want %s, %s", tt.pattern, err, fault.Hint(), tt.message, tt.hint)
		}
	}
	if a, err := some.Account("home"); err != nil || a.Name != "home" {
		t.Errorf("got %v, %v", a.Name, err)
	}
	// A name is taken as it is.
	if _, err := some.Account("*"); err == nil {
		t.Error("got an account called *")
	}
}
