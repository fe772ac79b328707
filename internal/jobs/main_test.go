package jobs

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
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
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		f.Value.Set("8")
	}
	return m.Run()
}

// server is the address of a PostgreSQL less the name of the database; empty if
// there is none.
var server string

var databases atomic.Int64

// createPostgres makes a database like another one, and returns its address.
func createPostgres(like string) (string, error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, fmt.Sprintf(server, "postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := fmt.Sprintf("d%d", databases.Add(1))
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+like)
	return name, err
}

// To migrate takes longer than most of the stories: they begin with copies.
var migratedPostgres = sync.OnceValues(func() (string, error) {
	name, err := createPostgres("template1")
	if err != nil {
		return "", err
	}
	return name, migrated(fmt.Sprintf(server, name))
})

var migratedSQLite = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "popherd-jobs-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "jobs.db")
	if err := migrated(name); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
})

func migrated(db string) error {
	e, err := Open(context.Background(), Options{DB: db})
	if err != nil {
		return err
	}
	return e.Close()
}

// needPostgres skips what needs a PostgreSQL where there is none, or fails if
// POPHERD_REAL_SERVERS is 1.
func needPostgres(t testing.TB) {
	t.Helper()
	switch {
	case server != "":
	case os.Getenv("POPHERD_REAL_SERVERS") == "1":
		t.Fatal("there is no PostgreSQL, and POPHERD_REAL_SERVERS demands it")
	default:
		t.Skip("there is no PostgreSQL")
	}
}

func newPostgres(t testing.TB) string {
	t.Helper()
	needPostgres(t)
	like, err := migratedPostgres()
	if err != nil {
		t.Fatal(err)
	}
	return emptyPostgres(t, like)
}

// emptyPostgres makes one without tables, unless that which it is like has some.
func emptyPostgres(t testing.TB, like string) string {
	t.Helper()
	needPostgres(t)
	name, err := createPostgres(like)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(server, name)
}

func newSQLite(t testing.TB) string {
	t.Helper()
	file, err := migratedSQLite()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "jobs.db")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// another makes one of the same kind.
func another(t testing.TB, db string) string {
	t.Helper()
	if strings.HasPrefix(db, "postgres") {
		return newPostgres(t)
	}
	return newSQLite(t)
}

// both runs a story on each kind of database, beside other tests: they wait
// more than they work.
func both(t *testing.T, story func(t *testing.T, db string)) {
	t.Parallel()
	for kind, f := range map[string]func(testing.TB) string{"sqlite": newSQLite, "postgres": newPostgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			story(t, f(t))
		})
	}
}

// alone does the same while nothing else runs.
func alone(t *testing.T, story func(t *testing.T, db string)) {
	t.Run("sqlite", func(t *testing.T) { story(t, newSQLite(t)) })
	t.Run("postgres", func(t *testing.T) { story(t, newPostgres(t)) })
}
