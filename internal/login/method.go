package login

import (
	"fmt"
	"slices"
	"strings"
)

// A Method is a way to log in, by the name that it has in configurations.
type Method string

// The methods.
const (
	Auto            Method = "auto" // the strongest that the server offers and the credential serves
	UserPass        Method = "user-pass"
	APOP            Method = "apop"
	Plain           Method = "plain"
	LegacyLogin     Method = "login" // SASL LOGIN, never standardized
	CRAMMD5         Method = "cram-md5"
	SCRAMSHA1       Method = "scram-sha-1"
	SCRAMSHA256     Method = "scram-sha-256"
	SCRAMSHA1Plus   Method = "scram-sha-1-plus"
	SCRAMSHA256Plus Method = "scram-sha-256-plus"
	XOAUTH2         Method = "xoauth2"
	OAuthBearer     Method = "oauthbearer"
	External        Method = "external" // by the client's certificate
)

// Methods returns all methods, in the order in which people are shown them.
func Methods() []Method {
	return []Method{
		Auto, UserPass, APOP, Plain, LegacyLogin, CRAMMD5, SCRAMSHA1, SCRAMSHA256,
		SCRAMSHA1Plus, SCRAMSHA256Plus, XOAUTH2, OAuthBearer, External,
	}
}

// ParseMethod returns the method of a name, in any case. One that is not known
// is an *UnknownMethodError.
func ParseMethod(name string) (Method, error) {
	m := Method(strings.ToLower(name))
	if !slices.Contains(Methods(), m) {
		return "", &UnknownMethodError{Name: name}
	}
	return m, nil
}

// A Need is what a method needs to have of a credential.
type Need int

// The needs. Auto has NeedPassword, and takes a token just as well.
const (
	NeedNothing Need = iota
	NeedPassword
	NeedToken
)

// Needs returns what the method needs.
func (m Method) Needs() Need {
	switch m {
	case External:
		return NeedNothing
	case XOAUTH2, OAuthBearer:
		return NeedToken
	}
	return NeedPassword
}

// mechanism is the method's name in SASL, or "" for a command of RFC 1939.
func (m Method) mechanism() string {
	switch m {
	case Auto, UserPass, APOP:
		return ""
	}
	return strings.ToUpper(string(m))
}

// plus reports whether the method is bound to the connection's TLS.
func (m Method) plus() bool { return m == SCRAMSHA1Plus || m == SCRAMSHA256Plus }

// An UnknownMethodError is a name that no method has.
type UnknownMethodError struct{ Name string }

// Error implements error.
func (e *UnknownMethodError) Error() string {
	name := e.Name
	if len(name) > 40 {
		name = name[:40] + "..."
	}
	return fmt.Sprintf("login method %q: there is no such method", name)
}

// Hint names the method that was meant, or all.
func (e *UnknownMethodError) Hint() string {
	if meant := nearest(e.Name); meant != "" {
		return fmt.Sprintf("did you mean %q?", string(meant))
	}
	return "the methods are " + join(Methods())
}

// nearest returns the method that a misspelt name means, or "". Names differ
// less by their letters than by what stands between: "SCRAM_SHA256", "userpass".
func nearest(name string) Method {
	letters := bare(name)
	if len(letters) < 2 || len(letters) > 64 {
		return ""
	}
	best, least := Method(""), max(1, len(letters)/4)+1
	for _, m := range Methods() {
		if d := distance(letters, bare(string(m))); d < least {
			best, least = m, d
		}
	}
	return best
}

// bare is a name's letters and digits, in lower case.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// distance is how many letters must be inserted, removed or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost++
			}
			corner = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// join lists methods for people.
func join(methods []Method) string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = string(m)
	}
	return strings.Join(names, ", ")
}
