package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A swarmServer is a PostgreSQL of a benchmark's own, reached through a socket
// in its folder alone.
type swarmServer struct {
	dir   string
	empty int64 // octets of a database without anything
}

// swarmPostgres starts one, or says why there is none.
func swarmPostgres(b *testing.B) (*swarmServer, string) {
	b.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is sound
	if len(found) == 0 {
		return nil, "it is not installed"
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "popherd-swarm-") // not the test's, whose path may be too long for a socket
	if err != nil {
		return nil, err.Error()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Getuid() == 0 { // which it refuses to run as
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err.Error()
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err.Error()
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir, cmd.Env = attributes, dir, []string{"LC_ALL=C", "TZ=UTC"}
		return cmd
	}
	if out, err := command("initdb", "-D", dir+"/base", "-U", "popherd", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Sprintf("initdb: %v: %s", err, out)
	}
	cmd := command("postgres", "-D", dir+"/base", "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=100")
	if err := cmd.Start(); err != nil {
		return nil, err.Error()
	}
	b.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGQUIT)
		cmd.Wait()
	})
	s := &swarmServer{dir: dir}
	for range 300 {
		conn, err := pgx.Connect(b.Context(), s.url("postgres"))
		if err == nil {
			conn.Close(b.Context())
			return s, ""
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, "it did not start in time"
}

func (s *swarmServer) url(database string) string {
	return fmt.Sprintf("postgres://popherd@/%s?host=%s", database, s.dir)
}

// ask runs a statement whose answer is a number, if into is given.
func (s *swarmServer) ask(b *testing.B, database string, into *int64, text string) {
	b.Helper()
	conn, err := pgx.Connect(context.Background(), database)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	if into == nil {
		_, err = conn.Exec(context.Background(), text)
	} else {
		err = conn.QueryRow(context.Background(), text).Scan(into)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// database makes one, and returns its address.
func (s *swarmServer) database(b *testing.B, name string) string {
	b.Helper()
	s.ask(b, s.url("postgres"), nil, "CREATE DATABASE "+name)
	s.empty = 0
	s.empty = s.size(b, s.url(name))
	return s.url(name)
}

// size is how much larger the last database has become, without the server's
// own log.
func (s *swarmServer) size(b *testing.B, database string) (octets int64) {
	b.Helper()
	s.ask(b, database, &octets, "SELECT pg_database_size(current_database())")
	return octets - s.empty
}
