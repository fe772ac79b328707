package statuspage

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// TestMethods: only POST orders anything, and only GET and HEAD show anything.
func TestMethods(t *testing.T) {
	e := attic()
	b := serve(t, options(e))
	proof := url.Values{"form": {b.proof("/jobs/archive")}}.Encode()
	for _, method := range []string{"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "POSTS", "GET"} {
		for _, path := range []string{"/jobs/archive/run", "/jobs/archive/enable", "/jobs/archive/disable", "/runs/8/retry", "/runs/8/cancel", "/logout", "/login", "/", "/runs", "/metrics", "/healthz"} {
			if method == "CONNECT" {
				continue // the client speaks it to proxies alone
			}
			a := b.do(b.request(method, path+"?"+proof, proof))
			if order := e.ordered(); order != "" {
				t.Errorf("%s %s ordered %q", method, path, order)
			}
			if read := method == "HEAD" || method == "GET"; !read && a.status < 400 || a.status >= 500 {
				t.Errorf("%s %s: status %d", method, path, a.status)
			}
			if method == "HEAD" && a.text != "" || a.header.Get("Set-Cookie") != "" || a.header.Get("Content-Security-Policy") == "" {
				t.Errorf("%s %s: %d octets, cookie %q", method, path, len(a.text), a.header.Get("Set-Cookie"))
			}
		}
	}
	get, head := b.get("/runs"), b.do(b.request("HEAD", "/runs", ""))
	if head.status != 200 || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
		t.Errorf("HEAD /runs: status %d, %v", head.status, head.header)
	}
}

// TestOddRequests: addresses and forms that no page of ours leads to get a page
// of ours, no database is asked for names that none can have, and the log
// stays a log.
func TestOddRequests(t *testing.T) {
	e := &strict{attic(), t}
	var log bytes.Buffer
	o := options(nil)
	o.Source, o.Log = e, slog.New(slog.NewJSONHandler(&log, nil))
	b := serve(t, o)
	proof := b.proof("/jobs/archive")
	for _, path := range []string{
		"/jobs/%00", "/jobs/a%00b", "/jobs/%ff%fe", "/jobs/%0d%0aSet-Cookie:%20a=b", "/jobs/" + strings.Repeat("a", 12_000), "/jobs/%e2%80%ae", "/jobs/..%2f..%2fetc%2fpasswd",
		"/jobs/javascript:alert(1)", "/jobs/", "/jobs", "/jobs/a/b/c", "/runs/%00", "/runs/0", "/runs/-1", "/runs/+7", "/runs/07", "/runs/0x7", "/runs/7.0", "/runs/9223372036854775808", "/runs/9223372036854775807", "/runs/%D9%A7",
		"/runs/7/", "/style.css/..", "/templates/home.html", "/.git/config", "/%2e%2e/%2e%2e/etc/passwd", "/" + strings.Repeat("%2f", 4000), "/debug/pprof/", "/favicon.ico", "/robots.txt",
	} {
		a := b.get(path)
		if a.status == http.StatusTemporaryRedirect || a.status == http.StatusMovedPermanently {
			if to := a.header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Errorf("GET %s leads to %q", cut(path), to)
			}
			continue
		}
		if a.status != http.StatusNotFound || a.header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s: status %d", cut(path), a.status)
			continue
		}
		tame(t, cut(path), a.text)
	}
	for _, query := range []string{
		"page=9223372036854775807", "page=-9223372036854775808", "page=99999999999999999999999", "page=1e9", "page=%00", "page=1&page=2", "job=%00", "account=%ff", "outcome=%00",
		"job=" + strings.Repeat("a", 12_000), "failed=%00", "failed=yes&page=1&job=%00", "a=b;c=d", "%zz", "job=%zz&account=x", "only=delete%00&page=3", "=&&&=",
	} {
		for _, path := range []string{"/runs", "/runs/7", "/", "/jobs/archive"} {
			a := b.get(path + "?" + query)
			if a.status != http.StatusOK {
				t.Errorf("GET %s?%s: status %d", path, cut(query), a.status)
			} else {
				sound(t, path+"?"+cut(query), a.text)
			}
		}
	}
	for _, name := range []string{"%00", "%ff", "a%0d%0aSet-Cookie:%20a=b", "..%2f"} {
		for _, order := range []string{"run", "enable", "disable"} {
			a := b.post("/jobs/"+name+"/"+order, url.Values{"form": {proof}})
			if a.header.Get("Set-Cookie") != "" || a.status >= 500 || strings.ContainsAny(a.header.Get("Location"), "\r\n") {
				t.Errorf("POST %s: status %d, leads to %q", name, a.status, a.header.Get("Location"))
			}
		}
	}
	for _, account := range []string{"\x00", "\xff"} {
		if a := b.post("/jobs/archive/run", url.Values{"form": {proof}, "account": {account}}); a.status != http.StatusNotFound {
			t.Errorf("account %q: status %d", account, a.status)
		}
	}
	for _, body := range []string{"form=%zz", "form", "&&&", "\x00", "form=" + proof + "&dry=%00", strings.Repeat("a=b&", 4000)} {
		if a := b.do(b.request(http.MethodPost, "/jobs/archive/run", body)); a.status < 400 || a.status >= 500 {
			t.Errorf("form %.40q: status %d", body, a.status)
		}
	}
	r := b.request(http.MethodPost, "/jobs/archive/enable", `{"form":"`+proof+`"}`)
	r.Header.Set("Content-Type", "application/json")
	if a := b.do(r); a.status != http.StatusForbidden {
		t.Errorf("a form in JSON: status %d", a.status)
	}
	for line := range strings.Lines(log.String()) {
		if !strings.HasPrefix(line, `{"time"`) || strings.ContainsAny(line, "\x00\r") {
			t.Errorf("the log has a line %q", line)
		}
	}
}

// strict is an engine on a database that takes no name which is not text, as
// PostgreSQL.
type strict struct {
	*engine
	t *testing.T
}

func (e *strict) History(ctx context.Context, q jobs.Query) ([]jobs.Run, error) {
	e.name(q.Job)
	e.name(q.Account)
	e.name(q.Outcome)
	return e.engine.History(ctx, q)
}

func (e *strict) Run(ctx context.Context, job string, accounts []string, dry *bool) ([]int64, error) {
	e.name(job)
	e.name(strings.Join(accounts, ""))
	return e.engine.Run(ctx, job, accounts, dry)
}

func (e *strict) Enable(ctx context.Context, job string) error {
	e.name(job)
	return e.engine.Enable(ctx, job)
}

func (e *strict) Disable(ctx context.Context, job string) error {
	e.name(job)
	return e.engine.Disable(ctx, job)
}

func (e *strict) name(text string) {
	if !nameable(text) {
		e.t.Errorf("the database is asked for %q", text)
	}
}

// TestManyCookies: a login is found among the cookies of other servers on this
// host, which browsers send, too; none of them passes for one.
func TestManyCookies(t *testing.T) {
	b := serve(t, withToken(options(attic())))
	b.login()
	good := b.cookie
	proof := b.proof("/jobs/archive")
	b.cookie = ""
	for header, want := range map[string]int{
		"popherd=" + good:                                           200,
		"popherd=; popherd=" + good:                                 200,
		"popherd=junk; popherd=" + good + "; popherd=x":             200,
		"Popherd=" + good:                                           401,
		"popherd=\"" + good + "\"":                                  200, // RFC 6265, section 4.1.1
		"popherd=" + good + good:                                    401,
		"a=popherd=" + good:                                         401,
		"popherd=" + strings.Replace(good, ".", "..", 1):            401,
		"popherd=-1." + good[strings.Index(good, ".")+1:]:           401,
		strings.Repeat("popherd=x; ", 900) + "popherd=" + good[:20]: 401,
	} {
		r := b.request(http.MethodGet, "/", "")
		r.Header.Set("Cookie", header)
		if a := b.do(r); a.status != want {
			t.Errorf("cookies %.60q: status %d, want %d", header, a.status, want)
		}
	}
	r := b.request(http.MethodPost, "/jobs/archive/enable", url.Values{"form": {proof}}.Encode())
	r.Header.Set("Cookie", "popherd=junk; popherd="+good)
	if a := b.do(r); a.status != http.StatusSeeOther {
		t.Errorf("a form beside another server's cookie: status %d", a.status)
	}
	// Another login's form does not do.
	other := serve(t, withToken(options(attic())))
	other.cookie = other.get("/").header.Get("Set-Cookie")
	if a := b.post("/jobs/archive/enable", url.Values{"form": {proof}}); a.status != http.StatusUnauthorized {
		t.Errorf("without the cookie: status %d", a.status)
	}
}

// TestSlowClients: who sends or reads slowly is cut off in time, and those who
// occupy every connection let others in then. Its time is not ours.
func TestSlowClients(t *testing.T) {
	for _, c := range []struct {
		name, sends string
		trickle     string // an octet a second, thereafter
		most        time.Duration
	}{
		{"silent", "", "", headerTimeout},
		{"header without end", "GET / HTTP/1.1\r\nHost: localhost\r\n", "X: " + strings.Repeat("a", 100), headerTimeout},
		{"form without end", "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10000\r\n\r\n", strings.Repeat("a", 100), readTimeout},
		{"idle", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", idleTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error)
				go func() { served <- Serve(ctx, l, New(withToken(options(attic())))) }()
				began := time.Now()
				var clients sync.WaitGroup
				for range connections {
					clients.Go(func() {
						conn := l.dial()
						defer conn.Close()
						clients.Go(func() {
							io.WriteString(conn, c.sends)
							for _, octet := range []byte(c.trickle) {
								time.Sleep(time.Second)
								if _, err := conn.Write([]byte{octet}); err != nil {
									return
								}
							}
						})
						io.Copy(io.Discard, conn)
						if lasted := time.Since(began); lasted > c.most+2*time.Second {
							t.Errorf("was cut off after %v, want %v", lasted, c.most)
						}
					})
				}
				synctest.Wait()
				late := l.dial() // all connections are taken: it waits for one of them
				go io.WriteString(late, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
				line, err := bufio.NewReader(late).ReadString('\n')
				if err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
					t.Errorf("the next client gets %q, %v", line, err)
				}
				if waited := time.Since(began); waited > c.most+2*time.Second {
					t.Errorf("the next client waited for %v", waited)
				}
				late.Close()
				clients.Wait()
				stop()
				if err := <-served; err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		})
	}
}

// TestSlowReader: who reads no answer is cut off, too.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan time.Duration, 1)
		began := time.Now()
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := w.Write(make([]byte, 1<<20))
			if err == nil {
				t.Error("a megabyte was written to nobody")
			}
			ended <- time.Since(began)
		})
		served := make(chan error)
		go func() { served <- Serve(ctx, l, handler) }()
		conn := l.dial()
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if lasted := <-ended; lasted > writeTimeout+2*time.Second {
			t.Errorf("lasted %v", lasted)
		}
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// TestLargeHeader: what a request says of itself is bounded.
func TestLargeHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- Serve(ctx, l, New(options(attic()))) }()
		conn := l.dial()
		go fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", strings.Repeat("a", 1<<20))
		if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 431") {
			t.Errorf("got %q, %v", line, err)
		}
		conn.Close()
		stop()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// pipes is a listener for clients of this process, on this machine's loopback
// by what they say.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{made: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	go func() {
		select {
		case p.made <- theirs:
		case <-p.closed:
			theirs.Close()
		}
	}()
	return ours
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.made:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8025} }
