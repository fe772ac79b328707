package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// An OpenError is an account whose server could not be reached, or that could
// not be logged in to. What it advises is worded for the configuration.
type OpenError struct {
	Account string // its name
	Err     error  // a *DialError, or what the login failed with

	account config.Account
}

// openError says whose an error is; an interruption is nobody's.
func openError(a config.Account, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return &OpenError{Account: a.Name, Err: err, account: a}
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("account %s: %s", e.Account, strings.ReplaceAll(e.Err.Error(), "pop3: ", ""))
}

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }

// As makes the error object that scripts see, which for a refusal has the
// server's line alone, one that names the account, too.
func (e *OpenError) As(target any) bool {
	object, ok := target.(**luabind.Error)
	if !ok {
		return false
	}
	o := luabind.CallError("account", e.account.Host, e.Err)
	o.Message = "account " + e.Account + ": " + o.Message
	o.Err = e
	*object = o
	return true
}

// Hint says what to do about it.
func (e *OpenError) Hint() string {
	if dial := (*DialError)(nil); errors.As(e.Err, &dial) {
		return e.dialHint(dial.Err)
	}
	return e.loginHint()
}

// dialHint is for a session that did not come about.
func (e *OpenError) dialHint(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(*FingerprintError)):
		return "either the certificate was renewed, or somebody stands between: change fingerprint only when the server's owner confirms the one that it has now"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "if you know who signed the certificate, name that CA's file in ca_file"
	case errors.As(err, new(x509.HostnameError)):
		return "set host, or server_name, to a name that is in the certificate"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "see whether this machine's clock is right; if it is, the server's owner must renew the certificate"
	}
	if hint := e.modeHint(err); hint != "" {
		return hint
	}
	if temporary(err) {
		return "try again later; --connect-timeout and --command-timeout say how long is waited"
	}
	return "see whether host, port and tls are right, and whether something on the way blocks the port"
}

// modeHint is for a port that has TLS in another way than the account says.
func (e *OpenError) modeHint(err error) string {
	refused := (*pop3.Error)(nil)
	switch {
	case errors.As(err, new(tls.RecordHeaderError)):
		return fmt.Sprintf("port %d does not speak TLS from the first octet: set tls = \"starttls\", or port = %d", e.account.Port, pop3.TLSPort)
	case errors.Is(err, pop3.ErrNoSTLS), errors.As(err, &refused) && refused.Command == "STLS":
		return fmt.Sprintf("set tls = \"implicit\" and the port that has it, as port = %d", pop3.TLSPort)
	case e.account.TLS != config.Implicit && noGreeting(err):
		return fmt.Sprintf("if port %d speaks TLS from the first octet, as %d does, set tls = \"implicit\"", e.account.Port, pop3.TLSPort)
	}
	return ""
}

// noGreeting reports whether a connection came about and no greeting did.
func noGreeting(err error) bool {
	var garbled *pop3.ProtocolError
	var late *pop3.TimeoutError
	return errors.As(err, &garbled) && garbled.Command == "greeting" || errors.As(err, &late) && late.Op != "connect"
}

// loginHint is for a login that failed.
func (e *OpenError) loginHint() string {
	var hinted interface{ Hint() string }
	if errors.As(e.Err, &hinted) && hinted.Hint() != "" {
		return hinted.Hint()
	}
	refused := (*pop3.Error)(nil)
	switch {
	case errors.As(e.Err, &refused) && refused.Code == pop3.CodeInUse:
		return "another session has the maildrop open: try again when it has ended"
	case temporary(e.Err):
		return "try again later; --command-timeout says how long is waited"
	case refused != nil:
		return "see whether user and password are right; some providers want an app password, or that POP is turned on, or another auth"
	}
	return ""
}

// temporary reports whether another time may do.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// A FingerprintError is a server whose certificate is another than the account
// names.
type FingerprintError struct{ Err error }

// Error implements error.
func (e *FingerprintError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FingerprintError) Unwrap() error { return e.Err }

// An AccountFileError is a file of an account that is not what it should be.
type AccountFileError struct {
	Account string // its name
	Key     string // of the configuration: "ca_file"
	Path    string
	Reason  string
	Err     error // why it cannot be read; nil if it can
}

// Error implements error.
func (e *AccountFileError) Error() string {
	return fmt.Sprintf("account %s: %s %s: %s", e.Account, e.Key, e.Path, e.Reason)
}

// Unwrap returns the cause, or nil.
func (e *AccountFileError) Unwrap() error { return e.Err }

// Kind is "tls", under which scripts know it.
func (e *AccountFileError) Kind() string { return luabind.KindTLS }

// Hint says what to do.
func (e *AccountFileError) Hint() string {
	if e.Err == nil {
		return "name another file, in PEM: -----BEGIN ..."
	}
	return "see whether the path is right, and the user who runs popherd can read it"
}

// cause is an error of the network or of files without the address or the path,
// which is said before.
func cause(err error) error {
	for {
		var named *net.OpError
		var call *os.SyscallError
		var unknown *net.DNSError
		var file *fs.PathError
		switch {
		case errors.As(err, &file):
			err = file.Err
		case errors.As(err, &named):
			err = named.Err
		case errors.As(err, &call) && errors.As(call.Err, new(syscall.Errno)):
			err = call.Err
		case errors.As(err, &unknown):
			return &lookupError{unknown}
		default:
			return err
		}
	}
}

// lookupError is a name that has no address, without the name.
type lookupError struct{ *net.DNSError }

func (e *lookupError) Error() string { return e.Err }
func (e *lookupError) Unwrap() error { return e.DNSError }
