package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

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
	begin := before
	if errors.Is(err, fs.ErrNotExist) {
		begin, err = config.Template(), os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return &inputError{"config", path, pathReason(err)}
	}
	copied, err := copyFor(path, begin)
	if err != nil {
		return &inputError{"config", path, pathReason(err)}
	}
	for {
		// Ctrl-C in an editor is the editor's.
		err := editor.Edit(context.WithoutCancel(ctx), command, copied, editor.Streams{In: sh.Stdin, Out: sh.Stdout, Err: sh.Stderr})
		if err == nil {
			err = sh.adopt(path, copied, before, begin)
		}
		if err == nil {
			return nil
		}
		again, told := sh.editAgain(ctx, err)
		if !again {
			return sh.kept(err, told, copied, begin)
		}
	}
}

// editAgain asks whether to mend what is wrong, where there is somebody to ask,
// and says whether it told what that is.
func (sh *shell) editAgain(ctx context.Context, err error) (again, told bool) {
	if !errors.As(err, new(*config.Errors)) || !isTerminal(sh.Stdin) {
		return false, false
	}
	d, missing := sh.newDialog(ctx)
	if missing != nil {
		return false, false
	}
	sh.complain(err)
	again, left := d.confirm("Edit it again", true)
	return again && left == nil, true
}

// kept says where an edited copy is that did not become the configuration. One
// that was not changed goes.
func (sh *shell) kept(err error, told bool, copied string, begin []byte) error {
	after, unread := os.ReadFile(copied)
	same := unread == nil && bytes.Equal(after, begin)
	if same {
		os.Remove(copied)
	}
	switch {
	case unread != nil, same:
		return withStatus(exitNoInput, fmt.Errorf("%w; nothing was changed", err), "VISUAL and EDITOR name the editor")
	}
	if errors.Is(err, config.ErrChanged) {
		return withStatus(exitTryAgain, err, "what you wrote is in "+copied+": see what is new, and edit again")
	}
	if !told {
		sh.complain(err)
	}
	return withStatus(exitConfig, errors.New("the configuration stays as it was"), "what you wrote is in "+copied+": mend it, try popherd config show --config with it, and move it in its place")
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

// adopt puts an edited copy, which began with begin, in the configuration's
// place, if it is right and that is still as it was before.
func (sh *shell) adopt(path, copied string, before, begin []byte) error {
	after, err := os.ReadFile(copied)
	if err != nil {
		return &inputError{"config", copied, pathReason(err)}
	}
	if bytes.Equal(after, begin) {
		os.Remove(copied)
		return sh.say("nothing was changed")
	}
	if err := config.Replace(path, before, after, config.Options{Getenv: sh.Getenv, Home: sh.Getenv("HOME")}); err != nil {
		return err
	}
	os.Remove(copied)
	return sh.say("changed %s", path)
}
