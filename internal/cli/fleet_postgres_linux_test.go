package cli_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresLimit is how long PostgreSQL may take to start.
const postgresLimit = time.Minute

// startFleetPostgres runs a PostgreSQL for one test, reached through a socket
// in a folder of its own alone, and returns the address of its database.
// Where there is none, the test is skipped, or fails if POPHERD_REAL_SERVERS is 1.
func startFleetPostgres(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is sound
	if len(found) == 0 {
		const reason = "postgresql is not installed (Debian: apt-get install postgresql)"
		if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
			t.Fatal(reason + "; POPHERD_REAL_SERVERS=1 demands it")
		}
		t.Skip(reason + "; set POPHERD_REAL_SERVERS=1 to fail instead of skipping")
	}
	bin := filepath.Dir(found[len(found)-1])
	// Not t.TempDir, which another user may not enter, and whose name may be too
	// long for a socket.
	dir, err := os.MkdirTemp("", "popherd-pg-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o711))
	store := filepath.Join(dir, "pg")
	must(t, os.Mkdir(store, 0o700))
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Getuid() == 0 {
		attributes.Credential = postgresUser(t)
		must(t, os.Chown(store, int(attributes.Credential.Uid), int(attributes.Credential.Gid)))
	}
	program := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.SysProcAttr, c.Dir, c.Env = attributes, store, []string{"LC_ALL=C", "TZ=UTC"}
		return c
	}
	base := filepath.Join(store, "base")
	if out, err := program("initdb", "-D", base, "-U", "popherd", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	t.Cleanup(func() { log.Close() })
	c := program("postgres", "-D", base, "-k", store, "-c", "listen_addresses=", "-c", "max_connections=200")
	c.Stdout, c.Stderr = log, log
	runPostgres(t, c)
	address := "postgres://popherd@/postgres?host=" + store
	awaitPostgres(t, filepath.Join(store, ".s.PGSQL.5432"), address)
	return address
}

// postgresUser is whom root runs it as: PostgreSQL refuses to be root.
func postgresUser(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	must(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	must(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	must(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// runPostgres starts it, and ends it when the test does.
func runPostgres(t *testing.T, c *exec.Cmd) {
	t.Helper()
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// Its signal comes when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
			close(ended)
		}
	}()
	must(t, <-started)
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGQUIT) // at once
		<-ended
	})
}

// awaitPostgres returns when the database answers.
func awaitPostgres(t *testing.T, socket, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postgresLimit)
	defer cancel()
	ticker := time.NewTicker(fleetPoll)
	defer ticker.Stop()
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			var session *pgx.Conn
			if session, err = pgx.Connect(ctx, address); err == nil {
				session.Close(ctx)
				return
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("postgresql does not answer: %w", err))
		}
	}
}
