// Package logintest starts a POP3 server on loopback that takes every login
// popherd knows, over TLS of an authority of its own, and that misbehaves as
// told. Only tests import it.
package logintest
