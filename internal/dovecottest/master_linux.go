package dovecottest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// descriptors is how many open files Dovecot may have: a login process holds
// three for each TLS session, and 1,024, the usual limit, is soon used up.
const descriptors = "8192"

// master is Dovecot's master with its children, a process group of its own.
type master struct {
	pid  int
	done chan struct{} // closed when the master has ended
}

// launch starts Dovecot in the foreground; both outputs go to the file log.
func launch(binary, config, log string) (*master, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", `ulimit -n `+descriptors+` 2>/dev/null || :; exec "$0" "$@"`,
		binary, "-F", "-c", config)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = out, out
	// A test binary that dies (a panic, -timeout) takes Dovecot with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}

	m := &master{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child
		// ends, so that thread is kept until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(m.done)
		defer out.Close()
		err := cmd.Start()
		if err == nil {
			m.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	return m, <-started
}

// kill ends the whole group at once and returns when the last of it is gone.
// A SIGTERM would do it too, but the master then takes a second, and there is
// nothing to be tidied up.
func (m *master) kill() {
	if m.ended() {
		return // and its number may be another's by now
	}
	_ = syscall.Kill(-m.pid, syscall.SIGKILL)
	<-m.done
	hung := time.After(stopLimit)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if n, err := m.count(""); n == 0 || err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-hung:
			return
		}
	}
}

func (m *master) ended() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// sessions counts the sessions that are logged in: Dovecot has a process named
// pop3 for each.
func (m *master) sessions() (int, error) { return m.count("pop3") }

// count counts the group's living processes of one name, or of any.
func (m *master) count(name string) (int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	n := 0
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		comm, state, group := parseStat(stat)
		if group == strconv.Itoa(m.pid) && state != "Z" && (name == "" || comm == name) {
			n++
		}
	}
	return n, nil
}

// parseStat takes apart "pid (name) state parent group ..." (proc_pid_stat(5)).
// The name may hold blanks and brackets.
func parseStat(stat []byte) (name, state, group string) {
	begin, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if begin < 0 || end < begin {
		return "", "", ""
	}
	fields := bytes.Fields(stat[end+1:])
	if len(fields) < 3 {
		return "", "", ""
	}
	return string(stat[begin+1 : end]), string(fields[0]), string(fields[2])
}
