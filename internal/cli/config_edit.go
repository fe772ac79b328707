package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/editor"
)

func (sh *shell) configEditCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "edit",
		Short: "Change the configuration in your editor, and check it",
		Long: `Open a copy of the configuration, or of a commented beginning, in $VISUAL or
$EDITOR. When you leave the editor, the copy is checked; it takes the place of
the configuration only if it is right.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return sh.editConfig(cmd.Context()) },
	}
}

func (sh *shell) editConfig(ctx context.Context) error {
	command := cmp.Or(sh.Getenv("VISUAL"), sh.Getenv("EDITOR"))
	path, err := sh.knownConfigPath()
	if err != nil {
		return err
	}
	if command == "" {
		return &usageError{object: "config edit", reason: "neither VISUAL nor EDITOR names an editor", hint: "as in EDITOR=nano popherd config edit; the file is " + path}
	}
	before, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		before, err = config.Template(), os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return &inputError{"config", path, pathReason(err)}
	}
	copied, err := copyFor(path, before)
	if err != nil {
		return &inputError{"config", path, pathReason(err)}
	}
	if err := editor.Edit(ctx, command, copied, editor.Streams{In: sh.Stdin, Out: sh.Stdout, Err: sh.Stderr}); err != nil {
		return withStatus(exitUnavailable, fmt.Errorf("%w; what was written is in %s", err, copied), "")
	}
	return sh.adopt(path, copied, before)
}

// copyFor makes a copy of the configuration to edit, beside it: in other folders
// others could read it.
func copyFor(path string, octets []byte) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "edited-*.toml")
	if err != nil {
		return "", err
	}
	_, err = file.Write(octets)
	return file.Name(), errors.Join(err, file.Close())
}

// adopt puts an edited copy in the configuration's place, if it is right.
func (sh *shell) adopt(path, copied string, before []byte) error {
	after, err := os.ReadFile(copied)
	if err != nil {
		return &inputError{"config", copied, pathReason(err)}
	}
	if string(after) == string(before) {
		os.Remove(copied)
		return sh.say("nothing was changed")
	}
	if _, err := config.Read(copied, config.Options{Getenv: sh.Getenv, Home: sh.Getenv("HOME")}); err != nil {
		sh.complain(err)
		return withStatus(exitConfig, errors.New("the configuration stays as it was"), "what you wrote is in "+copied+": mend it, try popherd config show --config with it, and move it to "+path)
	}
	perm := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		perm = info.Mode().Perm()
	}
	target := path
	if real, err := filepath.EvalSymlinks(path); err == nil { // a link into a repository of dotfiles stays one
		target = real
	}
	err = atomicfile.Write(atomicfile.OS{}, target, ".tmp", perm, func(w io.Writer) error {
		_, err := w.Write(after)
		return err
	})
	if err != nil {
		return &inputError{"config", path, err.Error() + "; what you wrote is in " + copied}
	}
	os.Remove(copied)
	return sh.say("changed %s", path)
}
