package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writerDir makes of this test binary a process that writes, to be killed.
const writerDir = "STATE_TEST_WRITER"

// holderDir makes of it one that holds the account's lock, to be killed too.
const holderDir = "STATE_TEST_HOLDER"

func TestMain(m *testing.M) {
	var err error
	if dir := os.Getenv(writerDir); dir != "" {
		err = writer(dir, os.Stdin, os.Stdout)
	} else if dir := os.Getenv(holderDir); dir != "" {
		err = holdLock(dir, os.Stdin, os.Stdout)
	} else {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const batches, batchSize = 400, 5

// batchOf is a part of the maildrop in these tests.
func batchOf(b int) (part []Listed) {
	for i := range batchSize {
		part = append(part, Listed{fmt.Sprintf("b%03d-%d", b, i), int64(1000 + b)})
	}
	return part
}

// writer works through the batches that are still on the server, whose numbers
// it reads first. It says what it is about to do before each step, and what it
// has done after it. "quit" is the server's deletion.
func writer(dir string, in io.Reader, out io.Writer) error {
	ctx := context.Background()
	var left []int
	var listing []Listed
	for lines := bufio.NewScanner(in); lines.Scan(); {
		b, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		left = append(left, b)
		listing = append(listing, batchOf(b)...)
	}
	fmt.Fprintln(out, "start")
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "open")
	a, err := s.Account(ctx, home, day)
	if err != nil {
		return err
	}
	for len(left) > 0 {
		run, err := a.Begin(ctx, day, "test.lua")
		if err != nil {
			return err
		}
		o, err := a.Observe(ctx, day, listing)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "observed", left[0])
		b := left[0]
		step := func(name string, do func(j *Journal, k Known)) {
			if err != nil {
				return
			}
			fmt.Fprintln(out, "try-"+name, b)
			err = a.Journal(ctx, day, run, func(j *Journal) {
				for _, k := range o.Known[:batchSize] {
					do(j, k)
				}
				if name == "gone" {
					j.End("committed", "")
				}
			})
			if err == nil {
				fmt.Fprintln(out, name, b)
			}
		}
		step("delivered", func(j *Journal, k Known) { j.Delivered(k.Key, "box", Digest{1}) })
		step("wanted", func(j *Journal, k Known) {
			j.Wanted(k.Key)
			j.Plan(Row{Key: k.Key, Number: int(k.Key), Decision: "delete"})
		})
		if err == nil {
			fmt.Fprintln(out, "quit", b)
		}
		step("gone", func(j *Journal, k Known) { j.Gone(k.Key) })
		if err != nil {
			return err
		}
		left, listing = left[1:], listing[batchSize:]
	}
	return nil
}

// life runs a writer and kills it once it has said n lines, or as soon as it
// can be. It returns all that it said, and whether it came to its end.
func life(t *testing.T, dir string, left []int, n int) (said []string, ended bool) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var in, faults strings.Builder
	for _, b := range left {
		fmt.Fprintln(&in, b)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), writerDir+"="+dir)
	cmd.Stdin, cmd.Stderr = strings.NewReader(in.String()), &faults
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said = append(said, lines.Text())
		if len(said) == n {
			cmd.Process.Kill()
		}
	}
	err = cmd.Wait()
	if err != nil && faults.Len() > 0 {
		t.Fatalf("writer: %s", faults.String())
	}
	return said, err == nil
}

// TestKilled kills a writer again and again: what it said is done lasts, what
// it did not begin is not there, and the next one carries on.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	tried, done := map[string]bool{}, map[string]bool{}
	var left []int
	for b := range batches {
		left = append(left, b)
	}
	kills := 0
	for len(left) > 0 && kills < 25 {
		n := 1 + random.IntN(60)
		if kills%4 == 0 {
			n = 1 + random.IntN(4) // while it opens
		}
		said, _ := life(t, dir, left, n)
		kills++
		for _, line := range said {
			if what, ok := strings.CutPrefix(line, "try-"); ok {
				tried[what] = true
			} else {
				done[line] = true
			}
			if b, ok := strings.CutPrefix(line, "quit "); ok && b == strconv.Itoa(left[0]) {
				left = left[1:]
			}
		}
		inspect(t, dir, left, tried, done)
		if t.Failed() {
			t.Fatalf("after kill %d, at line %d: %q", kills, n, said[max(0, len(said)-5):])
		}
	}
	t.Logf("%d kills, %d steps said to be done, %d batches left", kills, len(done), len(left))
}

// inspect opens what a killed writer left.
func inspect(t *testing.T, dir string, left []int, tried, done map[string]bool) {
	t.Helper()
	s := openStore(t, dir)
	defer s.Close()
	if err := s.check(context.Background()); err != nil {
		t.Error(err)
	}
	a := openAccount(t, s, home)
	defer a.Close()
	var listing []Listed
	for _, b := range left {
		listing = append(listing, batchOf(b)...)
	}
	for i, k := range observe(t, a, listing...).Known {
		b := left[i/batchSize]
		for _, fact := range []struct {
			name string
			is   bool
		}{{"delivered", k.Delivered("box")}, {"wanted", k.Wanted() != 0}} {
			said := fmt.Sprint(fact.name, " ", b)
			if fact.is && !tried[said] || !fact.is && done[said] {
				t.Errorf("batch %d: %s is %v; tried %v, said to be done %v", b, fact.name, fact.is, tried[said], done[said])
			}
		}
		if k.Doubtful {
			t.Errorf("batch %d: doubtful", b)
		}
	}
	if runs, err := s.Runs(context.Background(), Query{}); err != nil || len(runs) > 0 && runs[0].Outcome == "" {
		t.Errorf("runs %+v, %v: the last has no outcome", runs, err)
	}
}

// TestKilledAtBirth: whatever is left of a store that was being made, the next
// process makes or opens it.
func TestKilledAtBirth(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	for n := 1; n <= 2; n++ {
		for range 5 {
			dir := t.TempDir()
			life(t, dir, []int{0}, n)
			inspect(t, dir, []int{0}, map[string]bool{"delivered 0": true, "wanted 0": true}, nil)
		}
	}
}

// holdLock holds the account until the other end is closed, or for ever.
func holdLock(dir string, in io.Reader, out io.Writer) error {
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		return err
	}
	if _, err := s.Account(context.Background(), home, day); err != nil {
		return err
	}
	fmt.Fprintln(out, "held")
	_, err = io.Copy(io.Discard, in)
	return err
}

// TestOneProcessAnAccount: a lock names who has it, and dies with its process.
func TestOneProcessAnAccount(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), holderDir+"="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal(line, err)
	}
	s := openStore(t, dir)
	var locked *LockedError
	if a, err := s.Account(context.Background(), home, day); !errors.As(err, &locked) {
		t.Errorf("got %v, %v; want that it is locked", a, err)
	} else if locked.PID != cmd.Process.Pid || !locked.Since.Equal(day) {
		t.Errorf("got %v, want process %d since %v", locked, cmd.Process.Pid, day)
	}
	if err := s.Forget(context.Background(), home, day); !errors.As(err, &locked) {
		t.Errorf("forget: got %v, want that it is locked", err)
	}
	openAccount(t, s, "berta@pop.example.org").Close() // another account is free
	cmd.Process.Kill()
	cmd.Wait()
	openAccount(t, s, home).Close()
}

func TestOneAccountOnce(t *testing.T) {
	a := newAccount(t)
	var locked *LockedError
	if _, err := a.store.Account(context.Background(), home, day); !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %v, want that this process has it", err)
	}
	reopen(t, a)
}
