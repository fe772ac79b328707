package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/secret"
)

// A pair is a key of the configuration and its value, secrets left out.
type pair struct {
	key   string
	value any
}

// accountPairs are what is set for an account, by the configuration's keys.
func accountPairs(a config.Account) []pair {
	pairs := []pair{{"name", a.Name}, {"user", a.User}, {"host", a.Host}, {"port", a.Port}, {"tls", a.TLS}, {"auth", a.Auth}}
	pairs = append(pairs, secretPairs(a)...)
	pairs = append(pairs, oauthPairs(a.OAuth)...)
	pairs = append(pairs,
		pair{"ca_file", a.CAFile}, pair{"fingerprint", a.Fingerprint}, pair{"client_cert", a.ClientCert}, pair{"client_key", a.ClientKey},
		pair{"min_tls", a.MinTLS}, pair{"server_name", a.ServerName}, pair{"proxy", host.WithoutPassword(a.Proxy)},
		pair{"source_address", a.SourceAddress}, pair{"address_family", a.AddressFamily})
	pairs = append(pairs,
		pair{"read_ahead", a.ReadAhead}, pair{"pipelining", !a.NoPipelining},
		pair{"connect_timeout", cmp.Or(a.Timeouts.Connect, policy.DefaultConnect).String()},
		pair{"command_timeout", cmp.Or(a.Timeouts.Command, policy.DefaultCommand).String()})
	return onlySet(pairs)
}

// secretPairs say where an account's secret is, and never what it is.
func secretPairs(a config.Account) []pair {
	s := a.Secret
	pairs := []pair{{"password_env", s.Env}, {"password_file", s.File}, {"netrc", s.Netrc}}
	if len(s.Command) > 0 {
		// Its arguments may hold a secret, though they should not.
		pairs = append(pairs, pair{"password_command", s.Command[0] + arguments(len(s.Command)-1)})
	}
	if s.Keyring != nil {
		pairs = append(pairs, pair{"keyring", *s.Keyring})
	}
	if len(onlySet(pairs)) == 0 && s.Literal.IsZero() && a.OAuth == nil && a.Auth != string(login.External) {
		pairs = append(pairs, pair{"password_in", "in $" + secret.Variable(a.Name) + ", the keyring, secrets/" + a.Name + ", netrc, or asked for"})
	}
	return append(pairs, pair{"password", s.Literal.String()})
}

func arguments(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " (1 argument)"
	}
	return fmt.Sprintf(" (%d arguments)", n)
}

func oauthPairs(o *config.OAuth) []pair {
	if o == nil {
		return nil
	}
	pairs := []pair{
		{"oauth.provider", o.Provider}, {"oauth.client_id", o.ClientID}, {"oauth.client_secret", o.ClientSecret.String()},
		{"oauth.device_url", o.DeviceURL}, {"oauth.auth_url", o.AuthURL}, {"oauth.token_url", o.TokenURL},
		{"oauth.scopes", strings.Join(o.Scopes, " ")},
	}
	if len(o.TokenCommand) > 0 {
		pairs = append(pairs, pair{"oauth.token_command", o.TokenCommand[0] + arguments(len(o.TokenCommand)-1)})
	}
	return pairs
}

// onlySet are the pairs that have a value.
func onlySet(pairs []pair) []pair {
	var set []pair
	for _, p := range pairs {
		if p.value != "" {
			set = append(set, p)
		}
	}
	return set
}

// writePairs writes pairs for people, or for programs.
func (sh *shell) writePairs(pairs []pair, format string) error {
	if format == "json" {
		return sh.writeJSON(mapOf(pairs))
	}
	_, err := io.WriteString(output{sh.Stdout}, linesOf(pairs, ""))
	return err
}

func mapOf(pairs []pair) map[string]any {
	m := map[string]any{}
	for _, p := range pairs {
		m[p.key] = p.value
	}
	return m
}

// linesOf are pairs, one under the other.
func linesOf(pairs []pair, indent string) string {
	width := 0
	for _, p := range pairs {
		width = max(width, len(p.key))
	}
	var b strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&b, "%s%s  %s\n", indent, text.Pad(p.key, width, ' '), clean(fmt.Sprint(p.value)))
	}
	return b.String()
}
