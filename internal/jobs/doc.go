// Package jobs runs jobs on time, on one machine or many: it computes their
// fires, makes one run of each for every account, has them worked by River's
// workers on SQLite or PostgreSQL, and remembers what became of them. What a
// run does is its Performer's business; it knows no mail, script or server.
//
// Each process computes every fire; the database has each only once, so that
// no leader is needed for it. River's queue says that there is something to
// work, at least once; what is true stands in our own tables (schema), and each
// change of it is one transaction:
//
//	fire     the fire is noted, with a run for each account of the job
//	queue    runs that are due get a job of River's, whose id is their ticket
//	begin    the ticket is given up for the maildrop's lease; the run is running
//	finish   the result is noted, or the next attempt; the lease is given back
//
// So a process may be killed anywhere. Before a transaction nothing happened;
// after it, what remains is found by whoever looks next: a fire is computed
// again, and noted already; a run that waits is queued by anybody; one whose
// ticket went lost gets another, and the old one opens nothing; one that was
// running with the process that died runs again (at least once: what it did to
// mail is its Performer's to find out, from the journal of that account).
//
// A person's runs may be worked without any process that does all this: see
// [Engine.Perform]. It begins them by their numbers, and keeps to the rest.
//
// # Leases
//
// One maildrop is worked by one run at a time, by whatever names accounts mean
// it. Who begins a run takes the maildrop's lease; it belongs to a session of that process, a row in
// popherd_node whose number it raises some times a lease. No clock is asked,
// since clocks jump and machines sleep: a session has died once another process
// saw the same number too often in a row. A process that cannot raise its number
// ends its runs before that. One that was stopped for longer than a lease
// (SIGSTOP) and goes on is told so at its next raise, and what its runs report is
// not taken; in between only the server's own lock of the maildrop stands.
//
// A server that wants time between logins (LOGIN-DELAY) has a row beside: until
// then no run takes the lease, and what comes waits.
//
// # Clocks
//
// Times are kept as microseconds of Unix time. A clock that goes back makes no
// fire run twice, for the fires of [fireMemory] are remembered; one that jumps
// ahead is time that was missed, for which [schedule.Missed] decides.
package jobs
