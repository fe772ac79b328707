package cli_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3/pop3server"
)

// slowQuit is a maildrop whose server takes its time to commit.
type slowQuit struct {
	pop3server.Session
	asked chan struct{} // gets one for each QUIT
	reply chan struct{} // closed when it is to be answered
}

// Update implements pop3server.Session.
func (s *slowQuit) Update(ctx context.Context, marked []int) error {
	s.asked <- struct{}{}
	<-s.reply
	return s.Session.Update(ctx, marked)
}

// A daemon that is told to stop while the server commits waits for the answer,
// so that what was deleted is known.
func TestDaemonStopsAfterTheCommit(t *testing.T) {
	t.Parallel()
	drop := pop3server.NewMemory("anna", "secret")
	for n := range 3 {
		drop.Add(fmt.Appendf(nil, "Subject: old %d\r\n\r\n", n))
	}
	asked, reply := make(chan struct{}, 8), make(chan struct{})
	server := &pop3server.Server{InsecureAllowAuth: true, NewSession: func(c pop3server.Conn) (pop3server.Session, error) {
		s, err := drop.NewSession(c)
		return &slowQuit{s, asked, reply}, err
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })

	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("all.lua", "return function(msg) msg:delete('old') end\n")
	config := write("config.toml", fmt.Sprintf(`
[accounts.anna]
user = "anna"
host = "127.0.0.1"
port = %d
tls = "insecure-plaintext"
password_file = %q
[policy]
state_dir = %q
[jobs.tidy]
script = "all.lua"
accounts = ["anna"]
schedule = "@every 1m"
first_run = "real"
allow_delete = "all"
`, l.Addr().(*net.TCPAddr).Port, write("password", "secret\n"), dir))
	d := startSoakDaemon(t, config, fmt.Sprintf("POPHERD_TEST_CLOCK=%d 60", time.Now().Unix()))

	select {
	case <-asked:
	case <-time.After(hangLimit):
		t.Fatalf("no QUIT came\n%s", d.log.end())
	}
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.log.await(t, "the stop", 0, func(l soakLine) bool { return l.Msg == "the daemon stops" })
	time.Sleep(1500 * time.Millisecond) // longer than a run has that commits nothing
	close(reply)
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("the daemon: %v\n%s", err, d.log.end())
	}
	ended := d.log.await(t, "the end of the run", 0, func(l soakLine) bool { return l.Msg == "jobs: run ends" })
	if ended.Outcome != "committed" || ended.Class != "done" {
		t.Errorf("the run ended %s, class %s: %s", ended.Outcome, ended.Class, ended.Message)
	}
	if n := len(drop.Messages()); n != 0 {
		t.Errorf("%d messages are left", n)
	}
	if n := strings.Count(d.log.end(), " action "); n != 3 {
		t.Errorf("%d actions were logged, want 3\n%s", n, d.log.end())
	}
}
