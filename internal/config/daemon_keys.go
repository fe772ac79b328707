package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/secret"
)

// tokens are the keys that say what the token of the status page is.
var tokens = []string{"token", "token_file", "token_env"}

// daemonKeys are the keys of [daemon].
func daemonKeys() []key[Daemon] {
	return []key[Daemon]{
		{"db", false, func(r *reader, d *Daemon, n *node) { r.database(n, d) }},
		{"listen", false, func(r *reader, d *Daemon, n *node) { d.Listen = r.listen(n) }},
		{"token", false, func(r *reader, d *Daemon, n *node) {
			d.Token.Literal = r.literal(n)
			if !d.Token.Literal.IsZero() && len(d.Token.Literal.Reveal()) < minToken {
				r.fault(n, shortToken, adviceToken)
			}
		}},
		{"token_file", false, func(r *reader, d *Daemon, n *node) { d.Token.File = r.path(n) }},
		{"token_env", false, func(r *reader, d *Daemon, n *node) { d.Token.Env = r.variableName(n) }},
		{"workers", false, func(r *reader, d *Daemon, n *node) { d.Workers = int(r.whole(n, 1, 1000)) }},
		{"history_days", false, func(r *reader, d *Daemon, n *node) { d.HistoryDays = int(r.whole(n, 1, 36500)) }},
	}
}

// daemon reads [daemon], which may not be there.
func (r *reader) daemon(n *node) Daemon {
	d := Daemon{Listen: defaultListen, Workers: defaultWorkers, HistoryDays: defaultHistoryDays}
	if n == nil || !r.isTable(n, "daemon") {
		return d
	}
	before := len(r.found)
	read(r, n, daemonKeys(), &d)
	if len(r.found) > before {
		return d
	}
	first := ""
	for _, name := range tokens {
		switch source := n.child(name); {
		case source == nil:
		case first != "":
			r.faultKey(source, "is not used, because "+first+" is", "remove one of them")
			return d
		default:
			first = name
		}
	}
	if host, _ := splitAddress(d.Listen); first == "" && d.Listen != "" && !loopback(host) {
		r.fault(n.child("listen"), "is open to other machines, and there is no token", "add "+example("token_file")+`, or write listen = "`+defaultListen+`"`)
	}
	return d
}

// splitAddress parts HOST:PORT or [ADDRESS]:PORT; the port is "" if there is none.
func splitAddress(text string) (host, port string) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return text, ""
	}
	host, port = text[:at], text[at+1:]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return host, port
}

// listen reads the address of the status page; "" is one that says none.
func (r *reader) listen(n *node) string {
	if n.kind == unstable.String && n.content == "" {
		return ""
	}
	text := r.single(n)
	if text == "" {
		return ""
	}
	if strings.Contains(text, "/") {
		r.fault(n, r.quoted(n)+" is more than a host and a port", write(n.name))
		return ""
	}
	host, port := splitAddress(text)
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(number, 10) != port {
		r.fault(n, r.quoted(n)+" has no port from 0 to 65535", write(n.name))
		return ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		if strings.Contains(host, ":") && text[0] != '[' {
			r.fault(n, r.quoted(n)+" does not tell the address from the port", "write "+n.name+` = "[`+host+`]:`+port+`"`)
			return ""
		}
		return text
	}
	if _, err := policy.ParseNamedHosts(host); err != nil || strings.ContainsAny(host, ", :[]") {
		r.fault(n, r.quoted(n)+" has no host", write(n.name)+`, or "0.0.0.0:`+port+`" for all that reach this machine`)
		return ""
	}
	return text
}

// database reads where the state of jobs is: a path, or a URL of PostgreSQL.
func (r *reader) database(n *node, d *Daemon) {
	text := r.single(n)
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case text == "":
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		r.postgres(n, d, text)
	case isURL, strings.HasPrefix(text, "file:"), strings.HasPrefix(text, "sqlite:"):
		r.fault(n, "is neither a path nor a URL of PostgreSQL", `write `+example(n.name)+` for a SQLite file, or db = "postgres://HOST/NAME?sslmode=verify-full"`)
	case strings.HasPrefix(text, ":memory"):
		r.fault(n, "would be forgotten at the end", write(n.name))
	case strings.Contains(text, "host="), strings.Contains(text, "dbname="):
		r.fault(n, "is a list of settings, which is not read here", `write db = "postgres://HOST/NAME?sslmode=verify-full"`)
	case strings.HasSuffix(text, "/"):
		r.fault(n, r.quoted(n)+" is a folder, not a file", write(n.name))
	default:
		d.DB = r.absolute(n, text)
	}
}

// postgres reads a URL of PostgreSQL, and takes the password out of it.
func (r *reader) postgres(n *node, d *Daemon, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" {
		r.fault(n, "is not a URL", "write the odd characters of user and password as % and two hexadecimal digits")
		return
	}
	query := u.Query()
	switch {
	case query.Has("password") || query.Has("sslpassword"):
		r.fault(n, "has a password among its settings, where it would be shown", "write it into ~/.pgpass, of mode 0600")
		return
	case !local(u) && !slices.Contains([]string{"disable", "require", "verify-ca", "verify-full"}, query.Get("sslmode")):
		// libpq's default goes on in clear where there is no TLS.
		r.fault(n, "does not demand TLS of another machine", "add ?sslmode=verify-full to it; with disable everybody on the way may read along")
		return
	}
	if password, has := u.User.Password(); has {
		// The variables are empty here: what is left stands in the file.
		u, err := url.Parse(variables.ReplaceAllString(n.content, ""))
		if err != nil || hasText(u) {
			r.closed(n)
		}
		d.Password = secret.New(password)
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
		text = u.String()
	}
	d.DB = text
}

// hasText reports whether a URL has a password that is not empty.
func hasText(u *url.URL) bool {
	password, _ := u.User.Password()
	return password != ""
}

// local reports whether a database is on this machine: by loopback, or by a
// socket in a folder, which is what no host at all means.
func local(u *url.URL) bool {
	host := cmp.Or(u.Query().Get("host"), u.Hostname())
	return host == "" || strings.HasPrefix(host, "/") || loopback(host)
}
