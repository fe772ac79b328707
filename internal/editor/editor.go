// Package editor has a person change a text in the editor of their choice.
package editor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Streams are the terminal that the editor is used on.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Edit runs an editor on a file and returns once the person has left it. command
// is the value of VISUAL or EDITOR: a program and its arguments, separated by
// blanks, run without a shell. A context that ends kills the editor.
func Edit(ctx context.Context, command, path string, s Streams) error {
	argv := append(strings.Fields(command), path)
	if len(argv) == 1 {
		return errors.New("editor: none is named")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.In, s.Out, s.Err
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("editor %q: %w", argv[0], err)
	}
	return nil
}
