package jobs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startPostgres runs one for these tests, reached through a socket in their
// folder alone, as a user that it accepts.
func startPostgres(dir string) (stop func(), err error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return nil, fmt.Errorf("it is not installed")
	}
	bin := filepath.Dir(found[len(found)-1])
	store := filepath.Join(dir, "pg")
	if err := os.Mkdir(store, 0o700); err != nil {
		return nil, err
	}
	// It ends when told with SIGQUIT at once, and the kernel tells it.
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(store, uid, gid); err != nil {
			return nil, err
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), args...)
		c.SysProcAttr, c.Dir, c.Env = attr, store, []string{"LC_ALL=C", "TZ=UTC"}
		return c
	}
	if out, err := command("initdb", "-D", store+"/base", "-U", "popherd", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "postgres.log"))
	if err != nil {
		return nil, err
	}
	c := command("postgres", "-D", store+"/base", "-k", store, "-c", "listen_addresses=", "-c", "max_connections=200")
	c.Stdout, c.Stderr = log, log
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		c.Process.Signal(syscall.SIGQUIT)
		c.Wait()
		log.Close()
	}
	server = "postgres://popherd@/%s?host=" + store
	for range 300 {
		conn, err := pgx.Connect(context.Background(), fmt.Sprintf(server, "postgres"))
		if err == nil {
			conn.Close(context.Background())
			return stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	server = ""
	return nil, fmt.Errorf("it did not start in time")
}
