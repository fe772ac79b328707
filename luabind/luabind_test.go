package luabind_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A fake is a session without a server.
type fake struct {
	text string // answers every CmdText
	err  error  // fails every command
	tls  bool
	quit bool
	shut bool
}

func (f *fake) Greeting() string { return "+OK fake" }
func (f *fake) Cmd(context.Context, string, ...string) (string, error) {
	return "+OK", f.err
}
func (f *fake) CmdText(context.Context, string, ...string) (*pop3.Text, error) {
	return pop3.NewText("+OK", strings.NewReader(f.text)), f.err
}
func (f *fake) Capabilities(context.Context) (pop3.Capabilities, error) { return nil, f.err }
func (f *fake) Stat(context.Context) (pop3.DropListing, error)          { return pop3.DropListing{}, f.err }
func (f *fake) STLS(context.Context, *tls.Config) (string, error)       { return "+OK", f.err }
func (f *fake) APOP(context.Context, string, string) (string, error)    { return "+OK", f.err }
func (f *fake) Quit(context.Context) (string, error)                    { f.quit = true; return "+OK", f.err }
func (f *fake) Close() error                                            { f.shut = true; return nil }
func (f *fake) TLS() (tls.ConnectionState, bool)                        { return tls.ConnectionState{}, f.tls }

// run runs a script in a state with the libraries a host would open, M being
// a session of f.
func run(t testing.TB, f luabind.Session, script string) error {
	t.Helper()
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Dial: func(context.Context, luabind.DialRequest) (luabind.Session, error) {
		return f, nil
	}})
	chunk, err := L.Load(strings.NewReader(`local M = pop3.POP3("host") `+script), "script.lua")
	if err != nil {
		t.Fatal(err)
	}
	return L.CallByParam(lua.P{Fn: chunk, Protect: true})
}

func TestErrorFrom(t *testing.T) {
	refused := &pop3.Error{Command: "DELE 1", Code: "SYS/TEMP", Line: "-ERR [SYS/TEMP] later"}
	err := run(t, &fake{err: refused}, "\nM:dele(1)")
	got := luabind.ErrorFrom(fmt.Errorf("account work: %w", err))
	if got == nil {
		t.Fatalf("got no Error in %v", err)
	}
	if got.Kind != luabind.KindErrorProto || got.Code != "SYS/TEMP" || got.Command != "DELE 1" || !got.Temporary || got.Fatal {
		t.Errorf("got %+v", got)
	}
	if got.Where != "script.lua:2" || got.Error() != "error_proto: -ERR [SYS/TEMP] later" {
		t.Errorf("got %q at %q", got, got.Where)
	}
	if !errors.Is(got, refused) {
		t.Error("the cause is lost")
	}
	for _, other := range []error{nil, io.EOF, run(t, &fake{}, `error("text")`), run(t, &fake{}, `error({})`)} {
		if got := luabind.ErrorFrom(other); got != nil {
			t.Errorf("ErrorFrom(%v) = %v, want nil", other, got)
		}
	}
}

// Every Go error has one kind, and says whether the session can go on.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		err     error
		kind    string
		fatal   bool
		message string
	}{
		{&pop3.Error{Line: "-ERR no"}, "error_proto", false, "-ERR no"},
		{&pop3.ProtocolError{Line: "huh"}, "error_proto", true, "huh"},
		{&pop3.ProtocolError{Line: "+OK x", Reason: "a row is odd"}, "error_proto", true, `a row is odd: "+OK x"`},
		{&pop3.ProtocolError{Err: io.ErrUnexpectedEOF}, "error_proto", true, "-ERR EOF"},
		{&pop3.LimitError{What: "status line"}, "error_proto", true, "line too long"},
		{&pop3.LimitError{Command: "RETR 1", What: "message", Limit: 9}, "limit", true, "RETR 1: message is longer than 9 octets"},
		{&pop3.ArgumentError{Command: "NOOP", Argument: "name", Reason: "is odd"}, "ValueError", false, "noop: name is odd"},
		{pop3.ErrPlaintext, "policy", false, "noop: refusing to go on without TLS: use pop3.POP3_SSL or M:stls(), or allow it with --allow-plaintext=host"},
		{fmt.Errorf("pop3: NOOP: %w", &pop3.TimeoutError{Op: "command", Limit: 1e9}), "timeout", true, "timed out: NOOP: command: no answer within 1s"},
		{context.DeadlineExceeded, "timeout", true, "timed out: context deadline exceeded"},
		{fmt.Errorf("pop3: interrupted: %w", context.Canceled), "cancelled", true, "interrupted: context canceled"},
		{pop3.ErrClosed, "closed", true, "session is closed"},
		{pop3.ErrBroken, "closed", true, "session is out of step"},
		{&pop3.TLSError{Err: io.EOF}, "tls", true, "handshake: EOF"},
		{errors.New("remote error: tls: bad record MAC"), "tls", true, "remote error: tls: bad record MAC"},
		{errors.New("connection reset by peer"), "socket", true, "connection reset by peer"},
		{fmt.Errorf("run: %w", policyError{}), "policy", false, "run: pop.example.org:995: not allowed"},
		{&luabind.Error{Kind: "auth", Message: "no login"}, "auth", false, "no login"},
	} {
		got := luabind.ErrorFrom(run(t, &fake{err: c.err}, "M:noop()"))
		if got == nil || got.Kind != c.kind || got.Fatal != c.fatal || got.Message != c.message {
			t.Errorf("%v:\ngot  %+v\nwant %s, fatal %v, %q", c.err, got, c.kind, c.fatal, c.message)
		}
		again := luabind.ErrorFrom(run(t, &fake{err: c.err}, "pcall(M.noop, M) assert(M.closed == "+fmt.Sprint(c.fatal)+") M:rset()"))
		if c.fatal && (again == nil || again.Kind != "closed" || !errors.Is(again, pop3.ErrBroken)) {
			t.Errorf("%v: the call after it got %v, want kind closed", c.err, again)
		}
	}
}

// A session that the host secured cannot be secured by the script.
func TestTLSByTheHost(t *testing.T) {
	err := luabind.ErrorFrom(run(t, &fake{tls: true}, "M:stls()"))
	if err == nil || err.Message != "-ERR TLS session already established" {
		t.Errorf("got %v", err)
	}
}

// A marker keeps what it is told with each mark.
type marker struct {
	fake
	marks []string
}

func (m *marker) Mark(_ context.Context, which, reason string) (string, error) {
	m.marks = append(m.marks, which+" "+reason)
	return "+OK marked", m.err
}

// A Marker hears of dele where the script stands, and its errors are raised.
func TestMarker(t *testing.T) {
	m := &marker{}
	if err := run(t, m, "\n\nassert(M:dele('7') == '+OK marked')"); err != nil {
		t.Error(err)
	}
	if want := "7 dele at script.lua:3"; len(m.marks) != 1 || m.marks[0] != want {
		t.Errorf("got %q, want %q", m.marks, want)
	}
	m.err = &pop3.Error{Command: "DELE 7", Line: "-ERR gone"}
	if err := luabind.ErrorFrom(run(t, m, "M:dele(7)")); err == nil || err.Message != "-ERR gone" {
		t.Errorf("got %v, want -ERR gone", err)
	}
}

// with commits once and leaves nothing open.
func TestWith(t *testing.T) {
	f := &fake{}
	if err := run(t, f, "pop3.with(M, function() end)"); err != nil || !f.quit {
		t.Errorf("got %v, QUIT %v", err, f.quit)
	}
	f = &fake{}
	if err := run(t, f, "pop3.with(M, function() error('no') end)"); err == nil || f.quit || !f.shut {
		t.Errorf("got %v, QUIT %v, closed %v", err, f.quit, f.shut)
	}
}

// A Go panic is told to the host, and the script cannot bring it down.
func TestPanic(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	var told any
	var stack []byte
	luabind.Preload(L, &luabind.Grants{
		Dial:     func(context.Context, luabind.DialRequest) (luabind.Session, error) { panic("fault") },
		Panicked: func(value any, s []byte) { told, stack = value, s },
	})
	err := L.DoString(`pop3.POP3("host")`)
	if e := luabind.ErrorFrom(err); e == nil || e.Kind != luabind.KindInternal || strings.Contains(e.Message, "fault:") {
		t.Errorf("got %v", err)
	}
	if told != "fault" || !strings.Contains(string(stack), "TestPanic") {
		t.Errorf("told %v with stack %.100s", told, stack)
	}
}

// Neither the package library nor any other is needed.
func TestPreloadWithoutLibraries(t *testing.T) {
	for _, open := range []lua.LGFunction{nil, lua.OpenBase} {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		script := `x = pop3.POP3_PORT`
		if open != nil {
			L.Push(L.NewFunction(open))
			L.Call(0, 0)
			script = `x = require("pop3").POP3_PORT assert(require("getpass") == getpass and require("time") == time)`
		}
		luabind.Preload(L, nil)
		if err := L.DoString(script); err != nil || L.GetGlobal("x") != lua.LNumber(110) {
			t.Errorf("got %v, %v", L.GetGlobal("x"), err)
		}
		L.Close()
	}
}

// A script in a coroutine meets the same mirror.
func TestCoroutine(t *testing.T) {
	err := run(t, &fake{err: &pop3.Error{Line: "-ERR no"}}, `
		local co = coroutine.create(function() M:noop() end)
		local ok, e = coroutine.resume(co)
		assert(not ok and e.message == "-ERR no" and e.where == "script.lua:2", e)`)
	if err != nil {
		t.Error(err)
	}
}

func TestAddress(t *testing.T) {
	for host, want := range map[string]string{"pop.example.org": "pop.example.org:110", "::1": "[::1]:110", "[::1]": "[::1]:110"} {
		if got := (luabind.DialRequest{Host: host, Port: 110}).Address(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A host's own trace goes on beside the script's.
func TestApply(t *testing.T) {
	var got []string
	trace := func(name string) func(pop3.TraceEvent) {
		return func(e pop3.TraceEvent) { got = append(got, name+e.Line) }
	}
	o := &pop3.Options{Trace: trace("host ")}
	r := luabind.DialRequest{Timeout: 7, Debug: trace("script ")}
	if err := r.Apply(o, nil); err != nil {
		t.Fatal(err)
	}
	o.Trace(pop3.TraceEvent{Line: "NOOP"})
	if fmt.Sprint(got) != "[host NOOP script NOOP]" || o.ReadTimeout != 7 || o.ConnectTimeout != 7 || o.TLSConfig != nil {
		t.Errorf("got %v, %+v", got, o)
	}
	r.Context = &luabind.TLSContext{CAFile: "ca.pem"}
	if err := r.Apply(o, nil); err == nil || !strings.Contains(err.Error(), "not granted") {
		t.Errorf("got %v", err)
	}
}
