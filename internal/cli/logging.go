package cli

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/lmittmann/tint"

	"github.com/popherd/popherd/internal/config"
)

// Formats of --log-format.
const (
	logAuto = "auto" // as people read it; the daemon's with the time
	logText = "text"
	logJSON = "json" // one object a line
)

// checkLogFormat refuses what --log-format does not know.
func checkLogFormat(format string) error {
	switch format {
	case logAuto, logText, logJSON:
		return nil
	}
	return &usageError{object: "--log-format", reason: "there is no format " + clean(format), hint: "give auto, text or json"}
}

// logger writes what the daemon does to standard error, one line an event.
// Foreign text in it is quoted, so that no line is another's.
func (sh *shell) logger() *slog.Logger {
	level := slog.LevelInfo
	switch {
	case sh.verbose:
		level = slog.LevelDebug
	case sh.quiet:
		level = slog.LevelWarn
	}
	if sh.logFormat == logJSON {
		return slog.New(slog.NewJSONHandler(sh.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: readable}))
	}
	return slog.New(tint.NewTextHandler(sh.Stderr, &tint.Options{
		Level:       level,
		TimeFormat:  time.RFC3339,
		NoColor:     !sh.colored(sh.Stderr),
		ReplaceAttr: readable,
	}))
}

// complainInJSON is complain for programs: an object for each fault.
func (sh *shell) complainInJSON(err error) {
	log := sh.logger()
	faults := (*config.Errors)(nil)
	if !errors.As(err, &faults) {
		log.Error(err.Error(), "hint", hintOf(err), "exit_status", exitStatus(err))
		return
	}
	for _, fault := range faults.List {
		log.Error(fault.Error(), "hint", fault.Advice, "exit_status", exitConfig)
	}
	if faults.More > 0 {
		log.Error("config: there are more faults", "more", faults.More, "exit_status", exitConfig)
	}
}

// readable writes durations and errors as people do, and leaves out what says
// nothing.
func readable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case time.Duration:
		a.Value = slog.StringValue(v.String())
	case error:
		a.Value = slog.StringValue(clean(v.Error()))
	case string:
		if v == "" {
			return slog.Attr{}
		}
		a.Value = slog.StringValue(clean(v))
	case time.Time:
		if v.IsZero() {
			return slog.Attr{}
		}
	}
	return a
}

// logOf is outside.log for what a script of a job logs: as much as it may print.
func logOf(l *slog.Logger) func(level, message string, fields map[string]string) {
	var lines atomic.Int64
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	return func(level, message string, fields map[string]string) {
		switch n := lines.Add(1); {
		case n > printedLines+1:
			return
		case n > printedLines:
			l.Warn("script: no more of it is logged", "lines", printedLines)
			return
		}
		args := []any{slog.String("text", message)}
		for name, value := range fields {
			args = append(args, slog.String("script_"+name, value))
		}
		l.Log(context.Background(), levels[level], "script", args...)
	}
}
