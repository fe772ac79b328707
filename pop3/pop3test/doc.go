// Package pop3test tests POP3 clients: it plays the server of a dialogue file
// and reports the first departure of the client from it. It knows no client;
// any that takes a net.Conn, a dialer or an address can be tested.
//
// A dialogue is text, one step a line:
//
//	# RFC 1939's own example, shortened
//	S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
//	C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
//	S: +OK mrose's maildrop has 2 messages (320 octets)
//	C: QUIT
//	S: +OK bye
//
// Empty lines, and lines that start with "#", are skipped, and so is what
// indents a line. The others are:
//
//	S: TEXT          send TEXT and CR LF
//	octets TEXT      send TEXT as it is
//	text N           send the N octets of Message(N) as a text: dot-stuffed,
//	                 with its end
//	C: TEXT          the client must send exactly TEXT and CR LF
//	together         what follows, to "end", goes out in one write; it may
//	end              hold steps that send only
//	repeat N SEND    SEND (one of the first three) N times
//	repeat forever SEND
//	                 until the client closes the connection
//	drip SEND        one octet in each write
//	drip 1s SEND     one octet a second
//	after 1s         wait; meant for a bubble of testing/synctest
//	tls KIND         TLS handshake with a certificate of that Kind; a client
//	                 that refuses a "good" one, or takes another, departs
//	close            close the connection, with TLS's goodbye if it has TLS
//	cut              close it without
//	stall            send nothing more, and drop what comes, until the client
//	                 closes the connection
//	eof              the client must close the connection and send nothing
//	                 before; every dialogue ends with this unless it ends with
//	                 close, cut or stall
//	== NAME          a new dialogue, called NAME, starts here
//	name: VALUE      a note for the test, in lower case; it is not played
//
// In TEXT \r, \n, \t, \\ and \xNN are octets. In the TEXT of "C:", \* is a
// variable part: any octets within the line.
//
// What the client receives in one read is at most what was sent in one write,
// if it is connected by Start or a Dialer. Both work within a bubble of
// testing/synctest, where the waits of timeouts take no time.
package pop3test
