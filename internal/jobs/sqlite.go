package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/popherd/popherd/internal/atomicfile"
)

// sqlitePoll is how often each process asks whether there is a ticket: nobody
// tells it.
const sqlitePoll = 250 * time.Millisecond

// sqliteCooldown is between two of its questions, each of which takes the write
// lock, for which processes wait without a queue.
const sqliteCooldown = 50 * time.Millisecond

// sqliteDB is a file that processes of one machine share.
type sqliteDB struct {
	sqlTexts
	db      *sql.DB
	beats   *sql.DB // another connection
	looks   *sql.DB // more of them: in WAL mode readers wait for nobody
	client  *river.Client[*sql.Tx]
	syncing sync.Mutex
}

// openSQLite opens or makes the file. It has one connection, one for
// the leases, and some to look: SQLite has one writer, and River would meet itself. All transactions take the write lock at
// once, for one that reads first and then cannot write fails without waiting.
//
// A commit is not fsynced: the database stays whole without, and a loss of
// power takes it back some moments, which is a crash some moments earlier; for
// what a person is told to be done, see lasting.
func openSQLite(ctx context.Context, e *Engine) (database, error) {
	path, err := filepath.Abs(e.o.DB)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	} else if err := f.Close(); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	d := &sqliteDB{}
	if err := d.open(ctx, e, path); err != nil {
		d.close()
		return nil, fmt.Errorf("jobs %s: %w", path, err)
	}
	return d, nil
}

// lockFile takes the lock of a file, waiting for whoever has it: several
// processes that start at once migrate one after the other. The file stays.
func lockFile(ctx context.Context, path string) (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	for {
		err = atomicfile.Flock(f)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, atomicfile.ErrLocked) || !pause(ctx, 20*time.Millisecond) {
			f.Close()
			return nil, fmt.Errorf("jobs: lock %s: %w", path, err)
		}
	}
}

func (d *sqliteDB) open(ctx context.Context, e *Engine, path string) (err error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") { // C:/...
		slashed = "/" + slashed
	}
	pragmas := []string{"busy_timeout(30000)", "foreign_keys(1)", "trusted_schema(0)", "journal_mode(wal)", "synchronous(normal)", "journal_size_limit(16777216)"}
	name := url.URL{Scheme: "file", Path: slashed, RawQuery: url.Values{"_pragma": pragmas, "mode": {"rw"}, "_txlock": {"immediate"}}.Encode()}
	for _, c := range []struct {
		db          **sql.DB
		connections int
	}{{&d.db, 1}, {&d.beats, 1}, {&d.looks, 2}} {
		db, err := sql.Open("sqlite", name.String())
		if err != nil {
			return err
		}
		db.SetMaxOpenConns(c.connections)
		*c.db = db
	}
	d.sqlTexts = sqlTexts{d.db}
	driver := riversqlite.New(d.db)
	dialect := strings.NewReplacer("{{identity}}", "integer PRIMARY KEY AUTOINCREMENT", "{{octets}}", "blob")
	if err = migrateAll(ctx, e, d, driver, dialect); err != nil {
		return err
	}
	c := settings(e, sqliteCooldown, sqlitePoll)
	c.PollOnly = true
	d.client, err = river.NewClient(driver, c)
	return err
}

func (d *sqliteDB) begin(ctx context.Context) (transaction, error) {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	return &sqliteTx{sqlTexts{tx}, tx, d.client}, nil
}

func (d *sqliteDB) again(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}

// lasting makes a commit that fsyncs the log, with all that stands in it.
func (d *sqliteDB) lasting(ctx context.Context) error {
	d.syncing.Lock()
	defer d.syncing.Unlock()
	if _, err := d.exec(ctx, "PRAGMA synchronous = full"); err != nil {
		return err
	}
	_, err := d.exec(ctx, "UPDATE popherd_schema SET version = version")
	// With a context that has ended it would stay full, which is only slower.
	_, back := d.exec(ctx, "PRAGMA synchronous = normal")
	return errors.Join(err, back)
}

// moment is text, in the layout of riversqlite.
func (d *sqliteDB) moment(t time.Time) any { return t.UTC().Format("2006-01-02 15:04:05.000") }

func (d *sqliteDB) work(ctx context.Context) error { return d.client.Start(ctx) }
func (d *sqliteDB) rest(ctx context.Context) error { return d.client.Stop(ctx) }

func (d *sqliteDB) vital() querier { return sqlTexts{d.beats} }
func (d *sqliteDB) look() querier  { return sqlTexts{d.looks} }
func (d *sqliteDB) clock() string  { return "CAST(unixepoch('subsec') * 1000000 AS integer)" }

func (d *sqliteDB) close() {
	for _, db := range []*sql.DB{d.looks, d.beats, d.db} {
		if db != nil {
			db.Close()
		}
	}
}

// sqliteTx is a transaction.
type sqliteTx struct {
	sqlTexts
	tx     *sql.Tx
	client *river.Client[*sql.Tx]
}

func (t *sqliteTx) enqueue(ctx context.Context, tickets []ticket) ([]int64, error) {
	inserted, err := t.client.InsertManyTx(ctx, t.tx, params(tickets))
	return ids(inserted), err
}

func (t *sqliteTx) commit(context.Context) error { return t.tx.Commit() }
func (t *sqliteTx) rollback()                    { t.tx.Rollback() }

// sqlTexts runs statements of ours on a *sql.DB or *sql.Tx: SQLite takes $1 for
// a name, and counts ?1.
type sqlTexts struct {
	on interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

func (s sqlTexts) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := s.on.ExecContext(ctx, sqliteText(text), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s sqlTexts) query(ctx context.Context, text string, args ...any) (rows, error) {
	return s.on.QueryContext(ctx, sqliteText(text), args...)
}

// sqliteText leaves out the locks of rows: one writer needs none.
func sqliteText(text string) string {
	text = strings.ReplaceAll(text, "$", "?")
	text = strings.ReplaceAll(text, " FOR UPDATE SKIP LOCKED", "")
	return strings.ReplaceAll(text, " FOR UPDATE", "")
}
