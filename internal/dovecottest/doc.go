// Package dovecottest starts a real Dovecot on loopback for a test.
//
// Only tests import it, and the program that measures popherd. What popherd believes about POP3 is held against the
// server most people run: the greeting, CAPA, STLS, APOP, the octets of a
// message and, above all, which files are left in the Maildir afterwards.
//
// Each [Start] makes its own server: own folder, own ports, own certificate,
// own users. Nothing of the machine's configuration is read, the system's
// service is never touched, and everything is gone when the test ends. It
// runs as root (Dovecot's own accounts then do the work, as on a server) and
// as an ordinary user.
//
// The environment variable POPHERD_REAL_SERVERS decides what happens where
// there is no Dovecot 2.3 (or no Linux): unset, the test is skipped with a
// hint; set to 1, as in CI, it fails. The variable is read here with
// [os.Getenv], which code outside tests may not do.
//
// Dovecot keeps a message's octets, with one exception that a test has to
// know: a line that ends with a bare LF is sent with CR LF.
package dovecottest
