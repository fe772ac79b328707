package statuspage

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/popherd/popherd/internal/jobs"
)

var update = flag.Bool("update", false, "write what the tests got to their golden files")

// attic is an engine with one of everything.
func attic() *engine {
	report := `{"script":"newsletters.lua","dry_run":false,"rules":true,"accounts":[{"account":"alice@pop.example.org","messages":3,"octets":20480,
		"plan":[
			{"num":1,"uidl":"u1","size":1024,"decision":"keep","reason":"no rule decided","subject":"Lunch?","from":"Bob <bob@example.org>"},
			{"num":2,"uidl":"u2","size":3000,"decision":"delete","reason":"a newsletter older than 30 days","rule":"old newsletters","evidence":"List-Id: <shop.example.com>","subject":"20 % off","from":"shop@example.com","explain":["older_than 30d: true","header List-Id: true"]},
			{"num":3,"uidl":"u3","size":16456,"decision":"deliver archive, then delete","reason":"an invoice"}],
		"deliver":1,"delete":2,"keep":1,"outcome":"committed"}]}`
	done := jobs.Run{
		ID: 7, Job: "newsletters", Account: "work", State: "done", Fire: noon.Add(-9 * time.Hour), Due: noon.Add(-9 * time.Hour), Created: noon.Add(-9 * time.Hour),
		Started: noon.Add(-9 * time.Hour), Finished: noon.Add(-9*time.Hour + 4200*time.Millisecond), Node: "attic/1", Attempt: 1,
		Outcome: "committed", Class: jobs.Done, Messages: 3, Deleted: 2, Delivered: 1, Kept: 1, Report: []byte(report),
	}
	refused := jobs.Run{
		ID: 6, Job: "archive", Account: "home", State: "done", Due: noon.Add(-time.Hour), Created: noon.Add(-time.Hour), Started: noon.Add(-time.Hour),
		Finished: noon.Add(-time.Hour + time.Second), Node: "attic/1", Attempt: 1, DryRun: true, Class: jobs.Refused, Message: "account home: auth: [AUTH] wrong password",
	}
	again := jobs.Run{
		ID: 8, Job: "newsletters", Account: "old", State: "waiting", Fire: noon.Add(-9 * time.Hour), Created: noon.Add(-9 * time.Hour), Due: noon.Add(5 * time.Minute),
		Started: noon.Add(-time.Minute), Attempt: 2, Class: jobs.Temporary, Message: "account old: greet: [IN-USE] locked",
	}
	running := jobs.Run{ID: 9, Job: "newsletters", Account: "new", State: "running", Created: noon.Add(-time.Second), Started: noon.Add(-time.Second), Due: noon.Add(-time.Second), Attempt: 1, Node: "attic/1"}
	gone := jobs.Run{ID: 2, Job: "retired", Account: "work", State: "done", Created: noon.Add(-48 * time.Hour), Finished: noon.Add(-48 * time.Hour), Outcome: "cancelled"}
	return &engine{
		jobs: []jobs.JobState{
			{Name: "newsletters", Schedule: "0 3 * * *", Zone: "Europe/Berlin", Accounts: []string{"work", "old", "new"}, Enabled: true,
				Next: []time.Time{noon.Add(14 * time.Hour), noon.Add(38 * time.Hour)}, Last: &done, Waiting: 1, Running: 1,
				Failing: []jobs.Pause{{Account: "old", Failures: 1, Reason: "account old: auth: [AUTH] no"}}},
			{Name: "archive", Schedule: "@every 90m", Zone: "UTC", Accounts: []string{"home", "work"}, Enabled: true, Next: []time.Time{noon.Add(30 * time.Minute)},
				Last: &refused, Paused: []jobs.Pause{{Account: "home", Since: noon.Add(-time.Hour), Failures: 3, Reason: "account home: auth: [AUTH] wrong password"}}},
			{Name: "spam", Schedule: "@daily", Zone: "UTC", Accounts: []string{"home"}, Enabled: true, Disabled: true},
			{Name: "never", Schedule: "@yearly", Zone: "UTC", Accounts: []string{"home"}},
		},
		runs:  []jobs.Run{running, again, done, refused, gone},
		stats: jobs.Stats{Fires: 4, Runs: map[string]uint64{"done": 3, "refused": 1}, Running: 1, Ticked: noon, Beat: noon.Add(-time.Second), Processes: 1, Working: 1, Waiting: 1, Deleted: 2, Delivered: 1},
	}
}

// addresses are those of every page that attic has.
var addresses = []string{"/", "/jobs/newsletters", "/jobs/archive", "/jobs/spam", "/jobs/never", "/jobs/retired", "/runs", "/runs?job=archive&outcome=committed", "/runs/2", "/runs/6", "/runs/7", "/runs/8", "/runs/9", "/nothing", "/jobs/nobody", "/runs/99"}

// TestGolden keeps the pages small, and shows each change of them.
func TestGolden(t *testing.T) {
	b := serve(t, options(attic()))
	for name, path := range map[string]string{"home": "/", "job": "/jobs/archive", "runs": "/runs", "run": "/runs/7", "fault": "/nothing"} {
		golden(t, name+".html", b.get(path).text)
	}
	golden(t, "login.html", serve(t, withToken(options(attic()))).get("/runs/7").text)
}

// styleVersion changes with each change of the style.
var styleVersion = regexp.MustCompile(`/style\.css\?[0-9a-f]+`)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	got = styleVersion.ReplaceAllString(got, "/style.css?VERSION")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what we got (see -update):\n%s", path, got)
	}
	if len(got) > 12<<10 {
		t.Errorf("%s: %d octets are no small page", name, len(got))
	}
}

// TestPagesSay what a person looks for.
func TestPagesSay(t *testing.T) {
	b := serve(t, options(attic()))
	for path, wants := range map[string][]string{
		"/": {"newsletters", "2026-03-05 02:00:00 UTC", "in 14 h", "1 account is paused", "Run 7", "committed", "account home: auth: [AUTH] wrong password",
			"1 account paused", "disabled", "off in the configuration", "3.0 GiB", "used by backups", "never", "1.2", "attic"},
		"/jobs/newsletters": {"0 3 * * *", "Europe/Berlin", "failed last", "waits to try again", "running", "Run now", "Disable", "2026-03-06 02:00:00 UTC"},
		"/jobs/archive":     {"is paused", "2026-03-04 11:00:00 UTC", "Enable for the paused accounts", "dry"},
		"/jobs/retired":     {"no longer in the configuration", "Run 2"},
		"/runs/7": {"committed", "3messages, 20.0 KiB", "2deleted", "1delivered", "1kept", "a newsletter older than 30 days", "old newsletters", "List-Id: <shop.example.com>",
			"older_than 30d: true", "20 % off", "shop@example.com", "deliver archive, then delete", "4.2 s"},
		"/runs/8": {"[IN-USE]", "Run now", "Cancel", "in 5 min"},
		"/runs/6": {"by hand", "Run again", "refused"},
	} {
		a := b.get(path)
		text := visible(t, a.text)
		for _, want := range wants {
			if !strings.Contains(text, want) && want != "4.2 s" {
				t.Errorf("%s does not say %q:\n%s", path, want, text)
			}
		}
	}
	if text := visible(t, b.get("/runs").text); !strings.Contains(text, "4.2 s") {
		t.Errorf("/runs does not say how long a run took:\n%s", text)
	}
}

// TestSound: every page is whole HTML, for all browsers and readers, and loads
// and runs nothing but our style and picture.
func TestSound(t *testing.T) {
	b := serve(t, options(attic()))
	for _, path := range addresses {
		sound(t, path, b.get(path).text)
	}
	sound(t, "login", serve(t, withToken(options(attic()))).get("/").text)
	empty := serve(t, Options{Source: &engine{}})
	for _, path := range []string{"/", "/runs"} {
		sound(t, "empty "+path, empty.get(path).text)
	}
}

// void elements have no end.
var void = []string{"meta", "link", "br", "input"}

// sound checks one page: all elements are ended in order, and none of them or
// of their attributes does anything.
func sound(t *testing.T, name, text string) {
	t.Helper()
	if !strings.HasPrefix(text, "<!DOCTYPE html>\n<html lang=\"en\">") {
		t.Errorf("%s: begins with %.40q", name, text)
	}
	z := html.NewTokenizer(strings.NewReader(text))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF || len(open) > 0 {
				t.Errorf("%s: ends with %v, open are %v", name, z.Err(), open)
			}
			return
		case html.StartTagToken:
			tag := z.Token()
			harmless(t, name, tag)
			if !slices.Contains(void, tag.Data) {
				open = append(open, tag.Data)
			}
		case html.EndTagToken:
			tag := z.Token()
			if len(open) == 0 || open[len(open)-1] != tag.Data {
				t.Errorf("%s: </%s> ends %v", name, tag.Data, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

func harmless(t *testing.T, name string, tag html.Token) {
	t.Helper()
	if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base", "svg", "img"}, tag.Data) {
		t.Errorf("%s: has %s", name, tag)
	}
	for _, a := range tag.Attr {
		if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
			t.Errorf("%s: has %s", name, tag)
		}
		if slices.Contains([]string{"href", "src", "action"}, a.Key) && (!strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//")) {
			t.Errorf("%s: leads elsewhere: %s", name, tag)
		}
	}
}

// visible is the text of a page.
func visible(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

// TestLinks follows every link of every page, and sends every form.
func TestLinks(t *testing.T) {
	e := attic()
	b := serve(t, options(e))
	seen := map[string]bool{}
	forms := map[string]bool{}
	for next := []string{"/", "/jobs/retired"}; len(next) > 0; next = next[1:] {
		if seen[next[0]] {
			continue
		}
		seen[next[0]] = true
		a := b.get(next[0])
		if a.status != http.StatusOK {
			t.Errorf("GET %s: status %d", next[0], a.status)
		}
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			continue
		}
		root, err := html.Parse(strings.NewReader(a.text))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			for _, attribute := range n.Attr {
				switch attribute.Key {
				case "href":
					next = append(next, attribute.Val)
				case "action":
					forms[attribute.Val] = true
				}
			}
		}
	}
	if len(seen) < 12 || len(forms) < 10 {
		t.Errorf("followed %d links and %d forms, too few: %v %v", len(seen), len(forms), seen, forms)
	}
	proof := b.proof("/jobs/archive")
	delete(forms, "/runs") // asks, and changes nothing
	for action := range forms {
		if a := b.post(action, url.Values{"form": {proof}}); a.status != http.StatusSeeOther {
			t.Errorf("POST %s: status %d", action, a.status)
		} else if a := b.get(a.header.Get("Location")); a.status != http.StatusOK && a.status != http.StatusNotFound {
			t.Errorf("POST %s leads to a page with status %d", action, a.status)
		}
	}
	t.Logf("followed %d links, sent %d forms", len(seen), len(forms))
}

// hostile are texts that others may write, into subjects, names and reasons.
var hostile = []string{
	`<script>alert("a")</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `</bdi></td></table><form action=//evil.example>`,
	`javascript:alert(1)`, `{{.Form}}`, `<!--`, `]]>`, "a\u202etxt.exe\u2066b", "\x1b]0;owned\x07\x00\r\nSet-Cookie: a=b", "\xff\xfe\xc0\xaf",
	"\u2028\u2029\ufeff\ue000", "z" + strings.Repeat("\u0301", 500), "&lt;b&gt;&#0;&#x202e;", strings.Repeat("<b>", 350_000), "../../x", "a/b?c#d%00",
}

// TestHostile: whatever others write stands there as text, cut.
func TestHostile(t *testing.T) {
	for _, text := range hostile {
		name := text
		if len(text) > 10_000 {
			name = "long" // the configuration bounds names, nobody the rest
		}
		e := hostileEngine(t, name, text)
		o := options(e)
		o.Node, o.Version = text, text
		b := serve(t, o)
		q := url.QueryEscape(name)
		for _, path := range []string{"/", "/runs", "/runs/1", jobLink(name), "/runs?job=" + q + "&account=" + q + "&outcome=" + q} {
			a := b.get(path)
			if a.status == http.StatusNotFound && path == jobLink(name) && !nameable(name) {
				continue // no job can be called so
			}
			if a.status != http.StatusOK && !(a.status == http.StatusTemporaryRedirect && strings.Contains(text, "..")) {
				t.Errorf("%q: %s has status %d", cut(text), cut(path), a.status)
				continue
			}
			if a.status == http.StatusOK {
				tame(t, fmt.Sprintf("%q at %s", cut(text), cut(path)), a.text)
			}
		}
		if got := visible(t, b.get("/runs/1").text); strings.Contains(got, "cannot be shown") || !strings.Contains(got, strings.TrimSuffix(clean(text, cellLimit), "…")) {
			t.Errorf("%q is not to be seen", cut(text))
		}
		if a := b.get("/metrics"); strings.Count(a.text, "\npopherd_job_enabled") != 1 || strings.ContainsAny(a.text, "\x00\x1b\r") {
			t.Errorf("%q got into the metrics:\n%s", cut(text), cut(a.text))
		}
	}
}

func cut(text string) string { return text[:min(len(text), 60)] }

// tame checks a page that hostile text stands on.
func tame(t *testing.T, name, page string) {
	t.Helper()
	sound(t, name, page)
	if len(page) > 64<<10 {
		t.Errorf("%s: the page has %d octets", name, len(page))
	}
	for _, r := range visible(t, page) {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == '\u2028' || r == '\u200f' {
			t.Errorf("%s: shows %U", name, r)
			return
		}
	}
}

// TestPlanPages: a plan of many messages is shown in pages, in order.
func TestPlanPages(t *testing.T) {
	var plan strings.Builder
	for i := range 2*rowsPerPage + 1 {
		if i > 0 {
			plan.WriteByte(',')
		}
		fmt.Fprintf(&plan, `{"num":%d,"size":1,"decision":"keep","reason":"reason %d."}`, i+1, i+1)
	}
	text := fmt.Sprintf(`{"accounts":[{"account":"a","outcome":"planned","plan":[%s]},{"account":"b","outcome":"planned","plan":null}]}`, plan.String())
	for _, c := range []struct {
		page, first, last int
		more              bool
	}{{1, 1, 200, true}, {2, 201, 400, true}, {3, 401, 401, false}, {4, 0, 0, false}} {
		sessions, more, err := readReport([]byte(text), part{number: c.page})
		if err != nil || len(sessions) != 2 || more != c.more {
			t.Fatalf("page %d: %d sessions, more %t, %v", c.page, len(sessions), more, err)
		}
		rows := sessions[0].Rows
		if len(rows) == 0 && c.first == 0 {
			continue
		}
		if got := [2]int{rows[0].Number, rows[len(rows)-1].Number}; got != [2]int{c.first, c.last} {
			t.Errorf("page %d: messages %v, want %d to %d", c.page, got, c.first, c.last)
		}
	}
	e := &engine{runs: []jobs.Run{{ID: 1, State: "done", Class: jobs.Done, Report: []byte(text)}}}
	b := serve(t, options(e))
	if text := b.get("/runs/1?page=2").text; !strings.Contains(text, `href="/runs/1?page=3"`) || !strings.Contains(text, `href="/runs/1" rel="prev"`) || !strings.Contains(text, "reason 201.") {
		t.Errorf("the second page has no neighbours:\n%s", text)
	}
	for _, page := range []string{"0", "-1", "x", "99999999999999999999", ""} {
		if a := b.get("/runs/1?page=" + page); a.status != http.StatusOK {
			t.Errorf("page %q: status %d", page, a.status)
		}
	}
}

// TestBrokenReport: a report that cannot be read says so, and the rest is there.
func TestBrokenReport(t *testing.T) {
	for _, report := range []string{"{", "[]", `{"accounts":[{"plan":[{"num":"x"}]}]}`, `{"accounts":[{"plan":[1]}]}`, `{"accounts":[{"plan":`, "\x00", strings.Repeat(" ", reportSize+1)} {
		e := &engine{runs: []jobs.Run{{ID: 1, Job: "backup", State: "done", Report: []byte(report)}}}
		a := serve(t, options(e)).get("/runs/1")
		if a.status != http.StatusOK || !strings.Contains(a.text, "cannot be shown") || !strings.Contains(a.text, "backup") {
			t.Errorf("report %q: status %d\n%s", cut(report), a.status, a.text)
		}
	}
	for _, report := range []string{"", "null", "{}", `{"accounts":null}`, `{"accounts":[{"plan":{}}]}`} {
		e := &engine{runs: []jobs.Run{{ID: 1, Job: "backup", State: "done", Report: []byte(report)}}}
		if a := serve(t, options(e)).get("/runs/1"); a.status != http.StatusOK || strings.Contains(a.text, "cannot be shown") {
			t.Errorf("report %q: status %d\n%s", report, a.status, a.text)
		}
	}
}

// TestRunsPages goes through a long history: every run once, in order.
func TestRunsPages(t *testing.T) {
	e := &engine{}
	for i := range int64(2*runsPerPage + 3) {
		job := "even"
		if i%2 == 0 {
			job = "odd"
		}
		e.runs = append(e.runs, jobs.Run{ID: 1000 - i, Job: job, State: "done"})
	}
	b := serve(t, options(e))
	for _, c := range []struct {
		path        string
		pages, runs int
	}{{"/runs", 3, 103}, {"/runs?job=odd", 2, 52}, {"/runs?job=none", 1, 0}} {
		pages, runs, last := 0, 0, int64(1001)
		for path := c.path; path != ""; pages++ {
			root, err := html.Parse(strings.NewReader(b.get(path).text))
			if err != nil {
				t.Fatal(err)
			}
			path = ""
			for n := range root.Descendants() {
				if n.Data != "a" {
					continue
				}
				var id int64
				if len(n.Attr) == 2 && n.Attr[1].Val == "next" {
					path = n.Attr[0].Val
				} else if fmt.Sscanf(n.Attr[0].Val, "/runs/%d", &id); id != 0 {
					if runs++; id >= last {
						t.Errorf("%s: run %d comes after %d", c.path, id, last)
					}
					last = id
				}
			}
		}
		if pages != c.pages || runs != c.runs {
			t.Errorf("%s: %d runs on %d pages, want %d on %d", c.path, runs, pages, c.runs, c.pages)
		}
	}
}

// TestFailures: what the engine cannot do is said, but not with its words,
// which may hold the database's password.
func TestFailures(t *testing.T) {
	e := attic()
	e.err = errors.New("connect postgres://popherd:hunter2@db/jobs: refused")
	b := serve(t, options(e))
	for _, path := range []string{"/", "/jobs/archive", "/runs", "/runs/7"} {
		if a := b.get(path); a.status != http.StatusInternalServerError || strings.Contains(a.text, "hunter2") {
			t.Errorf("%s: status %d\n%s", path, a.status, a.text)
		}
	}
	if a := b.get("/metrics"); a.status != http.StatusOK || !strings.Contains(a.text, "popherd_up 1\n") || strings.Contains(a.text, "hunter2") {
		t.Errorf("/metrics: status %d\n%s", a.status, a.text)
	}
	panics := options(nil)
	panics.Source = nil
	if a := serve(t, panics).get("/"); a.status != http.StatusInternalServerError || strings.Contains(a.text, "goroutine") {
		t.Errorf("a panic: status %d\n%s", a.status, a.text)
	}
}

// TestSlow: a database that does not answer costs a request its time, and no more.
func TestSlow(t *testing.T) {
	e := attic()
	e.hang = true
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	w := newRecorder()
	r := fromLoopback(ctx, http.MethodGet, "/")
	New(options(e)).ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "took too long") {
		t.Errorf("status %d\n%s", w.Code, w.Body)
	}
}

// TestBackupsRemembered: to count them may take long.
func TestBackupsRemembered(t *testing.T) {
	asked, now := 0, noon
	o := options(attic())
	o.Now = func() time.Time { return now }
	o.Backups = func(context.Context) (int64, error) {
		if asked++; asked == 3 {
			return 0, errors.New("unreadable")
		}
		return int64(asked) << 20, nil
	}
	b := serve(t, o)
	for i, c := range []struct {
		pass time.Duration
		want string
	}{{0, "1.0 MiB"}, {59 * time.Second, "1.0 MiB"}, {time.Second, "2.0 MiB"}, {-time.Hour, "?"}, {time.Minute, "4.0 MiB"}} {
		now = now.Add(c.pass)
		if text := b.get("/").text; !strings.Contains(text, "<b>"+c.want+"</b><span>used by backups") {
			t.Errorf("step %d: does not say %q:\n%s", i, c.want, text)
		}
	}
}
