package cli

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/host"
)

func (sh *shell) serveCommand() *cobra.Command {
	var o host.ServeOptions
	cmd := &cobra.Command{
		Use:   "serve SRC",
		Short: "Serve local mail to any POP3 client on this machine",
		Long: `Serve local mail over POP3: an mbox, a Maildir, or a folder of .eml files. Any
user and any password open it, so that it listens on loopback addresses alone.
SRC is never changed: deletions last as long as the command.

The certificate for STLS and TLS is made anew at each start; --ca-out writes
what clients need to verify it. --verbose tells of logins and ends. Ctrl-C ends
the command.`,
		Example: `  popherd serve inbox.mbox
  popherd serve ~/Maildir --listen 127.0.0.1:1110 --listen-tls 127.0.0.1:1995 --ca-out ca.pem`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{object: "serve", reason: "it takes one SRC", hint: "as in popherd serve inbox.mbox"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			o.Maildrop = args[0]
			o.Ready = sh.serving
			if sh.verbose || sh.trace {
				o.Logger = slog.New(slog.NewTextHandler(sh.Stderr, nil))
			}
			return host.Serve(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:0", "loopback `HOST:PORT` for POP3 with STLS; port 0 is any free one")
	cmd.Flags().StringVar(&o.ListenTLS, "listen-tls", "", "loopback `HOST:PORT` for POP3 over TLS too")
	cmd.Flags().StringVar(&o.CAFile, "ca-out", "", "write the CA certificate of this run to `FILE`")
	return cmd
}

// serving tells where the maildrop is: on standard output, since scripts read it.
func (sh *shell) serving(count int, plain, secure string) {
	fmt.Fprintf(sh.Stdout, "pop3://%s\n", plain)
	if secure != "" {
		fmt.Fprintf(sh.Stdout, "pop3s://%s\n", secure)
	}
	if !sh.quiet {
		fmt.Fprintf(sh.Stderr, "serving %s; any user and password; Ctrl-C ends it\n", messages(count))
	}
}
