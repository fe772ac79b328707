// Package pop3 is a POP3 client: RFC 1939 with the extension mechanism of RFC
// 2449, STLS (RFC 2595, RFC 8314), response codes (RFC 3206), AUTH (RFC 5034)
// and UTF8 and LANG (RFC 6856). It uses the standard library alone.
//
// Dial, DialTLS and DialSTLS connect; a Client then has a method for each
// command. Every call that waits takes a context and runs under a timeout of
// Options, so that every wait ends on any server. What a server sends is
// bounded before it is stored, and message octets are kept exactly.
//
// A refusal ("-ERR") is an *Error and leaves the session usable. Any other
// fault, such as a timeout, a malformed reply or a reply that nobody asked
// for, leaves the stream out of step: the client closes the connection, and
// every later call returns ErrBroken. Since POP3 commits deletions only at
// QUIT, a dropped session deletes nothing.
//
// The package never retries, follows no referral and does not parse messages.
// A Client is for one goroutine at a time; Close alone may be called from any.
package pop3
