// Package login logs in to a POP3 server by one chosen method: a command of
// RFC 1939 or a SASL mechanism. What was chosen is used or the login fails;
// nothing is ever tried again in a weaker way. It opens no connection, and
// finds no secret.
package login
