package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// An Engine computes fires and works runs, from Start to Stop. Without Start it
// looks, and takes what people order. Its methods may be used by several
// goroutines.
type Engine struct {
	o   Options
	log *slog.Logger
	db  database

	definitions sync.RWMutex
	known       map[string]*definition // replaced whole
	order       []string               // names, as they were given

	ticking sync.Mutex             // for one tick at a time
	fires   bool                   // it was started
	cursors map[string]*cursor     // of the fires, by job
	looks   map[string]observation // of other sessions

	session    atomic.Pointer[session]
	performing sync.Mutex // for one Perform at a time, and no Start meanwhile

	runsLock sync.Mutex
	runs     map[int64]*active  // the latest attempts that are not noted yet
	busy     map[string]*active // those that are at a maildrop
	stopping bool

	// lives ends with Close; ticks, when Stop begins.
	lives    context.Context
	die      context.CancelFunc
	ticks    context.Context
	stopTick context.CancelFunc
	// beating ends once no run of this process is left.
	beating   context.Context
	stopBeats context.CancelFunc
	loops     sync.WaitGroup
	beats     sync.WaitGroup
	started   bool

	counts counts
}

// active is a run that this process works.
type active struct {
	cancel context.CancelCauseFunc
}

// Open opens the database, which it makes and migrates if need be, one process
// after the other, and notes the jobs there. Close the engine afterwards.
func Open(ctx context.Context, o Options) (*Engine, error) {
	o.fill()
	known, err := check(o.Jobs)
	if err != nil {
		return nil, err
	}
	e := &Engine{o: o, log: o.Log, runs: map[int64]*active{}, busy: map[string]*active{}, cursors: map[string]*cursor{}, looks: map[string]observation{}}
	e.lives, e.die = context.WithCancel(context.WithoutCancel(ctx))
	e.ticks, e.stopTick = context.WithCancel(e.lives)
	e.beating, e.stopBeats = context.WithCancel(e.lives)
	e.counts.runs = map[string]uint64{}
	if e.db, err = openDatabase(ctx, e); err != nil {
		e.die()
		return nil, err
	}
	if err := e.adopt(ctx, o.Jobs, known); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Start begins to compute fires and to work runs, until Stop; the end of the
// context after Start has returned changes nothing.
func (e *Engine) Start(ctx context.Context) error {
	if e.o.Performer == nil {
		return errors.New("jobs: an engine without a performer cannot start")
	}
	e.performing.Lock()
	defer e.performing.Unlock()
	if e.started {
		return errors.New("jobs: the engine was started already")
	}
	if err := e.rule(ctx); err != nil {
		return err
	}
	if err := e.enter(ctx, true); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	e.counts.tick.Store(time.Now().UnixNano())
	if err := e.db.work(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(fmt.Errorf("jobs: %w", err), e.leave(ctx))
	}
	e.started = true
	e.loops.Go(e.tickLoop)
	e.live(e.beating, &e.beats)
	return nil
}

// Stop begins no more runs, ends the contexts of those that are under way, and
// waits for them: what only read is interrupted, and runs again elsewhere or
// later; a commit finishes. It fails when the context ends before that; then
// the leases of what still runs are kept until Close.
func (e *Engine) Stop(ctx context.Context) error {
	if !e.started || e.beating.Err() != nil {
		return nil // it has stopped already, or has nothing to stop
	}
	e.stopTick()
	e.interrupt(ErrStopping)
	e.loops.Wait()
	if err := e.db.rest(ctx); err != nil {
		return fmt.Errorf("jobs: %d runs did not end in time: %w", e.running(), err)
	}
	e.stopBeats()
	e.beats.Wait()
	return e.leave(context.WithoutCancel(ctx))
}

// Close closes the database. Runs that did not end at Stop, or for want of it,
// are found by other processes once their leases have.
func (e *Engine) Close() error {
	e.stopTick()
	e.interrupt(ErrStopping)
	e.die()
	e.loops.Wait()
	e.beats.Wait()
	if e.db != nil {
		if e.started {
			// It has ended, or gets a moment more: its goroutines use the database.
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := e.db.rest(ctx); err != nil {
				e.log.Warn("jobs: closed while runs were under way", "runs", e.running())
			}
		}
		e.db.close()
	}
	return nil
}

// Reload replaces all definitions, or fails and changes none. Runs that are
// there keep the name of their job; those of a job that is gone, or of an
// account that it has no longer, end without being begun.
func (e *Engine) Reload(definitions []Definition) error {
	known, err := check(definitions)
	if err != nil {
		return err
	}
	e.ticking.Lock()
	defer e.ticking.Unlock()
	return e.adopt(e.lives, definitions, known)
}

// adopt notes definitions in the database, then takes them.
func (e *Engine) adopt(ctx context.Context, definitions []Definition, known map[string]*definition) error {
	cursors, err := e.noteAll(ctx, definitions)
	if err != nil {
		return err
	}
	order := make([]string, len(definitions))
	for i, d := range definitions {
		order[i] = d.Name
	}
	e.definitions.Lock()
	defer e.definitions.Unlock()
	e.known, e.order, e.cursors = known, order, cursors
	return nil
}

// noteAll writes jobs down, and returns from where their fires are to be
// computed.
func (e *Engine) noteAll(ctx context.Context, definitions []Definition) (map[string]*cursor, error) {
	cursors := map[string]*cursor{}
	err := write(ctx, e.db, func(tx transaction) error {
		clear(cursors)
		for i := range definitions {
			c, err := e.note(ctx, tx, &definitions[i])
			if err != nil {
				return fmt.Errorf("job %s: %w", definitions[i].Name, err)
			}
			cursors[definitions[i].Name] = c
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return cursors, nil
}

// note writes down a job, and returns from where its fires are to be computed:
// from the last one that is remembered, and from now on if it is new, or if
// its schedule is. What an engine knows that does not fire is not compared: it
// may have read a configuration that those who do have not read yet.
func (e *Engine) note(ctx context.Context, tx transaction, d *Definition) (*cursor, error) {
	settings := ""
	if e.fires {
		settings = fmt.Sprintf("%s|%s|%t", d.Schedule, zoneName(d.Schedule.Zone()), d.Enabled)
	}
	now := e.o.Now()
	_, err := tx.exec(ctx, `INSERT INTO popherd_job (name, settings, looked, since) VALUES ($1, $2, $3, $3)
		ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, looked = excluded.looked, since = excluded.since
		WHERE excluded.settings <> '' AND popherd_job.settings <> excluded.settings`, d.Name, settings, now.UnixMicro())
	if err != nil {
		return nil, err
	}
	var looked int64
	if err := one(ctx, tx, []any{&looked}, "SELECT looked FROM popherd_job WHERE name = $1", d.Name); err != nil {
		return nil, err
	}
	c := newCursor(d.Schedule, time.UnixMicro(looked).UTC(), now)
	c.settings = settings
	return c, nil
}

// zoneName tells zones apart. The machine's own has no name that others know:
// it is the offsets of a year that nobody will change any more.
func zoneName(zone *time.Location) string {
	if zone != time.Local || zone == nil {
		return zone.String()
	}
	var offsets []byte
	year := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for day := range 366 {
		_, offset := year.AddDate(0, 0, day).In(zone).Zone()
		offsets = binary.BigEndian.AppendUint32(offsets, uint32(offset))
	}
	return fmt.Sprintf("local %s %x", year.In(zone).Format("-07:00"), sha256.Sum256(offsets))[:24]
}

// rule has this engine's jobs be those that count.
func (e *Engine) rule(ctx context.Context) error {
	e.ticking.Lock()
	defer e.ticking.Unlock()
	e.fires = true
	var definitions []Definition
	for _, d := range e.defined() {
		definitions = append(definitions, d.Definition)
	}
	cursors, err := e.noteAll(ctx, definitions)
	if err == nil {
		e.cursors = cursors
	}
	return err
}

// definition returns that of a job, or nil.
func (e *Engine) definition(job string) *definition {
	e.definitions.RLock()
	defer e.definitions.RUnlock()
	return e.known[job]
}

// defined returns all definitions, in the order in which they were given.
func (e *Engine) defined() []*definition {
	e.definitions.RLock()
	defer e.definitions.RUnlock()
	list := make([]*definition, len(e.order))
	for i, name := range e.order {
		list[i] = e.known[name]
	}
	return list
}

// interrupt ends the contexts of all runs, and lets none begin.
func (e *Engine) interrupt(cause error) {
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	if errors.Is(cause, ErrStopping) {
		e.stopping = true
	}
	for _, r := range e.runs {
		r.cancel(cause)
	}
}

func (e *Engine) running() int {
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	return len(e.runs)
}
