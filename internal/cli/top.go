package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func (sh *shell) topCommand() *cobra.Command {
	var f catFlags
	cmd := &cobra.Command{
		Use:   "top NUMBER|UIDL [LINES]",
		Short: "Write the header and the first lines of a message",
		Long: `Write a message's header and the first LINES of its body, 10 unless given, to
standard output. A message is named by its number, as popherd ls shows it, or by
its unique-id. On a terminal controls are replaced and line ends adapted, unless
--raw is given. Servers do not take the message for read.`,
		Example: `  popherd top 7 -a work
  popherd top 7 0 -a work       the header alone
  popherd top 000000026b03dd20 -a work`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			lines, err := topLines(args)
			if err != nil {
				return err
			}
			return sh.look(cmd.Context(), &f.mailFlags, true, func(ctx context.Context, m *mail) error {
				return sh.top(ctx, m, args[0], lines, f)
			})
		},
	}
	f.register(cmd)
	return cmd
}

// topLines reads the argument that says how many lines.
func topLines(args []string) (int, error) {
	const hint = "as in popherd top 7, or popherd top 7 20"
	switch len(args) {
	case 0:
		return 0, &usageError{object: "top", reason: "no message is named", hint: hint + "; popherd ls shows their numbers"}
	case 1:
		return 10, nil
	case 2:
		lines, err := strconv.ParseUint(args[1], 10, 31)
		if err != nil {
			return 0, &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "not a number of lines", hint: hint}
		}
		return int(lines), nil
	}
	return 0, &usageError{object: fmt.Sprintf("argument %q", args[2]), reason: "one message at a time", hint: hint}
}

// top writes the start of a message.
func (sh *shell) top(ctx context.Context, m *mail, word string, lines int, f catFlags) error {
	numbers, err := m.find(ctx, []string{word}, f.UniqueIDs)
	if err != nil {
		return err
	}
	text, err := m.Client.Top(ctx, numbers[0], lines)
	if err != nil {
		return err
	}
	return sh.writeMail(text, f.Raw)
}
