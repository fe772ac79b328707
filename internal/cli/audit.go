package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/popherd/popherd/internal/policy"
)

// An audit is the file of --audit. The zero value writes nothing.
type audit struct {
	mu   sync.Mutex
	file io.WriteCloser
}

func openAudit(path string) (*audit, error) {
	if path == "" {
		return &audit{}, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &inputError{"audit file", path, pathReason(err)}
	}
	return &audit{file: file}, nil
}

// write appends one request as a line of JSON. A run whose audit cannot be
// kept must not go on.
func (a *audit) write(r policy.Request) error {
	if a.file == nil {
		return nil
	}
	line, err := json.Marshal(struct {
		Time time.Time `json:"time"`
		policy.Request
	}{time.Now().UTC(), r})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.file.Write(append(line, '\n')); err != nil {
		return &outputError{"audit file: " + pathReason(err)}
	}
	return nil
}

// Close closes the file.
func (a *audit) Close() error {
	if a.file == nil {
		return nil
	}
	return a.file.Close()
}

// log tells a person what a script logs: debug only with --verbose, and info
// not with --quiet.
func (sh *shell) log(level, message string, fields map[string]string) {
	if sh.logFormat == logJSON {
		logOf(sh.logger())(level, message, fields)
		return
	}
	if level == "debug" && !sh.verbose || level == "info" && sh.quiet {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", level, clean(message))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fmt.Fprintf(&b, "  %s=%s", clean(name), clean(fields[name]))
	}
	fmt.Fprintln(sh.Stderr, b.String())
}
