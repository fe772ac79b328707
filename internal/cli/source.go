package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/scripts"
)

// inputError is a file that a command needs and cannot read.
type inputError struct {
	what, path, reason string
}

func (e *inputError) Error() string { return fmt.Sprintf("%s %q: %s", e.what, e.path, e.reason) }

// readScript reads the script at path, or the embedded one of an @name.
func readScript(path string) ([]byte, error) {
	if name, ok := strings.CutPrefix(path, "@"); ok {
		return embedded(name)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, scriptError(path, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, &inputError{"script", path, "is a folder; name a .lua file"}
	}
	source, err := io.ReadAll(io.LimitReader(file, script.MaxSource+1))
	if err != nil {
		return nil, scriptError(path, err)
	}
	return source, nil
}

func scriptError(path string, err error) error {
	reason := pathReason(err)
	if errors.Is(err, fs.ErrNotExist) {
		reason = "there is no such file; check the path"
	}
	return &inputError{"script", path, reason}
}

// pathReason is a file error without the path, which is said already.
func pathReason(err error) string {
	if onPath := (*fs.PathError)(nil); errors.As(err, &onPath) {
		return onPath.Err.Error()
	}
	return err.Error()
}

// embedded returns a script that popherd ships.
func embedded(name string) ([]byte, error) {
	var names []string
	longer := "" // a name that begins like it
	for _, s := range scripts.All() {
		if s.Name == name {
			return s.Source, nil
		}
		if strings.HasPrefix(s.Name, name) {
			longer = s.Name
		}
		names = append(names, s.Name)
	}
	e := &usageError{object: "script @" + name, reason: "popherd ships no such script", hint: "popherd run @list shows those that there are"}
	if similar := cmp.Or(luabind.Suggest(name, names), longer); similar != "" {
		e.hint = "did you mean @" + similar + "?"
	}
	return nil, e
}

// listScripts shows the scripts that popherd ships, with their arguments.
func (sh *shell) listScripts() error {
	var b strings.Builder
	width := 0
	for _, s := range scripts.All() {
		width = max(width, len(s.Usage))
	}
	for _, s := range scripts.All() {
		fmt.Fprintf(&b, "@%-*s  %s\n", width, s.Usage, s.Summary)
	}
	b.WriteString("\nArguments come after --, as in: popherd run @older-than --maildrop inbox.mbox -- 30\n")
	_, err := io.WriteString(sh.Stdout, b.String())
	return err
}
