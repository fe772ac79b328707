package statuspage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

//go:embed templates
var files embed.FS

// readLimit is how long the database may take for a page.
const readLimit = 10 * time.Second

// head is what every page has.
type head struct {
	Title, Style, Version, Node string
	Now                         moment
	Form                        string // for the forms of the page
	Seen                        bool   // this person may see the pages
	LoggedIn                    bool
}

func (p *page) head(r *http.Request, title string) head {
	who := p.who(r)
	h := head{
		Title: clean(title, cellLimit), Style: "/style.css?" + p.style, Now: p.moment(p.Now()),
		Seen: who != nobody, LoggedIn: who == byCookie,
	}
	if h.Seen {
		// Strangers need not know whom they talk to.
		h.Version, h.Node, h.Form = clean(strings.TrimPrefix(p.Version, "popherd "), cellLimit), clean(p.Node, cellLimit), p.formToken(r)
	}
	return h
}

// parsePages parses the templates; they are part of the program.
func parsePages() (*template.Template, string) {
	style, _ := files.ReadFile("templates/style.css")
	sum := sha256.Sum256(style)
	return template.Must(template.ParseFS(files, "templates/*.html")), hex.EncodeToString(sum[:6])
}

// show renders a page whole before it sends any of it.
func (p *page) show(w http.ResponseWriter, r *http.Request, status int, name string, what any) {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, what); err != nil {
		p.Log.Error("page not rendered", "page", name, "error", err)
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

type faultPage struct {
	head
	Message string
}

// fail shows a page that says what is wrong.
func (p *page) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	h := p.head(r, http.StatusText(status))
	p.show(w, r, status, "fault.html", faultPage{h, clean(message, messageLimit)})
}

// failed shows why the engine did not do what was asked.
func (p *page) failed(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil && !errors.Is(r.Context().Err(), context.DeadlineExceeded):
		return // nobody is there to read it
	case errors.Is(err, jobs.ErrUnknown):
		p.fail(w, r, http.StatusNotFound, err.Error())
	case errors.Is(err, jobs.ErrSettled), errors.Is(err, jobs.ErrOver):
		p.fail(w, r, http.StatusConflict, err.Error())
	case errors.Is(err, context.DeadlineExceeded):
		p.fail(w, r, http.StatusServiceUnavailable, "The database took too long to answer.")
	default:
		p.Log.Error("page failed", "path", clean(r.URL.Path, cellLimit), "error", err)
		// Not the error itself: a database may put its password into it.
		p.fail(w, r, http.StatusInternalServerError, "The engine could not do that; the log says why.")
	}
}

// outermost sets the headers and the time that a request may take, and keeps a
// fault of one page from the others.
func (p *page) outermost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		ctx, cancel := context.WithTimeout(r.Context(), readLimit)
		defer cancel()
		defer func() {
			if v := recover(); v != nil {
				p.Log.Error("page panicked", "panic", v, "stack", string(debug.Stack()))
				http.Error(w, "something went wrong; the log says what", http.StatusInternalServerError)
			}
		}()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// file serves what every page loads. It is the same for everybody, and its
// address changes with it.
func (p *page) file(name, kind string) http.HandlerFunc {
	content, _ := files.ReadFile("templates/" + name)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.Write(content)
	}
}
