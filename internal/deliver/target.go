package deliver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// A store is what differs between targets. It is called for one message at a
// time, and for no id twice.
type store interface {
	// have reports whether the message is there from an earlier run, whole
	// and lasting.
	have(ctx context.Context, id string) (bool, error)
	// begin starts a message.
	begin(ctx context.Context, e Envelope) (draft, error)
	// sync makes what was committed last. After an error it is not called
	// again.
	sync(ctx context.Context) error
	// close clears away what was not synced.
	close() error
}

// A draft is a message that a store takes. One of commit and abort is called,
// once; commit that fails has left nothing.
type draft interface {
	io.Writer
	commit(ctx context.Context) error
	abort() error
}

// A key stands for a delivery id in maps, so that a hundred thousand are small.
type key [16]byte

func keyOf(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key(sum[:])
}

// target keeps the order of calls, for every store.
type target struct {
	name   string
	store  store
	seen   map[key]bool // committed in this run; true if synced too
	fresh  []key        // committed, not synced
	at     *delivery    // not yet ended
	broken error        // what made it unfit
	closed bool
}

var errBusy = errors.New("another delivery has not ended")

// Begin starts a delivery.
func (t *target) Begin(ctx context.Context, e Envelope) (Delivery, error) {
	if err := t.ready(ctx, e); err != nil {
		return nil, t.fault("begin", err)
	}
	k := keyOf(e.ID)
	synced, committed := t.seen[k]
	if committed && !synced {
		// Had it only been committed, it might not last.
		if err := t.Sync(ctx); err != nil {
			return nil, err
		}
	}
	if committed {
		return nil, ErrHave
	}
	have, err := t.store.have(ctx, e.ID)
	if err != nil {
		return nil, t.fault("begin", err)
	}
	if have {
		return nil, ErrHave
	}
	d, err := t.store.begin(ctx, e)
	if err != nil {
		return nil, t.fault("begin", err)
	}
	t.at = &delivery{ctx: ctx, target: t, draft: d, key: k}
	return t.at, nil
}

// ready reports what stands against a delivery.
func (t *target) ready(ctx context.Context, e Envelope) error {
	switch {
	case t.closed:
		return errors.New("the target is closed")
	case t.broken != nil:
		return t.broken
	case t.at != nil:
		return errBusy
	case !validID(e.ID):
		return fmt.Errorf("delivery id %q is not 1 to %d letters and digits", e.ID, maxID)
	}
	return ctx.Err()
}

const maxID = 64

func validID(id string) bool {
	return id != "" && len(id) <= maxID && strings.IndexFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}

// Sync makes what was committed last.
func (t *target) Sync(ctx context.Context) error {
	err := t.broken
	switch {
	case err != nil:
	case t.closed:
		err = errors.New("the target is closed")
	case t.at != nil:
		return t.fault("sync", errBusy)
	default:
		if err = ctx.Err(); err == nil {
			err = t.store.sync(ctx)
		}
		t.broken = err
	}
	if err != nil {
		return t.fault("sync", err)
	}
	for _, k := range t.fresh {
		t.seen[k] = true
	}
	t.fresh = t.fresh[:0]
	return nil
}

// Close clears away what was not synced.
func (t *target) Close() error {
	if t.closed {
		return nil
	}
	var aborted error
	if t.at != nil {
		aborted = t.at.draft.abort()
		t.at.end()
	}
	t.closed = true
	return t.fault("close", errors.Join(aborted, t.store.close()))
}

// delivery is one message.
type delivery struct {
	ctx    context.Context // of Begin, for Write, which has none
	target *target
	draft  draft
	key    key
	failed error
	over   bool
}

var errOver = errors.New("the delivery has ended")

// Write takes octets of the message.
func (d *delivery) Write(p []byte) (int, error) {
	switch {
	case d.over:
		return 0, d.target.fault("write", errOver)
	case d.failed == nil:
		d.failed = d.ctx.Err()
	}
	n := 0
	if d.failed == nil {
		n, d.failed = d.draft.Write(p)
	}
	return n, d.target.fault("write", d.failed)
}

// Commit says that the message is whole.
func (d *delivery) Commit(ctx context.Context) error {
	if d.over {
		return d.target.fault("commit", errOver)
	}
	d.end()
	err := d.failed
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return d.target.fault("commit", errors.Join(err, d.draft.abort()))
	}
	if err := d.draft.commit(ctx); err != nil {
		return d.target.fault("commit", err)
	}
	d.target.seen[d.key] = false
	d.target.fresh = append(d.target.fresh, d.key)
	return nil
}

// Abort gives the message up.
func (d *delivery) Abort() error {
	if d.over {
		return nil
	}
	d.end()
	return d.target.fault("abort", d.draft.abort())
}

func (d *delivery) end() {
	d.over = true
	d.target.at = nil
}

// arrival is the time to write down for a message.
func arrival(e Envelope, now time.Time) time.Time {
	if e.Received.Unix() <= 0 || e.Received.After(now) {
		return now
	}
	return e.Received
}
