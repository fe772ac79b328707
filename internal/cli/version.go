package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (sh *shell) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(sh.Stdout, versionLine())
			return err
		},
	}
}

// versionLine is what the go command knew when it built the program.
func versionLine() string {
	version := "unknown"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	return fmt.Sprintf("popherd %s %s/%s %s", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
