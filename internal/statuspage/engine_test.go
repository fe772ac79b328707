package statuspage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// engine is a Source whose answers are given, and which notes what is ordered.
type engine struct {
	jobs  []jobs.JobState
	runs  []jobs.Run
	stats jobs.Stats
	err   error // of every question
	hang  bool  // until the context ends

	mu     sync.Mutex
	orders []string
	asked  []jobs.Query
}

func (e *engine) Jobs(ctx context.Context) ([]jobs.JobState, error) {
	if e.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return e.jobs, e.err
}

func (e *engine) History(_ context.Context, q jobs.Query) ([]jobs.Run, error) {
	e.mu.Lock()
	e.asked = append(e.asked, q)
	e.mu.Unlock()
	var found []jobs.Run
	for _, r := range e.runs {
		if (q.Job == "" || r.Job == q.Job) && (q.Account == "" || r.Account == q.Account) &&
			(q.Outcome == "" || r.Outcome == q.Outcome) && (q.Class == "" || r.Class == q.Class) && (!q.Failed || r.State == "done" && r.Class != jobs.Done) && (q.State == "" || r.State == q.State) && (q.Before == 0 || r.ID < q.Before) {
			found = append(found, r)
		}
	}
	return found[:min(q.Limit, len(found))], e.err
}

func (e *engine) Show(_ context.Context, run int64) (jobs.Run, error) {
	for _, r := range e.runs {
		if r.ID == run {
			return r, e.err
		}
	}
	return jobs.Run{}, fmt.Errorf("run %d: %w", run, jobs.ErrUnknown)
}

func (e *engine) Run(_ context.Context, job string, accounts []string, dry *bool) ([]int64, error) {
	way := "as it is"
	if dry != nil {
		way = fmt.Sprintf("dry=%t", *dry)
	}
	if len(accounts) == 1 {
		return []int64{1}, e.order("run %s %v %s", job, accounts, way)
	}
	return []int64{1, 2}, e.order("run %s %v %s", job, accounts, way)
}

func (e *engine) Enable(_ context.Context, job string) error  { return e.order("enable %s", job) }
func (e *engine) Disable(_ context.Context, job string) error { return e.order("disable %s", job) }
func (e *engine) Retry(_ context.Context, run int64) error    { return e.order("retry %d", run) }
func (e *engine) Cancel(_ context.Context, run int64) error   { return e.order("cancel %d", run) }
func (e *engine) Stats() jobs.Stats                           { return e.stats }

func (e *engine) order(format string, args ...any) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.orders = append(e.orders, fmt.Sprintf(format, args...))
	return e.err
}

// ordered returns what was ordered since the last call.
func (e *engine) ordered() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	orders := strings.Join(e.orders, "; ")
	e.orders = nil
	return orders
}

const token = "a-token-that-nobody-guesses"

// options are those of a page that looks the same each time.
func options(e *engine) Options {
	return Options{
		Source: e, Version: "1.2", Node: "attic", Now: func() time.Time { return noon }, Random: strings.NewReader(strings.Repeat("r", 32)),
		Backups: func(context.Context) (int64, error) { return 3 << 30, nil },
	}
}

func withToken(o Options) Options {
	o.Token = secret.New(token)
	return o
}

// serve starts a server on loopback, which ends with the test.
func serve(t *testing.T, o Options) *browser {
	t.Helper()
	server := httptest.NewServer(New(o))
	t.Cleanup(server.Close)
	b := &browser{t: t, base: server.URL, client: server.Client()}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// A browser asks for pages, with the cookie that it was given.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	cookie string
}

// answer is what came back, read whole.
type answer struct {
	status int
	header http.Header
	text   string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	if b.cookie != "" {
		r.Header.Set("Cookie", cookieName+"="+b.cookie)
	}
	a, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{a.StatusCode, a.Header, string(text)}
}

func (b *browser) request(method, path, body string) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodGet, path, ""))
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	return b.do(b.request(http.MethodPost, path, form.Encode()))
}

// proof returns the field of the page's forms that says where they came from.
func (b *browser) proof(path string) string {
	b.t.Helper()
	_, after, _ := strings.Cut(b.get(path).text, `name="form" value="`)
	value, _, found := strings.Cut(after, `"`)
	if !found {
		b.t.Fatalf("%s has no form", path)
	}
	return value
}

// login gets the browser a cookie.
func (b *browser) login() {
	b.t.Helper()
	a := b.post("/login", url.Values{"token": {token}})
	value, _, _ := strings.Cut(strings.TrimPrefix(a.header.Get("Set-Cookie"), cookieName+"="), ";")
	if a.status != http.StatusSeeOther || value == "" {
		b.t.Fatalf("login: status %d, cookie %q", a.status, a.header.Get("Set-Cookie"))
	}
	b.cookie = value
}
