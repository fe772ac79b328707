package login

import (
	"errors"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// describe is an error as the stories below have it.
func describe(used Method, err error) string {
	var (
		unoffered *UnofferedError
		token     *TokenRefusedError
		challenge *ChallengeError
		protocol  *pop3.ProtocolError
		refused   *pop3.Error
	)
	switch {
	case err == nil:
		return "ok " + string(used)
	case errors.As(err, &unoffered):
		return "unoffered: " + unoffered.Hint()
	case errors.As(err, &token):
		return strings.TrimSpace("token refused " + token.Status)
	case errors.As(err, &challenge):
		return "challenge " + challenge.Reason
	case errors.As(err, &protocol):
		return "protocol: " + protocol.Reason
	case errors.As(err, &refused):
		return "refused " + string(refused.Code)
	}
	return err.Error()
}

const outlook = "S: +OK The Microsoft Exchange POP3 service is ready.\nC: CAPA\nS: +OK\nS: TOP\nS: UIDL\nS: SASL PLAIN XOAUTH2\nS: USER\nS: .\n"

// What servers say and do, word for word: no line more is sent than stands here.
func TestDialogues(t *testing.T) {
	const token, response = "C: AUTH XOAUTH2\n", "C: dXNlcj1hbm4BYXV0aD1CZWFyZXIgdDBrM24BAQ==\n"
	for _, c := range []struct {
		name   string
		method Method
		script string
		want   string
	}{
		{"Outlook takes the token in two lines", XOAUTH2, outlook + token + "S: + \n" + response + "S: +OK\n", "ok xoauth2"},
		{"Outlook refuses without a challenge", XOAUTH2, outlook + token + "S: +\n" + response + "S: -ERR Authentication failure: unknown user name or bad password.\n", "token refused"},
		{"Gmail challenges first", XOAUTH2, outlook + token + "S: + \n" + response + "S: + eyJzdGF0dXMiOiI0MDAifQ==\nC: \nS: -ERR [AUTH] Username and password not accepted.\n", "token refused 400"},
		{"out of order for now", XOAUTH2, outlook + token + "S: + \n" + response + "S: -ERR [SYS/TEMP] try later\n", "refused SYS/TEMP"},
		{"challenged, and out of order", XOAUTH2, outlook + token + "S: + \n" + response + "S: + eyJzdGF0dXMiOiI0MDAifQ==\nC: \nS: -ERR [IN-USE] locked\n", "refused IN-USE"},
		{"POP is switched off", XOAUTH2, outlook + token + "S: + \n" + response + "S: -ERR [SYS/PERM] Your account is not enabled for POP access.\n", "refused SYS/PERM"},
		{"refused before the token was sent", XOAUTH2, outlook + token + "S: -ERR Protocol error. 14\n", "refused "},
		{"challenged before the token was sent", XOAUTH2, outlook + token + "S: + eyJzdGF0dXMiOiI0MDAifQ==\nC: *\nS: -ERR\n", "pop3: AUTH XOAUTH2: a challenge came where an initial response was due"},
		{"two error challenges", XOAUTH2, outlook + token + "S: + \n" + response + "S: + e30=\nC: \nS: + e30=\nC: *\nS: -ERR\n", "challenge is one too many"},
		{"not base64", XOAUTH2, outlook + token + "S: + {\"status\":\"400\"}\nC: *\nS: -ERR\n", "pop3: AUTH XOAUTH2: the challenge is not base64"},

		{"no SASL capability", Plain, "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .\nC: AUTH PLAIN\nS: + \nC: AGFubgBzM2NyM3Q=\nS: +OK\n", "ok plain"},
		{"no CAPA", Plain, "S: +OK\nC: CAPA\nS: -ERR\nC: AUTH PLAIN\nS: + \nC: AGFubgBzM2NyM3Q=\nS: +OK\n", "ok plain"},
		{"no CAPA, no AUTH", Plain, "S: +OK\nC: CAPA\nS: -ERR\nC: AUTH PLAIN\nS: -ERR\n", "refused "},
		{"an empty SASL capability", Plain, "S: +OK\nC: CAPA\nS: +OK\nS: SASL\nS: .\nC: AUTH PLAIN\nS: + \nC: AGFubgBzM2NyM3Q=\nS: +OK\n", "ok plain"},
		{"another case", Plain, "S: +OK\nC: CAPA\nS: +OK\nS: sasl plain\nS: .\nC: AUTH PLAIN AGFubgBzM2NyM3Q=\nS: +OK\n", "ok plain"},
		{"EXTERNAL in two lines", External, "S: +OK\nC: CAPA\nS: -ERR\nC: AUTH EXTERNAL\nS: + \nC: YW5u\nS: +OK\n", "ok external"},
		{"LOGIN with prompts of its own", LegacyLogin, "S: +OK\nC: CAPA\nS: +OK\nS: SASL LOGIN\nS: .\nC: AUTH LOGIN\nS: + VXNlciBOYW1lAA==\nC: YW5u\nS: + UGFzc3dvcmQA\nC: czNjcjN0\nS: +OK\n", "ok login"},
		{"LOGIN without prompts", LegacyLogin, "S: +OK\nC: CAPA\nS: +OK\nS: SASL LOGIN\nS: .\nC: AUTH LOGIN\nS: +\nC: YW5u\nS: +\nC: czNjcjN0\nS: +OK\n", "ok login"},
		{"CRAM-MD5 without a challenge", CRAMMD5, "S: +OK\nC: CAPA\nS: +OK\nS: SASL CRAM-MD5\nS: .\nC: AUTH CRAM-MD5\nS: + \nC: *\nS: -ERR\n", "challenge is empty"},
		{"CRAM-MD5 challenged twice", CRAMMD5, "S: +OK\nC: CAPA\nS: +OK\nS: SASL CRAM-MD5\nS: .\nC: AUTH CRAM-MD5\nS: + PDE+\nC: \\*\nS: + PDI+\nC: *\nS: -ERR\n", "challenge is one too many"},
		{"cancelled, and logged in", CRAMMD5, "S: +OK\nC: CAPA\nS: +OK\nS: SASL CRAM-MD5\nS: .\nC: AUTH CRAM-MD5\nS: + \nC: *\nS: +OK\n", "protocol: a cancelled exchange was not refused"},
		{"SCRAM refused with the proof", SCRAMSHA256, "S: +OK\nC: CAPA\nS: +OK\nS: SASL SCRAM-SHA-256\nS: .\nC: AUTH SCRAM-SHA-256 \\*\nS: -ERR [AUTH] no\n", "refused AUTH"},

		{"not offered", CRAMMD5, outlook, `unoffered: the server offers xoauth2, plain, user-pass; set auth to one of these, or to "auto"`},
		{"APOP not offered", APOP, outlook, `unoffered: the server offers xoauth2, plain, user-pass; set auth to one of these, or to "auto"`},
		{"a timestamp that is none", APOP, "S: +OK <a b> \nC: CAPA\nS: -ERR\n", `unoffered: the server offers user-pass; set auth to one of these, or to "auto"`},
		{"nothing known is offered", Plain, "S: +OK\nC: CAPA\nS: +OK\nS: SASL GSSAPI NTLM\nS: .\n", "unoffered: the server offers no method that popherd knows"},

		{"auto: no CAPA", Auto, "S: +OK\nC: CAPA\nS: -ERR\nC: USER ann\nS: +OK\nC: PASS s3cr3t\nS: +OK\n", "ok user-pass"},
		{"auto: no SASL", Auto, "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .\nC: USER ann\nS: +OK\nC: PASS s3cr3t\nS: +OK\n", "ok user-pass"},
		{"auto: APOP in the clear", Auto, "S: +OK <1@x>\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN\nS: .\nC: APOP ann \\*\nS: +OK\n", "ok apop"},
		{"auto: APOP refused, nothing weaker", Auto, "S: +OK <1@x>\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN\nS: .\nC: APOP ann \\*\nS: -ERR\n", "refused "},
		{"auto: challenge refused, nothing weaker", Auto, "S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN CRAM-MD5\nS: .\nC: AUTH CRAM-MD5\nS: + PDE+\nC: \\*\nS: -ERR\n", "refused "},
		{"auto: USER is not offered", Auto, "S: +OK\nC: CAPA\nS: +OK\nS: SASL NTLM\nS: .\n", "unoffered: the server offers no method that popherd knows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cred := Credential{User: "ann"}
			switch c.method.Needs() {
			case NeedPassword:
				cred.Password = secret.New("s3cr3t")
			case NeedToken:
				cred.Token = secret.New("t0k3n")
			}
			if got := describe(Login(t.Context(), play(t, c.script), c.method, cred)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// Without TLS, and without permission, nothing is sent but CAPA.
func TestPlaintextIsRefused(t *testing.T) {
	for _, m := range explicit() {
		if m.plus() || m == External {
			continue
		}
		script := "S: +OK <1@x>\n"
		if m.mechanism() != "" {
			script += "C: CAPA\nS: +OK\nS: SASL " + m.mechanism() + "\nS: .\n"
		}
		c, err := pop3.NewClient(t.Context(), pop3test.Play(t, script), pop3test.Host, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := Login(t.Context(), c, m, credential(m)); !errors.Is(err, pop3.ErrPlaintext) {
			t.Errorf("%s: got %v, want ErrPlaintext", m, err)
		}
	}
}
