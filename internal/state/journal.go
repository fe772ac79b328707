package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// A Journal writes one step of a run. Its methods return nothing: after the
// first error the others do nothing, and [Account.Journal] returns it.
type Journal struct {
	ctx      context.Context
	tx       *sql.Tx
	account  *Account
	run      RunID
	now      time.Time
	prepared map[string]*sql.Stmt
	err      error
}

// Journal writes a step of a run, with one fsync. When it returns nil, all of
// it lasts; else nothing of it was kept. To repeat a step changes nothing more,
// but that a plan's row is replaced and a backup is there twice.
func (a *Account) Journal(ctx context.Context, now time.Time, run RunID, step func(j *Journal)) error {
	return a.store.write(ctx, func(tx *sql.Tx) error {
		j := &Journal{ctx: ctx, tx: tx, account: a, run: run, now: now, prepared: map[string]*sql.Stmt{}}
		defer j.close()
		step(j)
		return j.err
	})
}

func (j *Journal) close() {
	for _, statement := range j.prepared {
		statement.Close()
	}
}

// exec runs a statement that is prepared once, and returns how many rows it
// changed.
func (j *Journal) exec(query string, args ...any) int64 {
	if j.err != nil {
		return 0
	}
	statement := j.prepared[query]
	if statement == nil {
		if statement, j.err = j.tx.PrepareContext(j.ctx, query); j.err != nil {
			return 0
		}
		j.prepared[query] = statement
	}
	done, err := statement.ExecContext(j.ctx, args...)
	if err != nil {
		j.err = err
		return 0
	}
	changed, err := done.RowsAffected()
	j.err = err
	return changed
}

// message runs a statement that must change the one message.
func (j *Journal) message(key Key, otherwise error, query string, args ...any) {
	if j.exec(query, append(args, key, j.account.id)...) != 1 && j.err == nil {
		j.err = fmt.Errorf("message %d: %w", key, otherwise)
	}
}

// Delivered notes that a message lasts in a target: only after that target's
// Sync. Its failures are forgotten. The step fails with [ErrDoubtful] if it is
// not certain which message that is, or there is none. A target is told by its
// place, which has no line ends: a name might be another's tomorrow.
func (j *Journal) Delivered(key Key, place string, d Digest) {
	if j.err == nil && (place == "" || strings.Contains(place, "\n")) {
		j.err = fmt.Errorf("target %q: not a place", place)
	}
	j.message(key, ErrDoubtful, `UPDATE message SET digest = ?, failures = 0, failure = '',
		delivered = delivered || iif(instr(char(10) || delivered, char(10) || ?2 || char(10)), '', ?2 || char(10))
		WHERE id = ?3 AND account = ?4 AND NOT doubtful`, d[:], place)
}

// Sent notes the content of a message that is on its way to a target: before
// that target's Sync. If the run is cut off, the next one can tell the message
// from another that has its unique-id: [Known.Comparable].
func (j *Journal) Sent(key Key, d Digest) {
	j.message(key, ErrDoubtful, "UPDATE message SET digest = ? WHERE id = ? AND account = ? AND NOT doubtful", d[:])
}

// Wanted notes that the run means to delete a message: before its DELE is sent.
// If the run is cut off, or ends with an unknown outcome, [Account.Observe] of
// the next one says whether that is done, and [Known.Wanted] what is left. For
// a message that only its content identifies nothing is noted: of two copies
// one may be meant to stay.
func (j *Journal) Wanted(key Key) {
	j.message(key, ErrNoMessage, `UPDATE message SET wanted = iif(uid IS NULL, NULL, coalesce(wanted, ?))
		WHERE id = ? AND account = ?`, j.run)
}

// Gone notes that the server deleted a message: after the +OK to QUIT.
func (j *Journal) Gone(key Key) {
	j.message(key, ErrNoMessage, `UPDATE message SET gone = coalesce(gone, ?), wanted = NULL, failures = 0
		WHERE id = ? AND account = ?`, j.now.UnixMilli())
}

// Failed notes that a message could not be dealt with, and why. However often
// it fails in a run, that counts once.
func (j *Journal) Failed(key Key, why string) {
	j.message(key, ErrNoMessage, `UPDATE message SET failures = failures + (failed <> ?1), failed = ?1, failure = ?2
		WHERE id = ?3 AND account = ?4`, j.run, why)
}

// Recovered forgets the failures of a message: a run dealt with it, or a person
// releases it.
func (j *Journal) Recovered(key Key) {
	j.message(key, ErrNoMessage, "UPDATE message SET failures = 0, failure = '' WHERE id = ? AND account = ?")
}

// Plan notes a row of the run's plan, for people to read later.
func (j *Journal) Plan(r Row) {
	j.exec(`INSERT OR REPLACE INTO plan (run, number, message, uid, octets, decision, target, reason, rule, evidence, subject, sender)
		SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM run WHERE id = ?1`,
		j.run, r.Number, r.Key, []byte(r.UniqueID), r.Octets, r.Decision, r.Target, []byte(r.Reason), []byte(r.Rule),
		[]byte(r.Evidence), []byte(r.Subject), []byte(r.From))
}

// BackedUp notes where a copy of a message lasts: after its file and folder
// were fsynced, and before its DELE.
func (j *Journal) BackedUp(b Backup) {
	j.exec("INSERT INTO backup (account, run, uid, octets, digest, file, made) VALUES (?, ?, ?, ?, ?, ?, ?)",
		j.account.name, j.run, []byte(b.UniqueID), b.Octets, b.Digest[:], b.File, j.now.UnixMilli())
}

// End notes the outcome of the run: "planned", "committed", "aborted" or
// "unknown", and why. Wanted deletions stay wanted only if it is unknown. After
// "committed" no message that was listed is new any more. A run has one
// outcome: the first that is noted.
func (j *Journal) End(outcome, why string) {
	id := j.account.id
	ended := j.exec("UPDATE run SET ended = ?, outcome = ?, why = ? WHERE id = ? AND account = ? AND ended IS NULL",
		j.now.UnixMilli(), outcome, why, j.run, id)
	if j.err != nil || ended == 0 {
		return
	}
	switch outcome {
	case "committed":
		// What an earlier run wanted has been deleted, or refused by the server.
		j.exec("UPDATE message SET wanted = NULL WHERE account = ? AND wanted IS NOT NULL", id)
		j.exec("UPDATE account SET seen = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0) WHERE id = ?", id)
	case "aborted", "planned":
		j.exec("UPDATE message SET wanted = NULL WHERE account = ? AND wanted = ?", id, j.run)
	case "unknown":
	default:
		j.err = fmt.Errorf("run %d: outcome %q", j.run, outcome)
	}
}
