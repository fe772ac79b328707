package pop3server

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/popherd/popherd/pop3"
)

// passwordsAllowed reports whether a password may cross the connection.
func (c *conn) passwordsAllowed() bool { return c.secure() || c.server.InsecureAllowAuth }

// needTLS refuses a command that would show a password.
func (c *conn) needTLS() error { return c.wrong("not without TLS, give STLS first") }

// userCommand answers USER (RFC 1939 §7): always alike, whether or not there
// is such a user.
func (c *conn) userCommand(name string) error {
	switch {
	case !c.passwordsAllowed():
		return c.needTLS()
	case name == "":
		return c.wrong("a name is wanted")
	}
	c.user = name
	c.ok("now give PASS")
	return nil
}

// pass answers PASS (RFC 1939 §7), whose argument is the rest of the line,
// blanks included.
func (c *conn) pass(password string) error {
	user := c.user
	c.user = ""
	switch {
	case !c.passwordsAllowed():
		return c.needTLS()
	case user == "":
		return c.wrong("give USER first")
	}
	return c.loginPassword("PASS", user, password)
}

// loginPassword logs in by a password. An empty one never reaches a session,
// since there are backends that take it for a guest's.
func (c *conn) loginPassword(op, user, password string) error {
	return c.login(op, user, func() error {
		if user == "" || password == "" {
			return ErrAuth
		}
		return c.session.Login(c.ctx, user, password)
	})
}

// apop answers APOP (RFC 1939 §7): a name, and the MD5 of the greeting's
// timestamp and a shared secret.
func (c *conn) apop(arg string) error {
	session, ok := c.session.(SessionAPOP)
	if !ok {
		return c.wrong("unknown command")
	}
	end := strings.LastIndexByte(arg, ' ')
	if end < 1 || len(arg)-end-1 != hex.EncodedLen(md5.Size) {
		return c.wrong("a name and a digest are wanted")
	}
	user, digest := arg[:end], arg[end+1:]
	return c.login("APOP", user, func() error {
		return session.LoginAPOP(c.ctx, user, func(secret string) bool {
			sum := md5.Sum([]byte(c.stamp + secret))
			want := hex.EncodeToString(sum[:])
			return secret != "" && subtle.ConstantTimeCompare([]byte(digest), []byte(want)) == 1
		})
	})
}

// login tries to log in and to open the maildrop.
func (c *conn) login(op, user string, try func() error) error {
	if err := try(); err != nil {
		c.refuse(op, err)
		c.logins++
		if limit := orDefault(c.server.MaxLogins, 5); limit >= 0 && c.logins >= limit {
			return errLogins
		}
		return nil
	}
	if err := c.open(); err != nil {
		c.refuse(op, err)
		return err // the session is logged in, but of no use
	}
	c.stream.login = time.Time{}
	c.transaction.Store(true)
	c.log(slog.LevelInfo, "logged in", "command", op, "user", user, "tls", c.secure())
	c.ok("maildrop has " + c.drop.String())
	return nil
}

// open lists the maildrop of a session that has just logged in.
func (c *conn) open() error {
	if session, ok := c.session.(SessionUTF8); ok && c.utf8 {
		if err := session.UTF8(c.ctx); err != nil {
			return err
		}
	}
	messages, err := c.session.List(c.ctx)
	if err != nil {
		return err
	}
	if c.drop, err = newDrop(messages); err != nil {
		return &Error{Code: pop3.CodeSysPerm, Text: "the maildrop cannot be served", Err: fmt.Errorf("list: %w", err)}
	}
	return nil
}
