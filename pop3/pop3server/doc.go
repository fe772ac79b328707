// Package pop3server is a POP3 server over mail that a Session gives: RFC 1939
// with the extension mechanism of RFC 2449 (CAPA, PIPELINING, response codes),
// STLS (RFC 2595), RFC 3206, AUTH PLAIN (RFC 5034) and UTF8 and LANG (RFC
// 6856). It uses the standard library alone.
//
// A Server speaks the protocol and bounds what a client can make it hold or
// wait for; a Session is one connection's mail, and knows nothing of the
// protocol. Messages are streamed: memory does not grow with their size.
// Marked messages are removed by one call of Session.Update, at QUIT after
// login; every other end of a connection removes nothing.
//
// Memory is a Session source for tests.
package pop3server
