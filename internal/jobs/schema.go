package jobs

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// steps bring a database from one version to the next: schema/1.sql is the
// first. One that was released is never changed.
//
//go:embed schema/*.sql
var steps embed.FS

const version = 1

// migrateAll brings River's tables and ours to their latest version, unless ours
// are of a later popherd: its River is as well.
func migrateAll[T any](ctx context.Context, e *Engine, d database, driver riverdriver.Driver[T], dialect *strings.Replacer) error {
	if err := refuseNewer(ctx, d); err != nil {
		return err
	}
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(quiet{e.o.Log.Handler()})})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return migrate(ctx, d, dialect)
}

// refuseNewer refuses a database of a later popherd, before anything in it is
// changed.
func refuseNewer(ctx context.Context, db database) error {
	return write(ctx, db, func(tx transaction) error {
		_, err := schemaVersion(ctx, tx)
		return err
	})
}

// schemaVersion returns the version of the tables; 0 if there are none.
func schemaVersion(ctx context.Context, tx transaction) (at int, err error) {
	if _, err := tx.exec(ctx, "CREATE TABLE IF NOT EXISTS popherd_schema (version bigint NOT NULL)"); err != nil {
		return 0, err
	}
	err = one(ctx, tx, []any{&at}, "SELECT version FROM popherd_schema")
	if errors.Is(err, errNone) {
		_, err = tx.exec(ctx, "INSERT INTO popherd_schema (version) VALUES (0)")
	}
	if err == nil && at > version {
		err = fmt.Errorf("jobs: the database has version %d, and this popherd knows %d: use a newer one", at, version)
	}
	return at, err
}

// migrate brings our tables up to date. The caller holds a lock.
func migrate(ctx context.Context, db database, dialect *strings.Replacer) error {
	return write(ctx, db, func(tx transaction) error {
		at, err := schemaVersion(ctx, tx)
		if err != nil {
			return err
		}
		for n := at + 1; n <= version; n++ {
			text, err := steps.ReadFile(fmt.Sprintf("schema/%d.sql", n))
			if err != nil {
				return err
			}
			if err := apply(ctx, tx, dialect.Replace(string(text))); err != nil {
				return fmt.Errorf("jobs: schema %d: %w", n, err)
			}
		}
		_, err = tx.exec(ctx, "UPDATE popherd_schema SET version = $1 WHERE version < $1", version)
		return err
	})
}

// apply runs the statements of a step, each of which ends a line with ";".
func apply(ctx context.Context, tx transaction, text string) error {
	for statement := range strings.SplitSeq(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
