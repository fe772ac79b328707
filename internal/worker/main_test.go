package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// This test binary is also every worker of the tests, and one supervisor.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "worker":
			os.Exit(beWorker(os.Args[2]))
		case "process":
			processes[os.Args[2]]()
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m)
}

// attached are workers that attach as they should.
var attached = map[string]func(w *Worker){
	"echo":     func(w *Worker) { w.Finish(w.Job()) },
	"spin":     func(*Worker) { spin() },
	"sendSpin": func(w *Worker) { w.Send(1, nil); spin() },
	"wait":     func(w *Worker) { w.Send(1, nil); time.Sleep(time.Hour) },
	"once":     func(w *Worker) { w.Send(1, nil); w.Finish(nil) },
	"polite": func(w *Worker) {
		w.Send(1, nil)
		<-w.Context().Done()
		w.Finish([]byte(context.Cause(w.Context()).Error()))
	},
	"panic":     func(*Worker) { panic("a fault\nof ours") },
	"nil":       func(*Worker) { var p *int; *p = 1 },
	"exit":      func(*Worker) { os.Exit(3) },
	"nothing":   func(*Worker) {},
	"recursion": func(*Worker) { println(recurse(1)) },
	"append":    func(*Worker) { eat() },
	"one":       func(*Worker) { hold = append(hold, fill(make([]byte, 1<<30))) },
	"doubling": func(*Worker) {
		s := "x"
		for {
			s += s
			hold = append(hold, []byte(s))
		}
	},
	"goroutines": func(*Worker) {
		for {
			go func() { select {} }()
		}
	},
	"map": func(*Worker) {
		m := map[int][64]byte{}
		for i := 0; ; i++ {
			m[i] = [64]byte{}
		}
	},
	"churn":      churn,
	"talk":       talk,
	"many":       many,
	"sizes":      sizes,
	"ask":        ask,
	"flood":      flood,
	"noise":      func(w *Worker) { noise(); w.Finish([]byte("heard")) },
	"noisyPanic": func(*Worker) { noise(); debug.SetTraceback("all"); manyGoroutines(); panic("after the noise") },
	"files":      files,
	"write":      write,
	"environ":    func(w *Worker) { w.Finish([]byte(strings.Join(os.Environ(), "\n"))) },
	"open":       open,
	"late":       func(w *Worker) { w.Finish([]byte("done")); time.Sleep(time.Hour) },
	"lateExit":   func(w *Worker) { w.Finish([]byte("done")); os.Exit(3) },
	"lateSend": func(w *Worker) {
		w.Finish([]byte("done"))
		w.Finish([]byte("again"))
		fmt.Fprint(os.Stdout, "R\x00\x00\x00\x00\x00")
	},
	"stray":   stray,
	"watched": func(*Worker) { go watchMemory(128<<20, outOfMemory); eat() },
	"abort":   func(*Worker) { debug.SetTraceback("crash"); panic("aborts") },
}

// processes are programs that do not attach.
var processes = map[string]func(){
	"asleep":    func() { fmt.Print("E\x01\x00\x00\x00\x00"); time.Sleep(time.Hour) },
	"deaf":      func() { time.Sleep(time.Hour) },
	"garbage":   func() { io.Copy(os.Stdout, io.LimitReader(rand.NewChaCha8([32]byte{1}), 1<<20)) },
	"unknown":   func() { fmt.Print("E\x01\x00\x00\x00\x00Z\x01\x00\x00\x00\x00"); time.Sleep(time.Hour) },
	"wrongWay":  func() { fmt.Print("J\x00\x00\x00\x00\x00") },
	"tooLong":   func() { fmt.Print("E\x01\xff\xff\xff\xff"); time.Sleep(time.Hour) },
	"truncated": func() { fmt.Print("E\x01\x00\x00\x00\x05abcdeE\x01\x00\x00\x00\x05abc") },
	"silent":    func() {},
	"rude":      func() { os.Stdout.Close(); time.Sleep(time.Hour) },
	"supervise": supervise,
	"eat":       func() { eat() },
}

func beWorker(mode string) int {
	w, err := Attach(context.Background(), os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	attached[mode](w)
	return 0
}

var hold [][]byte // so that it stays in use

func fill(b []byte) []byte {
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

func eat() {
	for {
		hold = append(hold, fill(make([]byte, 1<<20)))
	}
}

func spin() {
	for i := 0; ; i++ {
		_ = i
	}
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n+1) + n
}

// churn has 40 MB in use and makes 3 GB of garbage.
func churn(w *Worker) {
	for range 40 {
		hold = append(hold, fill(make([]byte, 1<<20)))
	}
	for i := range 3 << 10 {
		hold[i%40] = fill(make([]byte, 1<<20))
	}
	w.Finish([]byte("clean"))
}

// talk sends event after event, each numbered and of a size that follows from
// its number, and never ends.
func talk(w *Worker) {
	for i := uint64(0); ; i++ {
		w.Send(byte(i), numbered(i))
	}
}

func many(w *Worker) {
	size, count := binary.BigEndian.Uint32(w.Job()), binary.BigEndian.Uint32(w.Job()[4:])
	payload := make([]byte, size)
	for range count {
		w.Send(1, payload)
	}
	w.Finish(nil)
}

func numbered(i uint64) []byte {
	b := make([]byte, 8+int(i*7919%3000))
	binary.BigEndian.PutUint64(b, i)
	for j := 8; j < len(b); j++ {
		b[j] = byte(i + uint64(j))
	}
	return b
}

var frameSizes = []int{0, 1, 5, 6, 7, 100, smallFrame - headerLen, smallFrame - headerLen + 1, smallFrame, 64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20, MaxFrame}

func sizes(w *Worker) {
	for i, n := range frameSizes {
		if err := w.Send(byte(i), pattern(n)); err != nil {
			panic(err)
		}
	}
	if err := w.Send(0, make([]byte, MaxFrame+1)); err == nil {
		panic("a frame that is too long was sent")
	}
	w.Finish(pattern(MaxWhole))
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// ask asks as often as its job says, and finishes with all answers.
func ask(w *Worker) {
	n, _ := strconv.Atoi(string(w.Job()))
	var all []string
	for i := range n {
		w.Send(1, fmt.Appendf(nil, "before %d", i))
		answer, err := w.Ask(w.Context(), byte(i), fmt.Appendf(nil, "question %d", i))
		if err != nil {
			answer = []byte("error: " + err.Error())
		}
		if i < 5 || i == n-1 {
			all = append(all, string(answer))
		}
	}
	w.Finish([]byte(strings.Join(all, "\n")))
}

// flood asks large questions from many goroutines while others send events.
func flood(w *Worker) {
	done := make(chan bool)
	for i := range 8 {
		go func() {
			for j := range 20 {
				w.Send(2, make([]byte, 100<<10))
				q := pattern(100<<10 + i*20 + j)
				a, err := w.Ask(w.Context(), 1, q)
				if err != nil || len(a) != len(q) {
					panic(fmt.Sprint("not the answer: ", len(a), len(q), err))
				}
			}
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
	w.Finish([]byte("dry"))
}

func noise() {
	line := strings.Repeat("noise ", 100) + "\n"
	for range 10 << 20 / len(line) {
		os.Stderr.WriteString(line)
	}
}

func manyGoroutines() {
	for range 2000 {
		go func() { select {} }()
	}
	runtime.Gosched()
}

func files(w *Worker) {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	var open []string
	for _, e := range names {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(target, "anon_inode:") { // Go's poller
			open = append(open, e.Name()+" "+target)
		}
	}
	w.Finish([]byte(strings.Join(open, "\n")))
}

func write(w *Worker) {
	err := os.WriteFile(string(w.Job()), []byte("written"), 0o600)
	w.Finish([]byte(fmt.Sprint(err)))
}

func open(w *Worker) {
	var all []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			w.Finish(fmt.Appendf(nil, "%d", len(all)))
			return
		}
		all = append(all, f)
	}
}

// stray leaves a child behind that holds the worker's pipes.
func stray(w *Worker) {
	cmd := exec.Command(os.Args[0], "process", "deaf")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	w.Send(1, strconv.AppendInt(nil, int64(cmd.Process.Pid), 10))
	w.Finish([]byte("gone"))
}

// supervise is a supervisor whose worker says its number and then spins.
func supervise() {
	_, err := Run(context.Background(), Options{
		Path: os.Args[0], Args: []string{"worker", os.Args[3]},
		Event: func(byte, []byte) error { fmt.Println("up"); return nil },
	})
	fmt.Println(err)
}

// options are those of a worker of ours.
func options(mode, job string) Options {
	return Options{Path: os.Args[0], Args: []string{"worker", mode}, Job: []byte(job), Limits: Limits{Memory: testMemory, Wall: time.Minute}}
}

// program are those of a program that does not attach.
func program(name string) Options {
	o := options("", "")
	o.Args = []string{"process", name}
	return o
}

// run runs to the end, which must come.
func run(t testing.TB, ctx context.Context, o Options) End {
	t.Helper()
	end, err := Run(ctx, o)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return end
}

// check compares how a worker ended with how it should have.
func check(t testing.TB, end End, want Reason, detail string) {
	t.Helper()
	if end.Reason != want || end.Detail != detail {
		t.Errorf("got  %v, %q\nwant %v, %q\nlog %q, stderr %.600q", end.Reason, end.Detail, want, detail, end.Log, end.Stderr)
	}
	for _, word := range []string{"goroutine", "runtime", "panic", "fatal", "\n"} {
		if strings.Contains(end.Detail, word) {
			t.Errorf("detail %q has %q, which is not for people", end.Detail, word)
		}
	}
}
