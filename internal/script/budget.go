package script

import (
	"context"
	"fmt"
)

// DefaultSteps is how many instructions a script may take, if Options does not
// say.
const DefaultSteps = 5_000_000_000

// A budget is the context of a Lua state, which asks it for Done before every
// instruction: there the instructions are counted. It is for the state alone;
// nothing else may wait on it.
type budget struct {
	context.Context
	done  <-chan struct{} // of Context
	left  int64
	limit int64
}

func newBudget(ctx context.Context, steps int64) *budget {
	return &budget{Context: ctx, done: ctx.Done(), left: steps, limit: steps}
}

// spent is a channel that is closed.
var spent = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done implements context.Context, and takes a step.
func (b *budget) Done() <-chan struct{} {
	b.left--
	if b.left < 0 {
		return spent
	}
	return b.done
}

// Err implements context.Context.
func (b *budget) Err() error {
	if err := b.Context.Err(); err != nil {
		return err
	}
	if b.left < 0 {
		return &StepsError{b.limit}
	}
	return nil
}

// StepsError is a script that took more instructions than it may.
type StepsError struct{ Limit int64 }

// Error implements error.
func (e *StepsError) Error() string {
	return fmt.Sprintf("the script took more than %d steps", e.Limit)
}

// Kind is "limit", under which scripts and exit statuses know it.
func (e *StepsError) Kind() string { return "limit" }

// Hint says how to give it more.
func (e *StepsError) Hint() string {
	return fmt.Sprintf("give it more with --max-steps, as in --max-steps %d", 10*e.Limit)
}
