package luastd

import (
	"fmt"
	"iter"
	"runtime"
	"slices"
	"weak"

	lua "github.com/yuin/gopher-lua"
)

// A thread is what Lua holds of a coroutine. Nothing that the coroutine's
// goroutine holds leads back to it, so that the garbage collector can tell
// when Lua has lost it. It is not gopher-lua's *LState, whose own resume
// cannot cross a call of Go.
type thread struct{ *coroutine }

// String implements lua.LValue.
func (t *thread) String() string { return fmt.Sprintf("thread: %p", t) }

// Type implements lua.LValue.
func (t *thread) Type() lua.LValueType { return lua.LTThread }

// The states of a coroutine, by the names that coroutine.status gives them.
const (
	suspended = "suspended"
	running   = "running"
	normal    = "normal" // it has resumed another
	dead      = "dead"
)

// A coroutine runs a Lua function on a state and a goroutine of its own, one
// goroutine at a time: iter.Pull hands over from the one to the other.
type coroutine struct {
	lib    *library
	f      *lua.LFunction
	status string
	lost   weak.Pointer[thread] // is nil when Lua has lost it
	slot   int                  // its place in lib.live
	calls  []link               // itself, and calls of pcall in progress within
	from   *thread              // who resumed it, while it runs; nil is the main one
	below  []link               // the calls of from

	state   *lua.LState // made at the first resume
	at      *lua.LState // where values are handed over: state, or that of a pcall
	failure lua.LValue  // what it raised

	next func() (struct{}, bool) // runs it until it yields or ends
	stop func()
	// yield hands over to who resumed; false is an order to end.
	yield func(struct{}) bool
}

// create makes a coroutine, once there is room for it.
func (lib *library) create(L *lua.LState, f *lua.LFunction) *thread {
	if lib.closed {
		raise(L, "no coroutines: the state is closed")
	}
	if len(lib.live) >= lib.limit.MaxCoroutines {
		lib.collect()
	}
	if len(lib.live) >= lib.limit.MaxCoroutines {
		raise(L, "too many coroutines: %d are not dead", len(lib.live))
	}
	c := &coroutine{lib: lib, f: f, status: suspended, slot: len(lib.live)}
	t := &thread{c}
	c.lost = weak.Make(t)
	lib.live = append(lib.live, c)
	return t
}

// collect ends the coroutines that Lua has lost. One that only a lost one held
// is lost after it, hence twice.
func (lib *library) collect() {
	for range 2 {
		lib.endLost()
		if len(lib.live) <= lib.limit.MaxCoroutines/2 {
			return
		}
		runtime.GC()
	}
	lib.endLost()
}

func (lib *library) endLost() {
	for _, c := range slices.Clone(lib.live) {
		if c.lost.Value() == nil {
			c.end()
		}
	}
}

// close ends all coroutines.
func (lib *library) close() {
	lib.closed = true
	for _, c := range slices.Clone(lib.live) {
		c.end()
	}
}

// end stops a coroutine that is suspended, in a goroutine of its own: the stop
// passes on the Goexit by which the coroutine leaves its functions, because
// Lua could catch a panic.
func (c *coroutine) end() {
	if c.status != suspended {
		return
	}
	if c.stop != nil {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.stop()
		}()
		<-ended
		c.state.Dead = true
	}
	c.bury()
}

// bury gives back what a coroutine has that has ended.
func (c *coroutine) bury() {
	lib := c.lib
	c.status = dead
	last := lib.live[len(lib.live)-1]
	lib.live[c.slot], last.slot = last, c.slot
	lib.live[len(lib.live)-1] = nil
	lib.live = lib.live[:len(lib.live)-1]
	if c.state != nil {
		lib.release(c.state)
	}
	c.f, c.state, c.at, c.calls, c.next, c.stop, c.yield = nil, nil, nil, nil, nil, nil, nil
}

// resume runs t with L's values from first on until it yields or ends, and
// pushes what it hands over, or returns what it raised.
func (lib *library) resume(L *lua.LState, t *thread, first int) (failure lua.LValue) {
	c := t.coroutine
	if c.status != suspended {
		return lua.LString("cannot resume " + c.status + " coroutine")
	}
	if lib.depth >= lib.limit.MaxResumes {
		return lua.LString(fmt.Sprintf("too many nested coroutines: %d", lib.depth))
	}
	if c.next == nil {
		c.start(L)
	}
	share(L, c.state)
	share(L, c.at)
	move(L, first, c.at)
	lib.switchTo(L, t)
	move(c.at, 1, L)
	if c.status != dead {
		return nil
	}
	failure = c.failure
	c.bury()
	return failure
}

// switchTo runs t until it hands over. The deferred part also restores the
// library when the goroutine of t is made to exit.
func (lib *library) switchTo(L *lua.LState, t *thread) {
	c, from, before := t.coroutine, lib.current, L.G.CurrentThread
	c.from, c.below, c.calls[0].caller = from, lib.calls, L
	lib.current, lib.calls = t, c.calls
	lib.depth++
	c.status, L.G.CurrentThread = running, c.state
	if from != nil {
		from.status = normal
	}
	ended := true
	defer func() {
		c.calls, lib.current, lib.calls = lib.calls, from, c.below
		c.from, c.below, c.calls[0].caller = nil, nil, nil
		lib.depth--
		c.status, L.G.CurrentThread = suspended, before
		if ended {
			c.status = dead
		}
		if from != nil {
			from.status = running
		}
	}()
	_, yielded := c.next()
	ended = !yielded
}

// start makes the state and the goroutine.
func (c *coroutine) start(L *lua.LState) {
	c.state = c.lib.state(L)
	c.state.Push(c.f)
	c.at = c.state
	c.calls = []link{{c.state, nil}}
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		c.failure = run(c.state, nil)
		c.at = c.state
	})
}

// pause hands L's values over to who resumed, until it resumes again with the
// values that are then L's.
func (c *coroutine) pause(L *lua.LState) int {
	c.at = L
	if !c.yield(struct{}{}) {
		runtime.Goexit()
	}
	return L.GetTop()
}
