package statuspage

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/popherd/popherd/internal/secret"
)

// Options are what a page shows, and to whom.
type Options struct {
	Source Source

	// Token is demanded of everybody, if set. Without one, only who comes from
	// this machine, and asks for it as localhost, 127.0.0.1 or [::1], sees
	// anything.
	Token secret.Secret

	// Backups says how many octets this machine's backups use. It is asked at
	// most once a minute; nil shows nothing.
	Backups func(ctx context.Context) (int64, error)

	// Attempts are counted by who opens the engine; nil shows none.
	Attempts *Attempts

	// Metrics writes more of them, in Prometheus' text format; may be nil.
	Metrics func(w io.Writer)

	Version string           // of popherd, for the foot of the page
	Node    string           // this machine's or daemon's name
	Zone    *time.Location   // of the times shown; nil is UTC
	Now     func() time.Time // nil is the clock
	Random  io.Reader        // for what nobody can guess; nil is the system's
	Log     *slog.Logger     // nil is none
}

// page is the handler's state.
type page struct {
	Options
	pages       *template.Template
	style       string // names the version of the style
	key         []byte // signs logins and forms
	crossOrigin *http.CrossOriginProtection

	requests, refused atomic.Uint64
	backups           backups
}

// New returns the handler of all pages. It is for the clients of one listener;
// who those may be depends on the address at which they arrive: see
// [Options.Token].
func New(o Options) http.Handler {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &page{Options: o, crossOrigin: http.NewCrossOriginProtection()}
	p.pages, p.style = parsePages()
	p.key = p.newKey()
	return p.outermost(p.routes())
}

// newKey makes a key that lasts as long as the token, so that logins outlive
// the daemon; without a token, as long as the daemon.
func (p *page) newKey() []byte {
	if !p.Token.IsZero() {
		mac := hmac.New(sha256.New, []byte(p.Token.Reveal()))
		mac.Write([]byte("popherd status page"))
		return mac.Sum(nil)
	}
	key := make([]byte, sha256.Size)
	if _, err := io.ReadFull(p.Random, key); err != nil {
		// No form is accepted with a key that could be guessed.
		p.Log.Error("no random octets: the page's buttons do not work", "error", err)
		rand.Read(key)
	}
	return key
}

// routes are all addresses. Only the style, the picture, the login and whether
// the engine is well are for everybody.
func (p *page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", p.file("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", p.file("icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /healthz", p.healthz)
	mux.HandleFunc("POST /login", p.login)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /{$}":                  p.home,
		"GET /jobs/{name}":          p.job,
		"GET /runs":                 p.runs,
		"GET /runs/{id}":            p.run,
		"GET /metrics":              p.metrics,
		"POST /jobs/{name}/run":     p.startRun,
		"POST /jobs/{name}/enable":  p.enable,
		"POST /jobs/{name}/disable": p.disable,
		"POST /runs/{id}/retry":     p.retry,
		"POST /runs/{id}/cancel":    p.cancel,
		"POST /logout":              p.logout,
		"/":                         p.nothing,
	} {
		mux.HandleFunc(pattern, p.guarded(h))
	}
	return mux
}

// nothing is what stands at all other addresses.
func (p *page) nothing(w http.ResponseWriter, r *http.Request) {
	p.fail(w, r, http.StatusNotFound, "There is nothing at this address.")
}

// backupsAge is for how long what backups use is remembered: to count it may
// read many folders.
const backupsAge = time.Minute

type backups struct {
	sync.Mutex
	at     time.Time
	octets int64
	err    error
}

// backupsUsed returns what backups use, and whether that is known.
func (p *page) backupsUsed(ctx context.Context) (int64, bool) {
	if p.Backups == nil {
		return 0, false
	}
	b := &p.backups
	b.Lock()
	defer b.Unlock()
	if age := p.Now().Sub(b.at); b.at.IsZero() || age < 0 || age >= backupsAge {
		b.octets, b.err = p.Backups(ctx)
		b.at = p.Now()
		if b.err != nil {
			p.Log.Warn("backups not counted", "error", b.err)
		}
	}
	return b.octets, b.err == nil
}
