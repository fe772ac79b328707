package config

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/popherd/popherd/internal/secret"
)

// Daemon is how jobs are run. Without a file it is the zero value; else
// defaults are filled in.
type Daemon struct {
	// DB is where the state of jobs is: a SQLite file, absolute, or a postgres://
	// URL without its password. "" is jobs.db in the state folder.
	DB       string
	Password secret.Secret `json:"-"` // of DB; zero if the file says none: PostgreSQL's own places count then

	// Listen is the address of the status page: HOST:PORT, where port 0 is a free
	// one; "" for none. Beyond this machine there is a Token.
	Listen string
	Token  secret.Sources `json:"-"` // of the page: Literal, File or Env. FindToken reads it

	Workers     int // runs at once, on this machine
	HistoryDays int // after which runs are forgotten
}

// What a file says that says nothing of it.
const (
	defaultListen      = "127.0.0.1:8025"
	defaultWorkers     = 8
	defaultHistoryDays = 90
)

// Database is DB with its password, for whoever opens it.
func (d Daemon) Database() secret.Secret {
	u, err := url.Parse(d.DB)
	if err != nil || d.Password.IsZero() {
		return secret.New(d.DB)
	}
	u.User = url.UserPassword(u.User.Username(), d.Password.Reveal())
	return secret.New(u.String())
}

// minToken is how long a token is at least, in octets: less can be tried out.
const minToken = 16

// FindToken returns the token of the status page, zero if there is none. It is
// found when a daemon begins, for nobody else needs its file or its variable. A
// file that others can read is refused, and so is a short token.
func (d Daemon) FindToken(ctx context.Context, getenv func(string) string) (secret.Secret, error) {
	if d.Token.Env == "" && d.Token.File == "" && d.Token.Literal.IsZero() {
		return secret.Secret{}, nil
	}
	// Without a name no other source is asked.
	finder := &secret.Finder{Getenv: getenv}
	found, err := finder.Find(ctx, secret.Wanted{Sources: d.Token})
	var wrong *secret.Error
	switch {
	case errors.As(err, &wrong):
		return secret.Secret{}, fmt.Errorf("daemon: token: %s: %w", wrong.Source, wrong.Err)
	case err != nil:
		return secret.Secret{}, fmt.Errorf("daemon: token: %w", err)
	case len(found.Secret.Reveal()) < minToken:
		return secret.Secret{}, &Error{Key: "daemon.token", Reason: shortToken, Advice: adviceToken}
	}
	return found.Secret, nil
}

const (
	shortToken  = "is so short that it can be guessed"
	adviceToken = "take 16 characters or more, as from: openssl rand -hex 16"
)
