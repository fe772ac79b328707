package jobs

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// nodeVariable makes the test binary a process that works jobs.
const nodeVariable = "POPHERD_JOBS_TEST_NODE"

// accounts is how many there are.
var accounts = 200

// node says what such a process does.
type node struct {
	DB, Name, Record string
	Accounts         int
	Epoch            time.Time // of the real clock, when the other one shows Begin
	Begin            time.Time
	Rate             int // how much faster the other one goes
}

func (n node) now() time.Time { return n.Begin.Add(time.Since(n.Epoch) * time.Duration(n.Rate)) }

// definition is every five minutes of an hour.
func (n node) definition() Definition {
	d := Definition{Name: "tidy", Schedule: cron("*/5 12 2 3 *"), Enabled: true, CatchUp: schedule.All, Retries: 3}
	for i := range n.Accounts {
		d.Accounts = append(d.Accounts, Account{Name: fmt.Sprintf("account%03d", i)})
	}
	return d
}

func (n node) options() Options {
	return Options{
		DB: n.DB, Jobs: []Definition{n.definition()}, Workers: 8, Node: n.Name, Now: n.now, Tick: 20 * time.Millisecond, Lease: 3 * time.Second,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// A record is one line of the file in which performers write what they do.
type record struct {
	Node, Account string
	Run           int64
	Fire          time.Time
	Attempt       int
	End, Aborted  bool
	At            int64 // UnixNano of the real clock, which they share
}

// runNode works until its standard input ends.
func runNode() int {
	var n node
	if err := json.Unmarshal([]byte(os.Getenv(nodeVariable)), &n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	file, err := os.OpenFile(n.Record, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	note := func(o Order, end, aborted bool) {
		line, _ := json.Marshal(record{n.Name, o.Account, o.Run, o.Fire, o.Attempt, end, aborted, time.Now().UnixNano()})
		file.Write(append(line, '\n')) // one write a line, which O_APPEND keeps whole
	}
	options := n.options()
	options.Performer = performerFunc(func(ctx context.Context, o Order) Result {
		note(o, false, false)
		pause(ctx, time.Duration(5+o.Run%40)*time.Millisecond)
		if ctx.Err() != nil {
			note(o, true, true)
			return Result{Class: Interrupted}
		}
		note(o, true, false)
		return Result{Class: Done, Messages: 1}
	})
	e, err := Open(context.Background(), options)
	if err == nil {
		err = e.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, n.Name, err)
		return 1
	}
	io.Copy(io.Discard, os.Stdin)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, n.Name, err)
		return 1
	}
	e.Close()
	return 0
}

// child is a node that runs.
type child struct {
	*exec.Cmd
	input io.Closer
}

func startNode(t *testing.T, n node) child {
	t.Helper()
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), nodeVariable+"="+string(text))
	c.Stderr = t.Output()
	input, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		c.Process.Kill()
		c.Wait()
	})
	return child{c, input}
}

// TestThreeProcesses: three processes on one database, 200 accounts, an hour of
// fires in a quarter of a minute; one is killed while it works. Every fire has one run
// for each account, which is done; no account is worked twice at once.
func TestThreeProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("a quarter of a minute for each database")
	}
	both(t, func(t *testing.T, db string) {
		n := node{DB: db, Record: filepath.Join(t.TempDir(), "record"), Accounts: accounts, Epoch: time.Now().Add(2 * time.Second), Begin: noon.Add(-time.Minute), Rate: 240}
		if err := os.WriteFile(n.Record, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var list []child
		for _, name := range []string{"a", "b", "c"} { // all at once, on an empty database
			n.Name = name
			list = append(list, startNode(t, n))
		}
		killed := killAtWork(t, list[1], n, "b")
		n.Name = "look"
		e := opened(t, n.options())
		until(t, "all fires", func() bool { return n.now().After(noon.Add(55 * time.Minute)) })
		began := time.Now()
		settled(t, e, 12*n.Accounts)
		took := time.Since(began).Round(100 * time.Millisecond)
		for _, p := range []child{list[0], list[2]} {
			p.input.Close()
			if err := p.Wait(); err != nil {
				t.Errorf("a process that was told to stop: %v", err)
			}
		}
		verify(t, e, n, killed)
		t.Logf("settled %v after the last fire", took)
	})
}

// killAtWork kills a process as soon as it has done some runs and is at one.
func killAtWork(t *testing.T, p child, n node, name string) (at int64) {
	t.Helper()
	until(t, "work of "+name, func() bool {
		begun, ended := 0, 0
		for _, r := range readRecords(t, n.Record) {
			if r.Node == name && r.End {
				ended++
			} else if r.Node == name {
				begun++
			}
		}
		return ended > n.Accounts/4 && begun > ended
	})
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.Wait()
	return time.Now().UnixNano()
}

func readRecords(t *testing.T, file string) (list []record) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var r record
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			continue // the last line is being written, or was when its process was killed
		}
		list = append(list, r)
	}
	return list
}

// interval is one call of a performer.
type interval struct {
	record
	until int64
	cut   bool // it did not end
}

// intervals pairs begins with ends; what has none ended with its process.
func intervals(list []record, killed int64) []interval {
	var calls []interval
	open := map[string]int{}
	for _, r := range list {
		key := fmt.Sprint(r.Node, r.Run, r.Attempt)
		if !r.End {
			open[key] = len(calls)
			calls = append(calls, interval{r, killed, true})
			continue
		}
		calls[open[key]].until, calls[open[key]].cut, calls[open[key]].Aborted = r.At, false, r.Aborted
	}
	return calls
}

// verify counts, and says what is wrong.
func verify(t *testing.T, e *Engine, n node, killed int64) {
	t.Helper()
	calls := intervals(readRecords(t, n.Record), killed)
	byAccount := map[string][]interval{}
	ended := map[string]int{}
	nodes := map[string]int{}
	cut, aborted, overlaps, twice := 0, 0, 0, 0
	for _, c := range calls {
		byAccount[c.Account] = append(byAccount[c.Account], c)
		nodes[c.Node]++
		if c.cut {
			cut++
			if c.Node != "b" {
				t.Errorf("%s did not end a run of %s", c.Node, c.Account)
			}
			continue
		}
		if c.Aborted { // its lease could not be renewed in time
			aborted++
			continue
		}
		ended[c.Account+c.Fire.Format(" 15:04")]++
	}
	for account, list := range byAccount {
		slices.SortFunc(list, func(a, b interval) int { return int(a.At - b.At) })
		for i := 1; i < len(list); i++ {
			if list[i].At < list[i-1].until {
				overlaps++
				t.Errorf("%s is worked twice at once: %+v and %+v", account, list[i-1], list[i])
			}
		}
	}
	for key, times := range ended {
		if times > 1 {
			twice++ // it ended in the killed process, which could not say so any more
			if !slices.ContainsFunc(calls, func(c interval) bool { return c.Node == "b" && c.Account+c.Fire.Format(" 15:04") == key }) {
				t.Errorf("%s was done %d times", key, times)
			}
		}
	}
	runs, rescued, fires := 0, 0, map[string]bool{}
	for before := int64(0); ; {
		page, err := e.History(t.Context(), Query{Limit: 1000, Before: before})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, r := range page {
			runs++
			fires[r.Fire.Format("15:04")] = true
			if r.Attempt > 1 {
				rescued++
			}
			if !strings.HasSuffix(describe(r), fmt.Sprintf("done done %d", r.Attempt)) {
				t.Errorf("%s", describe(r))
			}
			before = r.ID
		}
	}
	if len(ended) != 12*n.Accounts || runs != 12*n.Accounts || len(fires) != 12 {
		t.Errorf("%d of %d runs were done, %d fires", len(ended), runs, len(fires))
	}
	t.Logf("%d fires, %d accounts, %d runs: %d calls in 3 processes %v, %d cut off by the kill, %d aborted, %d run again, %d done twice at the kill, %d at once, %d lost",
		len(fires), len(byAccount), runs, len(calls), nodes, cut, aborted, rescued, twice, overlaps, 12*n.Accounts-len(ended))
}
