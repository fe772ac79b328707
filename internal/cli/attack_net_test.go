//go:build linux

package cli_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
)

// 9: no way of showing a session shows its password.
func TestAttackShowsPassword(t *testing.T) {
	program := compiled(t)
	const source = `
		local M = pop3.POP3_SSL("pop.example.org")
		M:set_debuglevel(2)
		M:user("anna") M:pass_("hunter2-hunter2")
		for _, verb in ipairs{"%#v", "%+v", "%v", "%d", "%p", "%x", "%q", "%T", "%s", "%c", "%5.3v"} do
			print(verb, pcall(string.format, verb, M))
			print(verb, pcall(string.format, verb, pop3.create_default_context()))
		end
		print(tostring(M), pcall(function() return M .. "" end), pcall(function() return #M end))
		print(pcall(getmetatable, M), pcall(setmetatable, M, {}), pcall(next, M), pcall(pairs, M), pcall(rawget, M, "password"))
		print(pcall(function() return M.password end), pcall(table.concat, {M}), pcall(require("json").encode, M))
		local ok, e = pcall(M.retr, M, 99)
		print(e, e.traceback, pcall(string.format, "%#v", e))
		error(M)`
	path := writeScript(t, source)
	r := runPopherd(t, 1, path, "--maildrop="+attackMail, "--trace", "-v", "-o", "json")
	said := r.stdout.String() + r.stderr.String()
	if strings.Contains(said, "hunter2") {
		t.Errorf("the password was shown:\n%s", said)
	}
	for _, verb := range []string{"%#v", "%+v", "%v", "%T", "%5.3v", "%p"} {
		if strings.Contains(said, verb+"\ttrue") {
			t.Errorf("string.format takes %s:\n%s", verb, said)
		}
	}
	if out := attackOut(t, program, path); strings.Contains(out, "hunter2") || strings.Contains(out, "0x") && strings.Contains(out, "%#v\ttrue") {
		t.Errorf("the password was shown:\n%s", out)
	}
}

// attackOut is all that a run of the shipped program says.
func attackOut(t *testing.T, program, path string) string {
	t.Helper()
	r := start(t, program, path, "--maildrop="+attackMail, "--trace", "-v")
	r.ends(1)
	return r.stdout.String() + r.stderr.String()
}

func writeScript(t *testing.T, source string) string {
	t.Helper()
	path := t.TempDir() + "/script.lua"
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// 10: an argument that is none is refused by name, nothing is sent for it, and
// the session goes on.
func TestAttackArguments(t *testing.T) {
	program := compiled(t)
	const source = attackOpen + `
		M:noop()
		local function try(name, ...)
			local ok, e = pcall(M[name], M, ...)
			print(name, ok, e)
		end
		for _, name in ipairs{"retr", "dele"} do
			for _, n in ipairs{0, -1, 1.5, 0/0, 1e300, -1e300, 2^53 + 2, {}, true, print} do try(name, n) end
			try(name, nil) try(name)
			for _, s in ipairs{"1\r\nDELE 1", "1\nDELE 1", "1\0", ("1"):rep(600)} do try(name, s) end
		end
		for _, n in ipairs{0, -1, 1.5, 0/0, {}} do try("top", n, 0) try("top", 1, n == 0 and -1 or n) end
		M:noop()
		local N = pop3.POP3_SSL("pop.example.org")
		for _, s in ipairs{"a\r\nDELE 1", "a\nb", "a\rb", "a\0b", ("a"):rep(600)} do
			print("user", pcall(N.user, N, s))
			print("pass_", pcall(N.pass_, N, s))
		end
		N:user("anna") N:pass_("x")
		print("still", N:stat()) print("still", M:stat())`
	r := start(t, program, writeScript(t, source), "--maildrop="+attackMail, "--trace")
	r.ends(0)
	var sent []string
	for line := range strings.Lines(r.stderr.String()) {
		if _, command, ok := strings.Cut(line, "C: "); ok && !strings.HasPrefix(command, "CAPA") {
			sent = append(sent, strings.TrimSpace(command))
		}
	}
	want := []string{"USER anna", "PASS ***", "NOOP", "NOOP", "USER anna", "PASS ***"}
	got := strings.Join(sent, "\n")
	for i, command := range want {
		if !strings.Contains(got, command[:4]) {
			t.Errorf("command %d, %s, is not in the trace:\n%s", i, command, got)
		}
	}
	for _, command := range sent {
		if verb := strings.Fields(command + " ?")[0]; strings.Contains("RETR DELE TOP", verb) {
			t.Errorf("sent: %.100s", command)
		}
	}
	out := r.stdout.String()
	for line := range strings.Lines(out) {
		if strings.Contains(line, "\ttrue") {
			t.Errorf("taken: %.200s", line)
		}
	}
	if n := strings.Count(out, "still\t2\t"); n != 2 {
		t.Errorf("got %d sessions that go on, want 2", n)
	}
	t.Logf("sent:\n%s\nsaid:\n%s", got, out)
}

// 11: five deletions that never came to their QUIT, whatever ended the run.
func TestAttackDeletions(t *testing.T) {
	program := compiled(t)
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()[:20]
	u := fill(t, s, "anna", messages)
	host, port := at(t, s.TLSAddr())
	worker := func(r *running) {
		for _, pid := range children(r.cmd.Process.Pid) {
			syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
		}
	}
	supervisor := func(signal syscall.Signal) func(*running) {
		return func(r *running) { syscall.Kill(r.cmd.Process.Pid, signal) }
	}
	for _, c := range []struct {
		name, ending string
		flags        []string
		act          func(*running)
		status       int
		says         string
	}{
		{"error", `error("on purpose")`, nil, nil, 1, "on purpose"},
		{"time", `while true do end`, []string{"--timeout=2s"}, nil, 5, "the run took longer than 2"},
		{"processor time", `while true do end`, []string{"--max-cpu=1s"}, nil, 5, "processor time"},
		{"steps", `while true do end`, []string{"--max-steps=1000000"}, nil, 5, "--max-steps"},
		{"memory", `local s = "xx" while true do s = s .. s end`, nil, nil, 5, "memory"},
		{"worker killed", `while true do end`, nil, worker, 75, "killed from outside"},
		{"supervisor killed", `while true do end`, nil, supervisor(syscall.SIGKILL), -1, ""},
		{"both killed", `while true do end`, nil, func(r *running) { worker(r); supervisor(syscall.SIGKILL)(r) }, -1, ""},
		{"Ctrl-C", `while true do end`, nil, supervisor(syscall.SIGINT), 130, "interrupted"},
		{"terminated", `while true do end`, nil, supervisor(syscall.SIGTERM), 130, "interrupted"},
	} {
		source := fmt.Sprintf(`local M = pop3.POP3_SSL(%q, %s) M:user("anna") M:pass_("secret")
			for i = 1, 5 do M:dele(i) end
			M:noop()
			%s
			M:quit()`, host, port, c.ending)
		t.Run("Dovecot "+c.name, func(t *testing.T) {
			attackDeletions(t, program, source, append(c.flags, "--allow-net=127.0.0.1", "--ca-file="+s.CAFile), c.act, c.status, c.says)
			holds(t, s, u, messages)
		})
		t.Run("local "+c.name, func(t *testing.T) {
			local, err := os.ReadFile(attackMail)
			if err != nil {
				t.Fatal(err)
			}
			source := strings.Replace(source, "for i = 1, 5", "for i = 1, 2", 1)
			attackDeletions(t, program, source, append(c.flags, "--maildrop="+attackMail), c.act, c.status, c.says)
			if after, err := os.ReadFile(attackMail); err != nil || !bytes.Equal(after, local) {
				t.Errorf("the maildrop was changed (%v)", err)
			}
		})
	}
}

func attackDeletions(t *testing.T, program, source string, flags []string, act func(*running), status int, says string) {
	begun := time.Now()
	args := append([]string{writeScript(t, source), "--allow-delete"}, flags...)
	if act != nil {
		args = append(args, "--trace")
	}
	r := start(t, program, args...)
	if act != nil {
		r.stderr.await(t, "C: NOOP")
		act(r)
	}
	r.ends(status)
	r.says(says)
	t.Logf("%v wall", time.Since(begun).Round(time.Millisecond))
	if status > 0 {
		if strings.Contains(r.stdout.String(), "(done") {
			t.Errorf("the report says it is done:\n%s", r.stdout.String())
		}
		if act == nil { // there is no trace
			(&tree{running: r}).isHuman(status)
		}
	}
}

// 12: a server that never answers, or never ends.
func TestAttackOfServers(t *testing.T) {
	program := compiled(t)
	for _, c := range []struct {
		name   string
		retr   func(w io.Writer, gone <-chan struct{})
		status []int
		says   string
	}{
		{"silent in a message", func(w io.Writer, gone <-chan struct{}) {
			io.WriteString(w, "+OK\r\nSubject: x\r\n")
			<-gone
		}, []int{75}, "timeout: "},
		{"endless line", func(w io.Writer, _ <-chan struct{}) {
			io.WriteString(w, "+OK\r\n")
			forever(w, "xxxxxxxxxxxxxxxx")
		}, []int{5, 76}, ""},
		{"endless text", func(w io.Writer, _ <-chan struct{}) {
			io.WriteString(w, "+OK\r\n")
			forever(w, "a line of text, and never a dot\r\n")
		}, []int{5, 76}, ""},
		{"endless status", func(w io.Writer, _ <-chan struct{}) { forever(w, "+OK +OK +OK +OK ") }, []int{5, 76}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := hostile(t, c.retr)
			host, port := at(t, addr)
			source := fmt.Sprintf(`local M = pop3.POP3(%q, %s) M:user("anna") M:pass_("secret") M:retr(1) M:quit()`, host, port)
			path := writeScript(t, source)
			begun := time.Now()
			r := start(t, program, path, "--allow-net="+addr, "--allow-plaintext="+addr, "--command-timeout=1s", "--timeout=5s")
			watch := watchWorker(r.cmd.Process.Pid)
			r.wait()
			a := &tree{r, time.Since(begun), watch.end()}
			status := r.cmd.ProcessState.ExitCode()
			t.Logf("exit status %d, %v wall, worker %d MB: %s", status, a.took.Round(time.Millisecond), a.peak>>20, r.stderr.String())
			if status != c.status[0] && status != c.status[len(c.status)-1] {
				t.Errorf("got exit status %d, want one of %v", status, c.status)
			}
			r.says(c.says)
			a.isHuman(status)
			a.within(5 * time.Second)
			if most := int64(272 << 20); a.peak > most {
				t.Errorf("the worker had %d MB, want at most %d", a.peak>>20, most>>20)
			}
		})
	}
}

// forever writes until nobody reads.
func forever(w io.Writer, text string) {
	many := strings.Repeat(text, 4096)
	for {
		if _, err := io.WriteString(w, many); err != nil {
			return
		}
	}
}

// hostile is a server that is as it should be until RETR.
func hostile(t *testing.T, retr func(w io.Writer, gone <-chan struct{})) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	t.Cleanup(func() {
		close(gone)
		listener.Close()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go hostileSession(conn, func(w io.Writer) { retr(w, gone) })
		}
	}()
	return listener.Addr().String()
}

func hostileSession(conn net.Conn, retr func(io.Writer)) {
	defer conn.Close()
	io.WriteString(conn, "+OK ready\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
		case "CAPA":
			io.WriteString(conn, "-ERR\r\n")
		case "STAT":
			io.WriteString(conn, "+OK 1 100\r\n")
		case "LIST":
			io.WriteString(conn, "+OK\r\n1 100\r\n.\r\n")
		case "UIDL":
			io.WriteString(conn, "+OK\r\n1 a\r\n.\r\n")
		case "RETR":
			retr(conn)
			return
		default:
			io.WriteString(conn, "+OK\r\n")
		}
	}
}

// 13: without the grant to delete there is a plan and no more; a host that is
// not allowed is not even connected to, see TestHostNotAllowed.
func TestAttackWithoutGrants(t *testing.T) {
	program := compiled(t)
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()[:20]
	u := fill(t, s, "anna", messages)
	host, port := at(t, s.TLSAddr())
	path := writeScript(t, fmt.Sprintf(`local M = pop3.POP3_SSL(%q, %s) M:user("anna") M:pass_("secret")
		for i = 1, 5 do M:dele(i) end M:quit()`, host, port))
	r := start(t, program, path, "--allow-net=127.0.0.1", "--ca-file="+s.CAFile, "--trace")
	r.ends(0)
	if strings.Contains(r.stderr.String(), "C: DELE") {
		t.Errorf("a DELE was sent:\n%s", r.stderr.String())
	}
	if want := "run with --allow-delete to carry it out"; !strings.Contains(r.stdout.String(), want) {
		t.Errorf("got %q, want it to say: %s", r.stdout.String(), want)
	}
	holds(t, s, u, messages)
	r = start(t, program, path, "--ca-file="+s.CAFile)
	r.ends(77)
	r.says("policy: ", "hint: allow it with --allow-net="+s.TLSAddr())
	(&tree{running: r}).isHuman(77)
}

// 19: a flag that is spelt wrong.
func TestAttackFlag(t *testing.T) {
	r := start(t, compiled(t), "x.lua", "--dry-rum")
	r.ends(64)
	r.says(`"--dry-rum"`, "hint: did you mean --dry-run?")
}
