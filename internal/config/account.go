package config

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/internal/secret"
)

// accountKeys are the keys of an account. All but its own may stand in
// [defaults].
func accountKeys() []key[Account] {
	return []key[Account]{
		{"user", true, func(r *reader, a *Account, n *node) { a.User = r.single(n) }},
		{"host", false, func(r *reader, a *Account, n *node) { a.Host = r.host(n) }},
		{"port", false, func(r *reader, a *Account, n *node) { a.Port = int(r.whole(n, 1, 65535)) }},
		{"tls", false, func(r *reader, a *Account, n *node) { a.TLS = r.tls(n) }},
		{"auth", false, func(r *reader, a *Account, n *node) { a.Auth = r.choice(n, methods()...) }},

		{"password_env", true, func(r *reader, a *Account, n *node) { a.Secret.Env = r.variableName(n) }},
		{"password_command", true, func(r *reader, a *Account, n *node) { a.Secret.Command = r.argv(n) }},
		{"password_file", true, func(r *reader, a *Account, n *node) { a.Secret.File = r.path(n) }},
		{"password", true, func(r *reader, a *Account, n *node) { a.Secret.Literal = r.literal(n) }},
		{"keyring", false, func(r *reader, a *Account, n *node) {
			use := r.boolean(n)
			a.Secret.Keyring = &use
		}},
		{"netrc", false, func(r *reader, a *Account, n *node) { a.Secret.Netrc = r.path(n) }},
		{"oauth", false, func(r *reader, a *Account, n *node) { a.OAuth = r.oauth(n) }},

		{"ca_file", false, func(r *reader, a *Account, n *node) { a.CAFile = r.path(n) }},
		{"fingerprint", true, func(r *reader, a *Account, n *node) { a.Fingerprint = r.fingerprint(n) }},
		{"client_cert", true, func(r *reader, a *Account, n *node) { a.ClientCert = r.path(n) }},
		{"client_key", true, func(r *reader, a *Account, n *node) { a.ClientKey = r.path(n) }},
		{"min_tls", false, func(r *reader, a *Account, n *node) { a.MinTLS = r.choice(n, "1.2", "1.3") }},
		{"server_name", false, func(r *reader, a *Account, n *node) { a.ServerName = r.host(n) }},

		{"proxy", false, func(r *reader, a *Account, n *node) { a.Proxy = r.proxy(n) }},
		{"source_address", false, func(r *reader, a *Account, n *node) { a.SourceAddress = r.address(n) }},
		{"address_family", false, func(r *reader, a *Account, n *node) { a.AddressFamily = r.choice(n, "any", "ipv4", "ipv6") }},
		{"read_ahead", false, func(r *reader, a *Account, n *node) { a.ReadAhead = r.boolean(n) }},
		{"pipelining", false, func(r *reader, a *Account, n *node) {
			a.NoPipelining = n.kind == unstable.Bool && !r.boolean(n) || !r.is(n, unstable.Bool)
		}},
		{"connect_timeout", false, func(r *reader, a *Account, n *node) { a.Timeouts.Connect = r.duration(n) }},
		{"command_timeout", false, func(r *reader, a *Account, n *node) { a.Timeouts.Command = r.duration(n) }},
	}
}

// defaults reads [defaults].
func (r *reader) defaults(n *node) (a Account) {
	if n == nil || !r.isTable(n, "defaults") {
		return a
	}
	var shared []key[Account]
	for _, k := range accountKeys() {
		if k.own {
			k.read = func(r *reader, _ *Account, n *node) {
				r.faultKey(n, "is an account's own", "write it in each [accounts.NAME]")
			}
		}
		if k.name == "tls" {
			k.read = (*reader).defaultTLS
		}
		shared = append(shared, k)
	}
	read(r, n, shared, &a)
	r.sharedHost = n.child("host") != nil
	return a
}

// defaultTLS refuses to send every password in clear.
func (r *reader) defaultTLS(a *Account, n *node) {
	if a.TLS = r.tls(n); a.TLS == InsecurePlaintext {
		r.fault(n, "would send every account's password and mail in clear", "write it in the one [accounts.NAME] that cannot do better")
		a.TLS = ""
	}
}

// account reads [accounts.NAME].
func (r *reader) account(n *node, a Account) Account {
	a.Name = n.name
	if !r.isTable(n, "accounts."+bareOrQuoted(n.name)) || !r.tableName(n, names(accountKeys())) {
		return a
	}
	before := len(r.found)
	r.mergeDefaults(n, &a)
	read(r, n, accountKeys(), &a)
	if len(r.found) == before { // a key that is missing may be one that is misspelled
		r.complete(n)
	}
	if len(r.found) == before && !r.passed {
		r.agree(n, &a)
		fill(&a)
	}
	return a
}

// complete checks that there is what every account needs.
func (r *reader) complete(n *node) {
	for _, name := range []string{"user", "host"} {
		if n.child(name) == nil && (name == "user" || !r.sharedHost) {
			r.faultKey(n, "has no "+name, "add below it: "+example(name))
		}
	}
}

// fill fills in what was not given.
func fill(a *Account) {
	if a.TLS == "" {
		a.TLS = Implicit
	}
	if a.Port == 0 {
		a.Port = 110
		if a.TLS == Implicit {
			a.Port = 995
		}
	}
	if a.Auth == "" {
		a.Auth = "auto"
	}
	if a.AddressFamily == "" {
		a.AddressFamily = "any"
	}
	if a.MinTLS == "" && a.TLS != InsecurePlaintext {
		a.MinTLS = "1.2"
	}
}

// maxName is how long the name of an account or a job is at most, in octets.
const maxName = 64

// badName says what is wrong with the name of an account or a job, or "".
func badName(name string) string {
	switch {
	case name == "all":
		return `"all" means every account`
	case name == "":
		return "the name is empty"
	case len(name) > maxName:
		return "the name is longer than 64 characters"
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "":
		return "the name has other characters than a-z, 0-9, dot, hyphen and underscore"
	case name[0] == '-' || name[0] == '.':
		return "the name begins with a dot or hyphen"
	}
	return ""
}

// tableName checks the name of an account or a job, which has those keys.
func (r *reader) tableName(n *node, known []string) bool {
	if reason := badName(n.name); reason != "" {
		if n.name == "all" {
			reason = `"all" means every ` + strings.TrimSuffix(n.parent.name, "s")
		}
		lower := strings.ToLower(n.name)
		advice := "write a name such as [" + n.parent.name + map[string]string{"accounts": ".work]", "jobs": ".nightly]"}[n.parent.name]
		if badName(lower) == "" {
			advice = "write [" + n.parent.name + "." + tomlName(lower) + "]"
		}
		r.faultKey(n, reason, advice)
		return false
	}
	// [accounts.a.b] makes a table b in an account a.
	for _, child := range n.children {
		if child.isTable() && !slices.Contains(known, child.name) && !n.closed {
			r.faultKey(child, "a dot parts tables", "write ["+n.parent.name+`."`+n.name+"."+child.name+`"]`)
			return false
		}
	}
	return true
}

// alone refuses a name that differs from another's only where the variables of
// their passwords do not: one account's password would go to the other's server.
func (r *reader) alone(n *node, names map[string]string) {
	variable := secret.Variable(n.name)
	if first, ok := names[variable]; ok && first != n.name && badName(n.name) == "" {
		r.faultKey(n, "is too much like "+first+": both passwords could be in $"+variable, "rename one of them")
		return
	}
	names[variable] = n.name
}

// tomlName writes such a name in a header.
func tomlName(name string) string {
	if strings.ContainsRune(name, '.') {
		return `"` + name + `"`
	}
	return name
}

// tls reads how the connection gets TLS.
func (r *reader) tls(n *node) string {
	meant := map[string]string{"ssl": Implicit, "tls": Implicit, "ssl/tls": Implicit, "true": Implicit, "stls": StartTLS, "none": InsecurePlaintext, "no": InsecurePlaintext, "off": InsecurePlaintext, "plaintext": InsecurePlaintext, "plain": InsecurePlaintext, "false": InsecurePlaintext}[strings.ToLower(n.content)]
	switch {
	case n.kind != unstable.String && n.kind != unstable.Bool, meant == "":
		return r.choice(n, Implicit, StartTLS, InsecurePlaintext)
	case meant == InsecurePlaintext:
		r.fault(n, r.quoted(n)+" has another name here", `write "insecure-plaintext" if everybody on the way may read the password and the mail; better "implicit" or "starttls"`)
	default:
		r.fault(n, r.quoted(n)+" has another name here", "write tls = "+`"`+meant+`"`)
	}
	return ""
}

// address reads an IP address.
func (r *reader) address(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		r.fault(n, r.quoted(n)+" is not an IP address", write(n.name))
		return ""
	}
	return address.String()
}

// variableName reads the name of a variable. What is no name may be the secret
// itself, and is not repeated.
func (r *reader) variableName(n *node) string {
	text := r.single(n)
	if text != "" && !isVariable(text) {
		advice := write(n.name)
		if variables.MatchString("${" + strings.TrimLeft(text, "$") + "}") {
			advice = "write the name without $"
		}
		r.fault(n, "is not the name of a variable", advice)
		return ""
	}
	return text
}
