package script

import (
	"context"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkSteps tells what counting instructions costs: a loop of a million
// turns without a context, under a context that can be cancelled, and under
// the budget, each round one after the other, as ratios to the first.
func BenchmarkSteps(b *testing.B) {
	program, err := Compile("loop.lua", []byte("local x = 0 for i = 1, 1000000 do x = x + i end"))
	if err != nil {
		b.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	defer cancel()
	var plain, cancellable, counted time.Duration
	for b.Loop() {
		plain += loop(b, program, nil)
		cancellable += loop(b, program, cancelled)
		counted += loop(b, program, newBudget(cancelled, DefaultSteps))
	}
	b.ReportMetric(float64(cancellable)/float64(plain), "x-cancel")
	b.ReportMetric(float64(counted)/float64(plain), "x-budget")
}

func loop(b *testing.B, program *Program, ctx context.Context) time.Duration {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	if ctx != nil {
		L.SetContext(ctx)
	}
	L.Push(L.NewFunctionFromProto(program.proto))
	start := time.Now()
	if err := L.PCall(0, 0, nil); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
