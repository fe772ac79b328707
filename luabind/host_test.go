package luabind_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A host gives scripts sessions of *pop3.Client, plaintext allowed, and closes
// what they leave open.
type host struct {
	t      *testing.T
	grants luabind.Grants
	plain  bool // passwords may go in the clear
	dialed []luabind.DialRequest
	opened []luabind.Session
	debug  *locked
	logged []string
}

// locked is a buffer that a session's goroutines may write to.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newHost(t *testing.T) *host {
	h := &host{t: t, plain: true, debug: &locked{}}
	h.grants = luabind.Grants{
		Dial:       h.dial,
		TLSConfig:  func(c *luabind.TLSContext) (*tls.Config, error) { return c.Config(os.ReadFile) },
		Raw:        true,
		Debug:      h.debug,
		MaxTimeout: time.Hour,
		Script:     luabind.Script{Name: "rule.lua", Args: []string{"--days", "30"}, DryRun: true},
	}
	t.Cleanup(func() {
		for _, s := range h.opened {
			s.Close()
		}
	})
	return h
}

func (h *host) dial(ctx context.Context, r luabind.DialRequest) (luabind.Session, error) {
	h.dialed = append(h.dialed, r)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(testCertificate(h.t).pem)
	o := &pop3.Options{InsecureAllowPlaintext: h.plain, TLSConfig: &tls.Config{RootCAs: roots}}
	if err := r.Apply(o, os.ReadFile); err != nil {
		return nil, err
	}
	dial := pop3.Dial
	if r.TLS {
		dial = pop3.DialTLS
	}
	c, err := dial(ctx, r.Address(), o)
	if err != nil {
		return nil, err
	}
	h.opened = append(h.opened, c)
	return c, nil
}

// open gives L the modules, and the functions by which Lua tests make servers
// and look at what the host saw:
//
//	serve(greeting, {reply, ...})   port, and a function: the lines heard
//	dummy{tls=, utf8=}              port of CPython's dummy server
//	dialed()                        the last DialRequest
//	debugged()                      what set_debuglevel wrote
//	logged()                        what module log was given since grant{log=true}
//	maildrop({text, ...} [, {top=, plain=, expecter=, seen=}])
//	                                a session on messages in memory, and a table of
//	                                what it saw; top "none" or "empty" is a server
//	                                that fails there; plain one without a plan;
//	                                seen as in run_script, which grants state too
//	grant{name=value}               changes the grants
//	CAFILE NOFILE FINGERPRINT       of the certificate for "localhost"
//	SILENCE                         a reply that never comes
func (h *host) open(L *lua.LState) {
	luabind.Preload(L, &h.grants)
	for name, f := range map[string]lua.LGFunction{
		"serve":    h.luaServe,
		"dummy":    h.luaDummy,
		"dialed":   h.luaDialed,
		"debugged": h.luaDebugged,
		"logged":   h.luaLogged,
		"grant":    h.luaGrant,
		"maildrop": h.luaMaildrop,
	} {
		L.SetGlobal(name, L.NewFunction(f))
	}
	c := testCertificate(h.t)
	dir := h.t.TempDir()
	file := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(file, c.pem, 0o600); err != nil {
		h.t.Fatal(err)
	}
	L.SetGlobal("CAFILE", lua.LString(file))
	L.SetGlobal("NOFILE", lua.LString(filepath.Join(dir, "missing.pem")))
	L.SetGlobal("FINGERPRINT", lua.LString(fmt.Sprintf("sha256:%x", sha256.Sum256(c.der))))
	L.SetGlobal("SILENCE", lua.LString(silence))
}

func (h *host) luaServe(L *lua.LState) int {
	p := &player{greeting: L.CheckString(1)}
	if replies := L.OptTable(2, nil); replies != nil {
		for i := range replies.Len() {
			p.replies = append(p.replies, replies.RawGetInt(i+1).String())
		}
	}
	L.Push(lua.LNumber(listen(h.t, p.serve)))
	L.Push(L.NewFunction(func(L *lua.LState) int {
		lines := L.NewTable()
		for _, line := range p.heard() {
			lines.Append(lua.LString(line))
		}
		L.Push(lines)
		return 1
	}))
	return 2
}

func (h *host) luaDummy(L *lua.LState) int {
	d := &dummy{tls: testCertificate(h.t).server}
	if o := L.OptTable(1, nil); o != nil {
		d.active = lua.LVAsBool(o.RawGetString("tls"))
		d.utf8.Store(lua.LVAsBool(o.RawGetString("utf8")))
	}
	L.Push(lua.LNumber(listen(h.t, d.serve)))
	return 1
}

func (h *host) luaDialed(L *lua.LState) int {
	if len(h.dialed) == 0 {
		return 0
	}
	r := h.dialed[len(h.dialed)-1]
	table := L.NewTable()
	table.RawSetString("host", lua.LString(r.Host))
	table.RawSetString("port", lua.LNumber(r.Port))
	table.RawSetString("tls", lua.LBool(r.TLS))
	table.RawSetString("timeout", lua.LNumber(r.Timeout.Seconds()))
	if r.Context != nil {
		table.RawSetString("cafile", lua.LString(r.Context.CAFile))
		table.RawSetString("certfile", lua.LString(r.Context.CertFile))
		table.RawSetString("keyfile", lua.LString(r.Context.KeyFile))
	}
	L.Push(table)
	return 1
}

func (h *host) luaDebugged(L *lua.LState) int {
	L.Push(lua.LString(h.debug.String()))
	return 1
}

func (h *host) luaLogged(L *lua.LState) int {
	lines := L.NewTable()
	for _, line := range h.logged {
		lines.Append(lua.LString(line))
	}
	L.Push(lines)
	return 1
}

// log writes a record as one line, fields in order.
func (h *host) log(level, message string, fields map[string]string) {
	line := level + " " + message
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		line += " " + name + "=" + fields[name]
	}
	h.logged = append(h.logged, line)
}

// policyError is a refusal as hosts make them.
type policyError struct{}

func (policyError) Error() string { return "pop.example.org:995: not allowed" }
func (policyError) Kind() string  { return "policy" }
func (policyError) Hint() string  { return "allow it with --allow-net=pop.example.org:995" }

func (h *host) luaGrant(L *lua.LState) int {
	L.CheckTable(1).ForEach(func(name, value lua.LValue) {
		on := lua.LVAsBool(value)
		switch name.String() {
		case "raw":
			h.grants.Raw = on
		case "plain":
			h.plain = on
		case "dial":
			h.grants.Dial = nil
		case "tlsconfig":
			h.grants.TLSConfig = nil
		case "default_timeout":
			h.grants.DefaultTimeout = time.Duration(value.(lua.LNumber)) * time.Second
		case "now":
			h.grants.Now = func() time.Time { return time.Unix(int64(value.(lua.LNumber)), 0) }
		case "fullstate", "brokenstate":
			b := brokenStore{fullError{}}
			if name.String() == "brokenstate" {
				b.err = errors.New("the disk is gone")
			}
			h.grants.State, h.grants.Save = func() (luabind.Values, error) { return b, nil }, b.save
		case "nostate":
			if h.grants.State = nil; !on {
				break
			}
			h.grants.State = func() (luabind.Values, error) { return nil, fmt.Errorf("state: %w", policyError{}) }
		case "noaccount":
			h.grants.Account = func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
				return luabind.AccountSession{Host: "pop.example.org"}, fmt.Errorf("account: %w", policyError{})
			}
		case "policy":
			h.grants.Dial = func(context.Context, luabind.DialRequest) (luabind.Session, error) {
				return nil, fmt.Errorf("dial: %w", policyError{})
			}
		case "log":
			h.grants.Log = h.log
		case "panic":
			h.grants.Dial = func(context.Context, luabind.DialRequest) (luabind.Session, error) {
				panic("a fault: " + strings.Repeat("x", 3))
			}
		case "cancelled":
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			h.grants.Context = func() context.Context { return ctx }
		case "getuser":
			h.grants.GetUser = func() (string, error) { return value.String(), nil }
		case "getpass":
			h.grants.GetPass = func(prompt string) (string, error) { return prompt + value.String(), nil }
		case "noterminal":
			h.grants.GetPass = func(string) (string, error) { return "", errors.New("no terminal") }
			h.grants.GetUser = func() (string, error) { return "", errors.New("no name") }
		default:
			L.RaiseError("no grant %s", name)
		}
	})
	return 0
}
