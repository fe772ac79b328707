package login

import (
	"slices"
	"testing"

	"github.com/popherd/popherd/pop3"
)

func TestParseMethod(t *testing.T) {
	for _, m := range Methods() {
		if got, err := ParseMethod(string(m)); err != nil || got != m {
			t.Errorf("%s: got %q, %v", m, got, err)
		}
	}
	if got, err := ParseMethod("SCRAM-SHA-256"); err != nil || got != SCRAMSHA256 {
		t.Errorf("in upper case: got %q, %v", got, err)
	}
	all := "the methods are auto, user-pass, apop, plain, login, cram-md5, scram-sha-1, scram-sha-256, scram-sha-1-plus, scram-sha-256-plus, xoauth2, oauthbearer, external"
	for name, want := range map[string]string{
		"userpass":               `did you mean "user-pass"?`,
		"user_pass":              `did you mean "user-pass"?`,
		"plin":                   `did you mean "plain"?`,
		"autom":                  `did you mean "auto"?`,
		"xoauth":                 `did you mean "xoauth2"?`,
		"oauth-bearer":           `did you mean "oauthbearer"?`,
		"SCRAM_SHA256":           `did you mean "scram-sha-256"?`,
		"scram-sha256-plus":      `did you mean "scram-sha-256-plus"?`,
		"cram":                   all,
		"ntlm":                   all,
		"":                       all,
		"x\x1b]0;" + pattern(90): all,
	} {
		_, err := ParseMethod(name)
		unknown, ok := err.(*UnknownMethodError)
		if !ok {
			t.Errorf("%q: got %v, want an error", name, err)
			continue
		}
		if got := unknown.Hint(); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
		if text := unknown.Error(); len(text) > 100 {
			t.Errorf("%q: got %q, too long", name, text)
		}
	}
}

func TestOffered(t *testing.T) {
	gmail := pop3.Capabilities{"USER": {}, "SASL": {"PLAIN", "XOAUTH2", "OAUTHBEARER"}}
	for _, c := range []struct {
		name     string
		caps     pop3.Capabilities
		greeting string
		tls      bool
		want     []Method
	}{
		{"Gmail", gmail, "+OK Gpop ready", true, []Method{OAuthBearer, XOAUTH2, Plain, UserPass}},
		{"no CAPA", nil, "+OK", true, []Method{UserPass}},
		{"no CAPA, APOP", nil, "+OK <1@x>", true, []Method{UserPass, APOP}},
		{"APOP in the clear", nil, "+OK <1@x>", false, []Method{APOP, UserPass}},
		{"PLUS in the clear", pop3.Capabilities{"SASL": {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}}, "+OK", false, []Method{SCRAMSHA256}},
		{"PLUS", pop3.Capabilities{"SASL": {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}}, "+OK", true, []Method{SCRAMSHA256Plus, SCRAMSHA256}},
		{"foreign", pop3.Capabilities{"SASL": {"NTLM"}}, "+OK", true, nil},
		{"other case", pop3.Capabilities{"Sasl": {"Plain"}, "user": {}}, "+OK", true, []Method{Plain, UserPass}},
	} {
		if got := offered(c.caps, c.greeting, c.tls); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
