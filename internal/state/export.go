package state

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// tables in the order in which they refer to each other. The last has the ids
// that are not to be used again.
func tables() []string {
	return []string{"account", "message", "run", "plan", "backup", "value", "sqlite_sequence"}
}

// A line is one of an export: the first has the version, the last the count of
// rows, the others have one row each. Numbers, texts and null stand for
// themselves; see encode for the rest.
type line struct {
	Version int            `json:"popherd_state,omitempty"`
	Table   string         `json:"table,omitempty"`
	Row     map[string]any `json:"row,omitempty"`
	End     bool           `json:"end,omitempty"`
	Rows    int            `json:"rows,omitempty"`
}

// Export writes everything as lines of JSON, for [Import]. Of a damaged
// database it writes what can be read of each table, and returns a
// *DamagedError.
func (s *Store) Export(ctx context.Context, w io.Writer) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return s.explain(err)
	}
	defer tx.Rollback()
	buffered := bufio.NewWriter(w)
	out := json.NewEncoder(buffered)
	first := line{}
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&first.Version); err != nil {
		return s.explain(err)
	}
	if err := out.Encode(first); err != nil {
		return err
	}
	last := line{End: true}
	var damages []error
	for _, table := range tables() {
		err := exportTable(ctx, tx, table, func(row map[string]any) error {
			last.Rows++
			return out.Encode(line{Table: table, Row: row})
		})
		if damage := (*DamagedError)(nil); errors.As(s.explain(err), &damage) {
			damages = append(damages, damage)
		} else if err != nil {
			return s.explain(err)
		}
	}
	if err := out.Encode(last); err != nil {
		return err
	}
	return errors.Join(buffered.Flush(), errors.Join(damages...))
}

func exportTable(ctx context.Context, tx *sql.Tx, table string, write func(row map[string]any) error) error {
	rows, err := tx.QueryContext(ctx, "SELECT * FROM "+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	places := make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		row := make(map[string]any, len(columns))
		for i, name := range columns {
			row[name] = encode(values[i])
		}
		if err := write(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// encode makes of a value what JSON keeps whole: octets are an object whose
// one member says how they stand.
func encode(v any) any {
	switch v := v.(type) {
	case []byte:
		if utf8.Valid(v) {
			return map[string]any{"octets": string(v)}
		}
		return map[string]any{"base64": base64.StdEncoding.EncodeToString(v)}
	case string:
		if !utf8.ValidString(v) {
			return map[string]any{"text": base64.StdEncoding.EncodeToString([]byte(v))}
		}
	}
	return v
}

func decode(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		return v.Int64()
	case map[string]any:
		for how, text := range v {
			text, ok := text.(string)
			if !ok {
				break
			}
			if how == "octets" {
				return []byte(text), nil
			}
			octets, err := base64.StdEncoding.DecodeString(text)
			if how == "text" {
				return string(octets), err
			}
			return octets, err
		}
		return nil, errors.New("octets are missing")
	}
	return v, nil
}

// Import makes the database of a folder from an export, of this version or an
// earlier one. It fails if there is a database, if the export is not whole, or
// with a *VersionError, and then leaves nothing.
func Import(ctx context.Context, dir string, r io.Reader) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	s := &Store{dir: dir, file: filepath.Join(dir, FileName)}
	if _, err := os.Lstat(s.file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("state %s: %w", s.file, either(err, fs.ErrExist))
	}
	return s.create(func(fresh *Store) error { return fresh.load(ctx, r, migrations()) })
}

// either returns err, or otherwise if it is nil.
func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// load fills an empty database of the export's version, and then migrates it.
func (s *Store) load(ctx context.Context, r io.Reader, steps []string) error {
	in := json.NewDecoder(bufio.NewReader(r))
	in.UseNumber()
	var first line
	if err := in.Decode(&first); err != nil || first.Version < 1 {
		return fmt.Errorf("state: not an export of popherd's state: %w", either(err, errors.New("it has no version")))
	}
	if first.Version > len(steps) {
		return &VersionError{File: "import", Version: first.Version, Newest: len(steps)}
	}
	if err := s.migrate(ctx, steps[:first.Version]); err != nil {
		return err
	}
	if err := s.write(ctx, func(tx *sql.Tx) error { return importRows(ctx, tx, in) }); err != nil {
		return err
	}
	return s.migrate(ctx, steps)
}

func importRows(ctx context.Context, tx *sql.Tx, in *json.Decoder) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM sqlite_sequence"); err != nil {
		return err
	}
	columns := map[string][]string{}
	for count := 0; ; count++ {
		var l line
		switch err := in.Decode(&l); {
		case err != nil:
			return fmt.Errorf("state: import: row %d: %w", count+1, err)
		case l.End && l.Rows != count:
			return fmt.Errorf("state: import: %d rows of %d", count, l.Rows)
		case l.End:
			return nil
		}
		if err := importRow(ctx, tx, l, columns); err != nil {
			return fmt.Errorf("state: import: row %d: %w", count+1, err)
		}
	}
}

// importRow inserts a row. Names of tables and columns are taken only if they
// are there: nothing of the export becomes SQL.
func importRow(ctx context.Context, tx *sql.Tx, l line, columns map[string][]string) error {
	if !slices.Contains(tables(), l.Table) {
		return fmt.Errorf("table %q: not one of popherd's state", l.Table)
	}
	if columns[l.Table] == nil {
		names, err := columnsOf(ctx, tx, l.Table)
		if err != nil {
			return err
		}
		columns[l.Table] = names
		if l.Table == "sqlite_sequence" { // filled by the rows before
			if _, err := tx.ExecContext(ctx, "DELETE FROM sqlite_sequence"); err != nil {
				return err
			}
		}
	}
	names := columns[l.Table]
	if len(l.Row) != len(names) {
		return fmt.Errorf("table %s: %d columns, want %d", l.Table, len(l.Row), len(names))
	}
	args := make([]any, len(names))
	for i, name := range names {
		v, ok := l.Row[name]
		if !ok {
			return fmt.Errorf("table %s: no column %q", l.Table, name)
		}
		var err error
		if args[i], err = decode(v); err != nil {
			return fmt.Errorf("table %s: column %s: %w", l.Table, name, err)
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+l.Table+" ("+strings.Join(names, ", ")+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", args...)
	return err
}

func columnsOf(ctx context.Context, tx *sql.Tx, table string) (names []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
