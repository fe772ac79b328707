package script

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// A script cannot end the process by its coroutines.
func TestNestedCoroutines(t *testing.T) {
	for name, source := range map[string]string{
		"resuming each other": `
			local a, b
			a = coroutine.create(function() return coroutine.resume(b) end)
			b = coroutine.create(function() return coroutine.resume(a) end)
			coroutine.resume(a)`,
		"one within the other": `local function f() return coroutine.wrap(f)() end pcall(f)`,
		"resumed":              `local function f() return coroutine.resume(coroutine.create(f)) end f()`,
	} {
		if got := output(t, source+` print("goes on")`); got != "goes on\n" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// Steps end what a context would, without a clock.
func TestStepsEndTheScript(t *testing.T) {
	for name, source := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Compile("test.lua", []byte(source))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), hang)
			defer cancel()
			err = p.Run(ctx, Options{Steps: 10_000, Grants: refusing()})
			var steps *StepsError
			if !errors.As(err, &steps) || steps.Limit != 10_000 || steps.Kind() != "limit" || !strings.Contains(steps.Hint(), "--max-steps 100000") {
				t.Errorf("got %v, want a *StepsError of 10000", err)
			}
		})
	}
}

// What fits is not stopped.
func TestStepsThatSuffice(t *testing.T) {
	p, err := Compile("test.lua", []byte(`for i = 1, 1000 do end coroutine.wrap(function() for i = 1, 1000 do end end)()`))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background(), Options{Steps: 10_000}); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if err := p.Run(context.Background(), Options{Steps: 100}); err == nil {
		t.Error("got no error, want one of 100 steps")
	}
	if _, err := run(t, context.Background(), `for i = 1, 1000000 do end`); err != nil {
		t.Errorf("got error %v from the default, want none", err)
	}
}
