// Package state remembers, in one SQLite database of a folder, what popherd
// must not forget between runs: for each account the messages that its server
// listed, where each was delivered, which deletions were wanted and which
// messages are gone, how often in a row one failed; the runs with their plans;
// what was backed up where; the values that scripts keep. It locks an account
// for one process at a time. It knows no server and no target, decides nothing
// about a message, and reads no clock but that of its callers.
//
// A message is the same as before if its unique-id and its octets are, and as
// long as it did not leave the listing meanwhile; in doubt it counts as
// neither delivered nor wanted, and its content decides. See [Account.Observe]
// and [Account.Identify].
//
// The journal of one run, each step one transaction that lasts once it returns:
//
//	account  := store.Account(...)       the lock; runs that were cut off get their outcome
//	run      := account.Begin(...)
//	observed := account.Observe(...)     what is known of the listing, and deletions left to do
//	account.Journal: Delivered ...       after the targets' Sync
//	account.Journal: Plan, BackedUp, Wanted ...  before the first DELE
//	account.Journal: Gone ..., End       after QUIT was answered, or was not
package state
