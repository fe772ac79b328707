package state

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
)

// applicationID marks the database as popherd's: "poph".
const applicationID = 0x706f7068

//go:embed schema/1.sql
var schema1 string

// A migration leads from the version before to that of its place, from 1. What
// was released is never changed; a change is one more.
func migrations() []string { return []string{schema1} }

// migrate brings the database up to a version, in one transaction. A database
// from the future is refused, and so is one that is not popherd's.
func (s *Store) migrate(ctx context.Context, steps []string) error {
	version, id, err := s.version(ctx)
	switch {
	case err != nil:
		return err
	case version > len(steps):
		return &VersionError{File: s.file, Version: version, Newest: len(steps)}
	case version > 0 && id != applicationID || version < 0:
		return &DamagedError{File: s.file, Err: fmt.Errorf("application id is %#x, not popherd's", id)}
	case version == len(steps):
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// Another process may have been here first.
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		for ; version < len(steps); version++ {
			if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
				return fmt.Errorf("version %d: %w", version+1, err)
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version))
		return err
	})
}

func (s *Store) version(ctx context.Context) (version, id int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id").Scan(&version, &id)
	return version, id, s.explain(err)
}
