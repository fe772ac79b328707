package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// FileName is that of the database in its folder. Beside it stand, while it is
// open or after a crash, files of that name with -wal and -shm.
const FileName = "state.db"

// Options say how to open a store. The zero value is for a run.
type Options struct {
	// ReadOnly creates, migrates and checks nothing, and refuses what writes:
	// for saving what can be read of a damaged database.
	ReadOnly bool
}

// A Store is an open database. It may be used by several goroutines, which
// wait for each other, and several processes may have it open.
type Store struct {
	db   *sql.DB
	dir  string
	file string
}

// pragmas are what every connection asks for first. A commit is fsynced before
// it is answered. The cache is small, since a run has little memory to spare.
func pragmas(readOnly bool) url.Values {
	list := []string{"busy_timeout(30000)", "cache_size(-2000)", "foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)"}
	if readOnly {
		return url.Values{"_pragma": list, "mode": {"ro"}}
	}
	list = append(list, "journal_mode(wal)", "synchronous(full)", "fullfsync(1)", "journal_size_limit(4194304)")
	return url.Values{"_pragma": list, "mode": {"rw"}, "_txlock": {"immediate"}}
}

// Open opens the database of a folder, and makes both if they are missing. One
// that was not closed in order is checked first. It fails with a
// *DamagedError, which leaves the database as it is, a *VersionError, [ErrFull],
// [ErrBusy], or the errors of the file system.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	return open(ctx, dir, o, migrations())
}

func open(ctx context.Context, dir string, o Options, steps []string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	s := &Store{dir: dir, file: filepath.Join(dir, FileName)}
	if err := s.prepare(ctx, o, steps); err != nil {
		return nil, err
	}
	left, _ := os.Stat(s.file + "-wal")
	if err := s.connect(s.file, o); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		return s, nil
	}
	err = s.migrate(ctx, steps)
	if err == nil && left != nil && left.Size() > 0 {
		err = s.check(ctx)
	}
	if err != nil {
		s.db.Close()
		return nil, err
	}
	return s, nil
}

// prepare makes sure that there is a file that may be a database. An empty one
// is none: see create.
func (s *Store) prepare(ctx context.Context, o Options, steps []string) error {
	// Stat, and no open: closing the file would drop the locks that another
	// Store of this process has on it.
	found, err := os.Stat(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !o.ReadOnly:
		return s.create(func(fresh *Store) error { return fresh.migrate(ctx, steps) })
	case err != nil:
		return fmt.Errorf("state: %w", err)
	case !found.Mode().IsRegular():
		return fmt.Errorf("state %s: not a file", s.file)
	case found.Size() == 0:
		return &DamagedError{File: s.file, Err: errors.New("the file is empty")}
	}
	return nil
}

// create makes the database under another name, has it filled, and links it
// into its place whole: a crash leaves no empty file that would look like a
// state without memories. Where two processes do so at once, the first one's is
// used.
func (s *Store) create(fill func(fresh *Store) error) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f, err := os.CreateTemp(s.dir, ".new-*.db")
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		defer os.Remove(f.Name() + suffix)
	}
	fresh := &Store{dir: s.dir, file: s.file}
	if err := fresh.connect(f.Name(), Options{}); err != nil {
		return err
	}
	err = fill(fresh)
	if err == nil { // Close does so too, but does not say when there is no room
		err = fresh.checkpoint()
	}
	if closed := fresh.Close(); err == nil { // the database is one file from now on
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), s.file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("state: %w", err)
	}
	return syncFolder(s.dir)
}

// checkpoint brings everything from the log into the database.
func (s *Store) checkpoint() error {
	var busy, logged, moved int
	if err := s.db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved); err != nil {
		return s.explain(err)
	}
	if busy != 0 || logged != moved {
		return fmt.Errorf("state: %w", ErrFull)
	}
	return nil
}

// syncFolder makes the names in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	defer d.Close()
	return folderSynced(d.Sync())
}

// connect prepares the one connection; it is made when it is first used.
func (s *Store) connect(file string, o Options) error {
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") { // C:/...
		path = "/" + path
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: pragmas(o.ReadOnly).Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return s.explain(err)
	}
	db.SetMaxOpenConns(1)
	s.db = db
	return nil
}

// check looks for damage; it reads the whole file.
func (s *Store) check(ctx context.Context) error {
	var found string
	if err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return s.explain(err)
	}
	if found != "ok" {
		return &DamagedError{File: s.file, Err: errors.New(found)}
	}
	return nil
}

// Close closes the database. All that was written lasts already.
func (s *Store) Close() error { return s.explain(s.db.Close()) }

// write runs f in a transaction, which lasts once write returns nil, and of
// which nothing is kept otherwise.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback() // nothing after a commit
	err = f(tx)
	if err == nil {
		err = tx.Commit()
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // rolled back meanwhile
		return ctx.Err()
	}
	return s.explain(err)
}
