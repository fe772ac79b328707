package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// A Reach is how accounts are reached. None of its functions asks a person.
type Reach struct {
	// Secret says where an account's password or token is. It fails with a
	// *secret.NotFoundError if that is nowhere.
	Secret func(ctx context.Context, a config.Account) (source string, err error)
	// Lookup returns the addresses of a host.
	Lookup func(ctx context.Context, host string) ([]string, error)
	// Connect opens a session, with TLS as the account says; nobody is logged
	// in. nil: the network is left alone.
	Connect func(ctx context.Context, a config.Account) (*pop3.Client, error)
	// Login logs in. refused says that the server refused the last token.
	Login func(ctx context.Context, a config.Account, c *pop3.Client, refused bool) (login.Method, error)
	Now   func() time.Time
	Limit time.Duration // of the look at one account
}

// OfAccount looks at an account: its secret, its files, its server, its login,
// and what the server can do.
func OfAccount(a config.Account, r Reach) Check {
	return Check{kind: Account, name: a.Name, limit: r.Limit, look: func(ctx context.Context, n *notes) {
		v := &visit{account: a, Reach: r, notes: n}
		sound := v.files()
		ready := v.secret(ctx)
		if r.Connect == nil {
			n.info("network", "left alone (--no-network)", "")
			return
		}
		v.lookup(ctx)
		if !sound {
			n.info("connect", "not tried without the files that the account names", "")
			return
		}
		v.examine(ctx, ready)
	}}
}

// A visit is one look at an account.
type visit struct {
	Reach
	*notes
	account config.Account

	connected bool // there was a session
	entered   bool // the login was tried, and what came of it noted
	barred    bool // it failed
	refused   bool // the server refused the last token
}

// failed is notes.failed without the account's name.
func (v *visit) failed(check string, err error, advice string) {
	v.fail(check, ofAccount(v.account.Name, err), cmp.Or(hintOf(err), advice))
}

// files looks at the files that the account names, and reports whether popherd
// takes them.
func (v *visit) files() bool {
	a, sound := v.account, true
	for _, f := range []struct {
		check, path string
		private     bool
	}{
		{"ca_file", a.CAFile, false},
		{"client_cert", a.ClientCert, a.ClientKey == ""},
		{"client_key", a.ClientKey, true},
	} {
		if f.path != "" && !v.readable(f.check, f.path, f.private) {
			sound = false
		}
	}
	return sound
}

// readable looks whether a file can be read, and by whom.
func (n *notes) readable(check, path string, private bool) bool {
	file, err := os.Open(path)
	var found fs.FileInfo
	if err == nil {
		defer file.Close()
		found, err = file.Stat()
	}
	switch {
	case err != nil:
		n.fail(check, path+": "+reason(err), "name a file that the user who runs popherd can read")
	case hasModes && private && found.Mode().Perm()&0o077 != 0:
		n.fail(check, fmt.Sprintf("%s has a private key, and others can read it (mode %04o)", path, found.Mode().Perm()), "chmod 600 "+path)
	default:
		n.ok(check, path+" can be read")
		return true
	}
	return false
}

// secret says where the secret is, and reports whether one can log in with it.
func (v *visit) secret(ctx context.Context) (ready bool) {
	what := "password"
	if v.account.OAuth != nil {
		what = "token"
	}
	if login.Method(v.account.Auth).Needs() == login.NeedNothing {
		v.ok("password", "the login needs none")
		return true
	}
	source, err := v.Secret(ctx, v.account)
	var refused *secret.Error
	var missing *secret.NotFoundError
	switch {
	case err == nil:
		v.ok(what, "from "+source)
		return true
	case errors.As(err, &missing):
		text := "is kept nowhere: popherd asks for it, and without a terminal it cannot log in"
		if len(missing.Tried) > 0 {
			text += "; looked in " + strings.Join(missing.Tried, ", ")
		}
		v.warn(what, text, hintOf(err))
	case errors.As(err, &refused): // without the account's name, which is said above
		v.fail(what, refused.Source+": "+refused.Err.Error(), cmp.Or(refused.Hint(), "popherd config edit changes where it is looked for"))
	default:
		v.failed(what, err, "")
	}
	return false
}

// lookup says which addresses the server has.
func (v *visit) lookup(ctx context.Context) {
	host := v.account.Host
	if _, err := netip.ParseAddr(host); err == nil {
		return
	}
	if v.account.Proxy != "" {
		v.info("name", host+" is looked up by the proxy", "")
		return
	}
	addresses, err := v.Lookup(ctx, host)
	if err != nil {
		v.fail("name", host+": "+withoutHost(err, host), "see whether host is spelt right, and whether this machine is online")
		return
	}
	var v4, v6 int
	for _, text := range addresses {
		if ip, err := netip.ParseAddr(text); err == nil && ip.Unmap().Is4() {
			v4++
		} else {
			v6++
		}
	}
	text := fmt.Sprintf("%s has %d IPv4 and %d IPv6", host, v4, v6)
	switch family := v.account.AddressFamily; {
	case family == "ipv4" && v4 == 0 || family == "ipv6" && v6 == 0:
		v.fail("name", text+", but address_family is "+family, "take address_family out")
	default:
		v.ok("name", text+" "+addressWord(v4+v6))
	}
}

func addressWord(n int) string {
	if n == 1 {
		return "address"
	}
	return "addresses"
}

// withoutHost is an error of a resolver without the name, which is said before.
func withoutHost(err error, host string) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), "lookup "), host+": ")
}
