package statuspage

import (
	"io"
	"net/http"
	"time"
)

// stuckAfter is for how long an engine may look at no clock, or renew no lease.
// It does both every few seconds, but a database may be busy.
const stuckAfter = 2 * time.Minute

// stuck says why the engine does no work, or "".
func (p *page) stuck() string {
	s, now := p.Source.Stats(), p.Now()
	switch {
	case s.Ticked.IsZero():
		return "it has not begun"
	case now.Sub(s.Ticked).Abs() > stuckAfter: // below 0 too, after a clock went back
		return "it last looked for due jobs at " + p.moment(s.Ticked).Text
	case !s.Beat.IsZero() && now.Sub(s.Beat).Abs() > stuckAfter:
		return "it last renewed its leases at " + p.moment(s.Beat).Text
	}
	return ""
}

// healthz answers 200 if the engine works, and 503 if it is stuck. Everybody
// may ask, and nobody is told more than that.
func (p *page) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if p.stuck() != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "stuck\n")
		return
	}
	io.WriteString(w, "ok\n")
}
