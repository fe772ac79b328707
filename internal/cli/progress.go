package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress shows a bar on standard error while more than a second of work is
// left: short runs show none.
type progress struct {
	sh    *shell
	shown bool // a person looks at standard error
	stage string
	start time.Time
	bar   *progressbar.ProgressBar
}

func (sh *shell) progressBar() *progress {
	return &progress{sh: sh, shown: isTerminal(sh.Stderr) && !sh.quiet && !sh.trace}
}

// step implements run.Options.Progress.
func (p *progress) step(stage string, done, total int) {
	if !p.shown {
		return
	}
	if stage != p.stage {
		p.end()
		p.stage, p.start = stage, time.Now()
	}
	if p.bar == nil && p.worthShowing(done, total) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.sh.Stderr),
			progressbar.OptionSetDescription(stage),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	if p.bar != nil {
		p.bar.Set(min(done, total))
	}
}

// worthShowing reports whether, at the rate so far, more than a second is left.
func (p *progress) worthShowing(done, total int) bool {
	elapsed := time.Since(p.start)
	if total == 0 || done == 0 || elapsed < 200*time.Millisecond {
		return false
	}
	left := elapsed / time.Duration(done) * time.Duration(total-done)
	return left > time.Second
}

// hide makes room on the terminal; the next step shows the bar again.
func (p *progress) hide() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

// end removes the bar.
func (p *progress) end() {
	p.hide()
	p.bar, p.stage = nil, ""
}
