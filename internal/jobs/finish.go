package jobs

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const (
	maxReport  = 16 << 20 // octets of a Report
	maxMessage = 4 << 10  // octets of a Message
	maxWait    = 24 * time.Hour
	maxBackoff = time.Hour
	mostAgains = 20 // in a row
	againTicks = 5  // between them
)

// errLost says that the run was taken from this process.
var errLost = errors.New("others took this process for dead, and the run from it")

// finish notes a result and gives the lease back. It tries as long as the
// process lives: while the database is away, nobody else begins the run. final
// says that there will be no other attempt.
func (e *Engine) finish(c *claim, r Result) (final bool, err error) {
	report := pack(r.Report)
	doubt := false // whether a commit that failed may have been made
	for attempt := 0; ; attempt++ {
		reached := false
		// Not the context of the run, which may have ended.
		ctx, cancel := context.WithTimeout(e.lives, time.Minute)
		err := write(ctx, e.db, func(tx transaction) error {
			reached = false
			ended, err := e.finishIn(ctx, tx, c, r, report)
			if err == nil {
				reached, final = true, ended
			}
			return err
		})
		cancel()
		if errors.Is(err, errLost) && doubt {
			// It had been made, or a lease has passed meanwhile: then others say so.
			e.log.Warn("jobs: the result of a run was noted before", "run", c.Run)
			err = nil
		}
		doubt = doubt || reached
		if err == nil || errors.Is(err, errLost) || e.lives.Err() != nil {
			if err == nil {
				e.counts.ended(r)
			}
			return final, err
		}
		e.log.Error("jobs: the result of a run is not noted yet", "run", c.Run, "error", err)
		if !pause(e.lives, min(10*time.Second, time.Second<<min(attempt, 4))) {
			return false, err
		}
	}
}

func (e *Engine) finishIn(ctx context.Context, tx transaction, c *claim, r Result, report []byte) (final bool, err error) {
	now := e.o.Now()
	state, due := "done", now
	var finished = now.UnixMicro()
	undone, agains := int64(0), 0
	switch {
	case r.Class == Interrupted && r.Outcome != "cancelled":
		state, finished, undone = "waiting", 0, 1
	case r.Class == Again:
		state, finished, undone, agains, due = "waiting", 0, 1, c.agains+1, now.Add(againTicks*e.o.Tick)
		c.after = due
	case r.Class == Temporary && c.tries <= c.d.Retries:
		state, finished, due = "waiting", 0, now.Add(e.backoff(c, r.After))
	}
	// It ends here whatever a person wanted meanwhile, but does not run again.
	err = one(ctx, tx, []any{&state}, `UPDATE popherd_run SET
		state = CASE WHEN cancel <> 0 THEN 'done' ELSE $1 END,
		outcome = CASE WHEN cancel <> 0 AND $1 = 'waiting' THEN 'cancelled' ELSE $2 END,
		finished = CASE WHEN cancel <> 0 THEN CAST($3 AS bigint) ELSE $4 END,
		due = $5, class = $6, message = $7, messages = $8, deleted = $9, delivered = $10, kept = $11, report = COALESCE($12, report), dry = $13,
		attempt = attempt - $14, tries = tries - $14, agains = $17, node = '', cancel = 0
		WHERE id = $15 AND state = 'running' AND node = $16 RETURNING state`,
		state, clean(r.Outcome), now.UnixMicro(), finished, due.UnixMicro(), string(r.Class), clean(r.Message),
		r.Messages, r.Deleted, r.Delivered, r.Kept, report, bit(c.DryRun), undone, c.Run, c.session, agains)
	if errors.Is(err, errNone) {
		err = errLost
	}
	if err != nil {
		return false, err
	}
	if err := release(ctx, tx, c); err != nil {
		return false, err
	}
	if err := delay(ctx, tx, c.Maildrop, r.Delay, now); err != nil {
		return false, err
	}
	return state == "done", stand(ctx, tx, c, r, now)
}

// backoff is how long a run waits for the next attempt: twice as long each
// time, up to an hour, of which a part by chance (of its number, for all that
// failed at once would come back at once), and as long as the server asked for.
func (e *Engine) backoff(c *claim, after time.Duration) time.Duration {
	d := e.o.RetryWait << min(c.tries-1, 20)
	if d > maxBackoff || d <= 0 {
		d = maxBackoff
	}
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(c.Run)), uint64(c.Attempt)))
	share := time.Duration(binary.BigEndian.Uint16(sum[:])) // of 1 << 16
	d = d*3/4 + d/2*share/(1<<16)
	return max(d, min(after, maxWait)+d/8*share/(1<<16))
}

// clean makes a message storable: PostgreSQL takes no NUL and only UTF-8.
func clean(text string) string {
	if len(text) > maxMessage {
		text = text[:maxMessage]
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// pack compresses a report.
func pack(report []byte) []byte {
	if len(report) == 0 || len(report) > maxReport {
		return nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(report) // a buffer takes all
	w.Close()
	return b.Bytes()
}

// unpack is the reverse of pack.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	report, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return report, nil
}
