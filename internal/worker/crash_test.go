package worker

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

const crashedDetail = "the run crashed: a fault of the program's own"

func TestCrashes(t *testing.T) {
	for _, c := range []struct{ mode, log string }{
		{"panic", "panic: a fault"},
		{"nil", "panic: runtime error: invalid memory address or nil pointer dereference"},
		{"exit", "exit status 3"},
		{"abort", "panic: aborts"},
	} {
		end := run(t, t.Context(), options(c.mode, ""))
		check(t, end, Crashed, crashedDetail)
		if end.Log != c.log {
			t.Errorf("%s: log %q, want %q", c.mode, end.Log, c.log)
		}
	}
}

func TestNoiseOnStderr(t *testing.T) {
	end := run(t, t.Context(), options("noise", ""))
	check(t, end, Done, "")
	if string(end.Result) != "heard" || len(end.Stderr) != MaxStderr {
		t.Errorf("got %q and %d octets of stderr, want heard and %d", end.Result, len(end.Stderr), MaxStderr)
	}
	end = run(t, t.Context(), options("noisyPanic", ""))
	check(t, end, Crashed, crashedDetail)
	if end.Log != "panic: after the noise" || !bytes.HasPrefix(end.Stderr, []byte("panic: after")) || len(end.Stderr) > MaxStderr {
		t.Errorf("log %q, %d octets %.60q, want the panic", end.Log, len(end.Stderr), end.Stderr)
	}
}

const brokenDetail = "the run ended without saying what became of it: a fault of the program's own"

func TestBrokenWorkers(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      Options
		log    string
		events string
	}{
		{"garbage", program("garbage"), "frame: ", ""},
		{"unknown type", program("unknown"), "frame: 0x5a begins none", "1:"},
		{"a job from the worker", program("wrongWay"), "frame: 0x4a begins none", ""},
		{"too long", program("tooLong"), "frame: 4294967295 octets in 'E', more than 16777216", ""},
		{"truncated", program("truncated"), "exit status 0", "1:abcde"},
		{"silent", program("silent"), "exit status 0", ""},
		{"no result", options("nothing", ""), "exit status 0", ""},
		{"two results", options("lateSend", ""), "frame: 'R' after the result", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var events strings.Builder
			c.o.Event = func(kind byte, payload []byte) error {
				events.WriteString(string('0'+rune(kind)) + ":" + string(payload))
				return nil
			}
			end := run(t, t.Context(), c.o)
			check(t, end, Broken, brokenDetail)
			if !strings.HasPrefix(end.Log, c.log) || events.String() != c.events {
				t.Errorf("log %q, events %q, want %q, %q", end.Log, events.String(), c.log, c.events)
			}
			if end.Result != nil {
				t.Errorf("result %q, want none", end.Result)
			}
		})
	}
}

// A worker that closes its events and lives on is killed after the grace.
func TestRudeWorker(t *testing.T) {
	o := program("rude")
	o.Grace = 20 * time.Millisecond
	end := run(t, t.Context(), o)
	check(t, end, Broken, brokenDetail)
}

// The result counts, not what becomes of the worker afterwards.
func TestLateEnds(t *testing.T) {
	for _, mode := range []string{"late", "lateExit"} {
		o := options(mode, "")
		o.Grace = 20 * time.Millisecond
		end := run(t, t.Context(), o)
		check(t, end, Done, "")
		if string(end.Result) != "done" {
			t.Errorf("%s: result %q, want done", mode, end.Result)
		}
	}
}

func TestNoSuchProgram(t *testing.T) {
	_, err := Run(t.Context(), Options{Path: "/nonexistent/program"})
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v, want no such file", err)
	}
}
