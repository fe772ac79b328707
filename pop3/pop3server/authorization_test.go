package pop3server_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAuthPlain(t *testing.T) {
	good := b64("\x00ann\x00secret")
	tests := map[string]string{
		"initial response":   "C: AUTH PLAIN " + good + "\nS: +OK maildrop has 3 messages (84 octets)",
		"any case":           "C: auth plain " + good + "\nS: +OK...",
		"challenge":          "C: AUTH PLAIN\nS: + \nC: " + good + "\nS: +OK maildrop...",
		"own identity":       "C: AUTH PLAIN " + b64("ann\x00ann\x00secret") + "\nS: +OK...",
		"another's identity": "C: AUTH PLAIN " + b64("root\x00ann\x00secret") + "\nS: -ERR [AUTH]...",
		"wrong password":     "C: AUTH PLAIN " + b64("\x00ann\x00wrong") + "\nS: -ERR [AUTH]...",
		"empty password":     "C: AUTH PLAIN " + b64("\x00ann\x00") + "\nS: -ERR [AUTH]...",
		"empty user":         "C: AUTH PLAIN " + b64("\x00\x00secret") + "\nS: -ERR [AUTH]...",
		"empty response":     "C: AUTH PLAIN =\nS: -ERR not a PLAIN response",
		"one NUL":            "C: AUTH PLAIN " + b64("ann\x00secret") + "\nS: -ERR not a PLAIN response",
		"three NULs":         "C: AUTH PLAIN " + b64("\x00ann\x00secret\x00") + "\nS: -ERR not a PLAIN response",
		"control in user":    "C: AUTH PLAIN " + b64("\x00a\nn\x00secret") + "\nS: -ERR not a PLAIN response",
		"not base64":         "C: AUTH PLAIN ????\nS: -ERR not base64",
		"no padding":         "C: AUTH PLAIN " + strings.TrimRight(b64("\x00ann\x00secret"), "=") + "\nS: -ERR not base64",
		"loose last bits":    "C: AUTH PLAIN AGFubgBzZWNyZXR=\nS: -ERR not base64",
		"cancel":             "C: AUTH PLAIN\nS: + \nC: *\nS: -ERR cancelled\nC: CAPA\nS: +OK...",
		"no mechanism":       "C: AUTH\nS: -ERR a mechanism is wanted",
		"unknown mechanism":  "C: AUTH CRAM-MD5\nS: -ERR unknown mechanism",
		"too many words":     "C: AUTH PLAIN a b\nS: -ERR a mechanism is wanted",
	}
	for name, dialogue := range tests {
		t.Run(name, func(t *testing.T) {
			p := connect(t, start(t, plainServer(three())))
			p.play("S: +OK...")
			p.play(dialogue)
		})
	}
}

// A response may be far longer than a command line (RFC 5034 §4), but not
// without end.
func TestAuthPlainLengths(t *testing.T) {
	password := strings.Repeat("p", 4000)
	m := pop3server.NewMemory("ann", password)
	l := start(t, plainServer(m))

	p := connect(t, l)
	p.play("S: +OK...\nC: AUTH PLAIN\nS: + ")
	p.play("C: " + b64("\x00ann\x00"+password) + "\nS: +OK...")

	p = connect(t, l)
	p.play("S: +OK...\nC: AUTH PLAIN\nS: + ")
	p.play("C: " + strings.Repeat("A", 12292) + "\nS: -ERR the command line is too long\nS: EOF")
}

func TestPasswordsNeedTLS(t *testing.T) {
	s := &pop3server.Server{NewSession: three().NewSession}
	s.Timestamp = func() string { return "<1896.697170952@dbc.mtview.ca.us>" }
	p := connect(t, start(t, s))
	p.play(`
		S: +OK...
		C: USER ann
		S: -ERR not without TLS, give STLS first
		C: PASS secret
		S: -ERR not without TLS, give STLS first
		C: AUTH PLAIN ` + b64("\x00ann\x00secret") + `
		S: -ERR not without TLS, give STLS first
		C: AUTH PLAIN
		S: -ERR not without TLS, give STLS first
		C: CAPA
		S: +OK...
	`)
	if text := p.text(); strings.Contains(text, "USER") || strings.Contains(text, "SASL") {
		t.Errorf("passwords offered without TLS: %q", text)
	}
}

// Passwords have blanks, and 8-bit octets, as they were sent.
func TestPasswordOctetForOctet(t *testing.T) {
	const password = "  two  blanks \xff "
	p := connect(t, start(t, plainServer(pop3server.NewMemory("a b", password))))
	p.play("S: +OK...\nC: USER a b\nS: +OK...")
	p.send("PASS " + password)
	p.await("+OK maildrop has 0 messages (0 octets)")
}

func TestFailedLoginsAreBounded(t *testing.T) {
	s := plainServer(three())
	s.MaxLogins = 3
	p := connect(t, start(t, s))
	p.play("S: +OK...")
	for range 3 {
		p.play("C: NOPE\nS: -ERR...\nC: CAPA\nS: +OK...") // does not take failures back
		p.text()
		p.play("C: AUTH PLAIN " + b64("\x00ann\x00guess") + "\nS: -ERR [AUTH]...")
	}
	p.play("S: EOF")
}

type coded struct{ code string }

func (e coded) Error() string        { return "text\r\n+OK of " + e.code }
func (e coded) ResponseCode() string { return e.code }

func TestSessionErrors(t *testing.T) {
	wrapped := &pop3server.Error{Code: "SYS/PERM", Text: "quota", Err: errDisk}
	tests := map[string]struct {
		err  error
		want string
	}{
		"in use":       {pop3server.ErrInUse, "-ERR [IN-USE] another session has the maildrop"},
		"auth":         {pop3server.ErrAuth, "-ERR [AUTH] wrong user or password"},
		"own":          {errors.Join(errDisk, wrapped), "-ERR [SYS/PERM] quota"},
		"without code": {&pop3server.Error{Text: "no"}, "-ERR no"},
		"coded":        {coded{"LOGIN-DELAY"}, "-ERR [LOGIN-DELAY] text??+OK of LOGIN-DELAY"},
		"bad code":     {coded{"A]\r\nB"}, "-ERR text??+OK of A]??B"},
		"unforeseen":   {errDisk, "-ERR [SYS/TEMP] the server failed, try again later"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			session := &stub{loginErr: test.err}
			p := connect(t, start(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}))
			p.play("S: +OK...\nC: USER ann\nS: +OK...\nC: PASS x\nS: " + test.want)

			session = &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "x"}}, openErr: test.err, updateErr: test.err}
			p = connect(t, start(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}))
			p.login()
			p.play("C: RETR 1\nS: " + test.want)
			p.play("C: TOP 1 0\nS: " + test.want)
			p.play("C: QUIT\nS: " + test.want + "\nS: EOF")

			session = &stub{listErr: test.err}
			p = connect(t, start(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}))
			p.play("S: +OK...\nC: USER ann\nS: +OK...\nC: PASS x\nS: " + test.want + "\nS: EOF")

			refuse := func(pop3server.Conn) (pop3server.Session, error) { return nil, test.err }
			p = connect(t, start(t, &pop3server.Server{NewSession: refuse}))
			p.play("S: " + test.want + "\nS: EOF")
		})
	}
}

func TestMaildropThatCannotBeListed(t *testing.T) {
	tests := map[string]pop3server.Message{
		"size":       {Octets: -1, UniqueID: "x"},
		"no id":      {Octets: 1},
		"long id":    {Octets: 1, UniqueID: strings.Repeat("x", 71)},
		"blank":      {Octets: 1, UniqueID: "a b"},
		"line end":   {Octets: 1, UniqueID: "a\r\n.\r\n+OK"},
		"8-bit id":   {Octets: 1, UniqueID: "\xe4"},
		"deleted id": {Octets: 1, UniqueID: "\x7f"},
	}
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			session := &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "good"}, message}}
			p := connect(t, start(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}))
			p.play("S: +OK...\nC: USER ann\nS: +OK...\nC: PASS x\nS: -ERR [SYS/PERM] the maildrop cannot be served\nS: EOF")
		})
	}
}

// What the Logger is told never has a password in it, in any of the ways by
// which one comes.
func TestLoggerNeverSeesSecrets(t *testing.T) {
	var log lockedBuffer
	s := plainServer(pop3server.NewMemory("ann", "hunter2"))
	s.Logger = logger(&log)
	s.MaxLogins = -1
	l := start(t, s)
	p := connect(t, l)
	p.play("S: +OK...")
	p.play("C: USER ann\nS: +OK...\nC: PASS hunter2 \nS: -ERR...")
	p.play("C: PASS hunter2\nS: -ERR...\nC: PASSS hunter2\nS: -ERR...\nC: APOP hunter2 hunter2\nS: -ERR...")
	p.play("C: AUTH PLAIN " + b64("\x00ann\x00hunter2!") + "\nS: -ERR...")
	p.play("C: AUTH PLAIN\nS: + \nC: hunter2\nS: -ERR...")
	p.play("C: USER ann\nS: +OK...\nC: PASS hunter2\nS: +OK...\nC: QUIT\nS: +OK...\nS: EOF")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got := log.String()
	if strings.Contains(got, "hunter2") || strings.Contains(got, b64("hunter2")) {
		t.Errorf("a password in the log:\n%s", got)
	}
	if !strings.Contains(got, "user=ann") {
		t.Errorf("the login is not in the log:\n%s", got)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
