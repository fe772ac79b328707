package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgreSQL dies with the thread that started it: this one lives as long as
// the tests.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	if os.Getenv(nodeVariable) != "" {
		os.Exit(runNode())
	}
	os.Exit(testAll(m))
}

func testAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "popherd-jobs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	stop, err := startPostgres(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "without PostgreSQL:", err)
	} else {
		defer stop()
	}
	return m.Run()
}

// server is the address of a PostgreSQL less the name of the database; empty if
// there is none.
var server string

var databases atomic.Int64

// newPostgres makes a database, and returns its address.
func newPostgres(t testing.TB) string {
	t.Helper()
	if server == "" {
		t.Skip("there is no PostgreSQL")
	}
	name := fmt.Sprintf("d%d", databases.Add(1))
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf(server, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(server, name)
}

// both runs a story on each kind of database.
func both(t *testing.T, story func(t *testing.T, db string)) {
	t.Run("sqlite", func(t *testing.T) { story(t, filepath.Join(t.TempDir(), "jobs.db")) })
	t.Run("postgres", func(t *testing.T) { story(t, newPostgres(t)) })
}
