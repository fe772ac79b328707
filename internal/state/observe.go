package state

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Key stands for one message of an account, for ever. 0 is none.
type Key int64

// Listed is one message of a listing.
type Listed struct {
	UniqueID string // as the server has it; empty where it has no UIDL
	Octets   int64  // as LIST has it
}

// Known is what is known of a listed message.
type Known struct {
	// Key is 0 for a message whose unique-id does not tell it from others: one
	// without, or with one that is listed twice, longer than the 70 octets of
	// RFC 1939, or not printable. [Account.Identify] finds it by its content;
	// without, nothing is known of it.
	Key Key

	// New means that no run that committed has dealt with it yet.
	New bool

	// Doubtful means that it was delivered, then gone, and is back: a listing
	// that was not whole, or another message under a unique-id used again.
	// [Account.Identify] decides; until then it counts as not delivered.
	Doubtful bool

	// Comparable means that the content is known, so that [Account.Identify]
	// can tell the message from another that has its unique-id and octets.
	Comparable bool

	firstSeen int64
	past      *past // nil for most
}

// past is shared by all messages that have the same.
type past struct {
	doubtful   bool
	comparable bool
	wanted     RunID
	failures   int
	delivered  string // places of targets, a line end after each; names in what earlier versions wrote
}

// FirstSeen returns when the message was first listed; zero without a key. A
// clock that jumped back does not make it older than the run before.
func (k Known) FirstSeen() time.Time {
	if k.Key == 0 {
		return time.Time{}
	}
	return time.UnixMilli(k.firstSeen)
}

// Delivered reports whether the message has been delivered to the target at a
// place, as [Journal.Delivered] was told it.
func (k Known) Delivered(place string) bool {
	return k.past != nil && !k.Doubtful && strings.Contains("\n"+k.past.delivered, "\n"+place+"\n")
}

// Targets returns the places of the targets that it was delivered to.
func (k Known) Targets() []string {
	if k.past == nil || k.Doubtful || k.past.delivered == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(k.past.delivered, "\n"), "\n")
}

// Wanted returns the earlier run that wanted the message deleted, and of which
// nobody knows whether it is done, though the message is still there: it is to
// be deleted now. 0 if there is none.
func (k Known) Wanted() RunID {
	if k.past == nil {
		return 0
	}
	return k.past.wanted
}

// Failures returns in how many runs in a row the message failed.
func (k Known) Failures() int {
	if k.past == nil {
		return 0
	}
	return k.past.failures
}

// Unsettled is what the listing tells of the deletions of an earlier run whose
// outcome is not known.
type Unsettled struct {
	Run  RunID
	Gone int // messages that are deleted
	Left int // messages that are still there: see [Known.Wanted]
}

// Observed is what is known of a listing.
type Observed struct {
	Known     []Known // in the order of the listing
	Gone      int     // messages that were listed before, and no longer are
	Unsettled []Unsettled
}

// Observe brings what is known up to a listing, which must be whole, and says
// what is known of each message. Called again with the same listing, after a
// crash or not, it changes nothing more.
//
// A message that is no longer listed is gone: deleted, if that was wanted. One
// that is listed with other octets than before is another one, and a new one.
// Of two that share a unique-id none has a key.
func (a *Account) Observe(ctx context.Context, now time.Time, listing []Listed) (*Observed, error) {
	o := &observer{
		account:   a,
		listing:   listing,
		known:     make([]Known, len(listing)),
		unsettled: map[RunID]*Unsettled{},
		seen:      max(now.UnixMilli(), a.previous),
	}
	o.sort()
	// Nobody else writes what is the account's: it is locked.
	if err := o.compare(ctx); err != nil {
		return nil, a.store.explain(err)
	}
	if len(o.gone) > 0 || len(o.fresh) > 0 {
		err := a.store.write(ctx, func(tx *sql.Tx) error { return o.record(ctx, tx, now) })
		if err != nil {
			return nil, err
		}
	}
	done := &Observed{Known: o.known, Gone: len(o.gone)}
	for _, u := range o.unsettled {
		done.Unsettled = append(done.Unsettled, *u)
	}
	slices.SortFunc(done.Unsettled, func(x, y Unsettled) int { return cmp.Compare(x.Run, y.Run) })
	return done, nil
}

// An observer compares a listing with the journal. It is sparing with memory:
// a listing may have 100,000 messages.
type observer struct {
	account   *Account
	listing   []Listed
	sorted    []int32 // places in the listing, by unique-id; only those that have a good one
	unknown   int     // how many have none
	known     []Known
	fresh     []int32 // places in the listing that the journal does not have
	gone      []int64 // ids of messages
	unsettled map[RunID]*Unsettled
	seen      int64 // what a new message is first seen at
	passed    int64 // messages up to this id are not new
}

// maxUniqueID is the longest unique-id by RFC 1939 section 7.
const maxUniqueID = 70

// usable reports whether a unique-id is one by RFC 1939: 1 to 70 printable
// octets, no space.
func usable(uid string) bool {
	for i := range len(uid) {
		if uid[i] < 0x21 || uid[i] > 0x7e {
			return false
		}
	}
	return uid != "" && len(uid) <= maxUniqueID
}

// sort finds the messages that a unique-id tells from all others.
func (o *observer) sort() {
	o.sorted = make([]int32, 0, len(o.listing))
	for i, m := range o.listing {
		if usable(m.UniqueID) {
			o.sorted = append(o.sorted, int32(i))
		}
	}
	uid := func(place int32) string { return o.listing[place].UniqueID }
	byUID := func(x, y int32) int { return cmp.Or(strings.Compare(uid(x), uid(y)), cmp.Compare(x, y)) }
	if !slices.IsSortedFunc(o.sorted, byUID) {
		slices.SortFunc(o.sorted, byUID)
	}
	single := o.sorted[:0]
	for i := 0; i < len(o.sorted); {
		end := i + 1
		for end < len(o.sorted) && uid(o.sorted[i]) == uid(o.sorted[end]) {
			end++
		}
		if end == i+1 {
			single = append(single, o.sorted[i])
		}
		i = end
	}
	o.sorted = single
	o.unknown = len(o.listing) - len(single)
}

// find returns the place of a unique-id in the listing, or -1. Most listings
// come in the order of the journal, so that guess is right.
func (o *observer) find(uid []byte, guess int) int {
	if guess < len(o.listing) && o.listing[guess].UniqueID == string(uid) && o.unknown == 0 {
		return guess
	}
	i, ok := slices.BinarySearchFunc(o.sorted, uid, func(place int32, uid []byte) int {
		return strings.Compare(o.listing[place].UniqueID, string(uid))
	})
	if !ok {
		return -1
	}
	return int(o.sorted[i])
}

// compare goes through the messages that were listed last time.
func (o *observer) compare(ctx context.Context) error {
	db, id := o.account.store.db, o.account.id
	if err := db.QueryRowContext(ctx, "SELECT seen FROM account WHERE id = ?", id).Scan(&o.passed); err != nil {
		return err
	}
	// A column costs as much as a row does: what most messages do not have is
	// one, and NULL. The index has the rows in the order of their ids.
	rows, err := db.QueryContext(ctx, `SELECT id, uid, octets, checksum, first_seen,
		iif(doubtful OR digest IS NOT NULL OR wanted IS NOT NULL OR failures OR delivered <> '',
			concat(doubtful, ' ', digest IS NOT NULL, ' ', coalesce(wanted, 0), ' ', failures, ' ', delivered), NULL)
		FROM message WHERE account = ? AND gone IS NULL ORDER BY id`, id)
	if err != nil {
		return err
	}
	defer rows.Close()
	guess := 0
	pasts := map[string]*past{}
	for rows.Next() {
		var k Known
		var uid, text sql.RawBytes
		var octets, sum int64
		if err := rows.Scan(&k.Key, &uid, &octets, &sum, &k.firstSeen, &text); err != nil {
			return o.damaged("a row of messages: %w", err)
		}
		if sum != checksum(uid, octets) {
			return o.damaged("message %d: the checksum is wrong", k.Key)
		}
		if text != nil && pasts[string(text)] == nil {
			if pasts[string(text)], err = parsePast(string(text)); err != nil {
				return o.damaged("message %d: %w", k.Key, err)
			}
		}
		if err := o.match(k, uid, octets, pasts[string(text)], &guess); err != nil {
			return err
		}
	}
	for _, place := range o.sorted {
		if o.known[place].Key == 0 {
			o.fresh = append(o.fresh, place)
		}
	}
	slices.Sort(o.fresh) // so that they come in the listing's order next time
	return rows.Err()
}

// parsePast reads what compare's query makes of a message's past.
func parsePast(text string) (*past, error) {
	words := strings.SplitN(text, " ", 5)
	if len(words) < 5 {
		return nil, fmt.Errorf("past %q", text)
	}
	wanted, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return nil, err
	}
	failures, err := strconv.Atoi(words[3])
	return &past{words[0] == "1", words[1] == "1", RunID(wanted), failures, words[4]}, err
}

// match looks for a message of the journal in the listing, first at a guess.
func (o *observer) match(k Known, uid []byte, octets int64, p *past, guess *int) error {
	place := -1
	if uid != nil {
		place = o.find(uid, *guess)
		*guess = place + 1
	} else if o.unknown > 0 {
		return nil // it may be any of them
	}
	if place >= 0 && o.known[place].Key != 0 {
		return o.damaged("messages %d and %d are one", o.known[place].Key, k.Key)
	}
	k.past = p
	k.Doubtful, k.Comparable = p != nil && p.doubtful, p != nil && p.comparable
	k.New = int64(k.Key) > o.passed || k.Failures() > 0
	here := place >= 0 && o.listing[place].Octets == octets
	o.settle(k.Wanted(), here)
	if here {
		o.known[place] = k
	} else {
		o.gone = append(o.gone, int64(k.Key))
	}
	return nil
}

// checksum is CRC-32 of what tells a message from others.
func checksum(uid []byte, octets int64) int64 {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(octets))
	return int64(crc32.Update(crc32.ChecksumIEEE(uid), crc32.IEEETable, size[:]))
}

func (o *observer) damaged(format string, args ...any) error {
	return &DamagedError{File: o.account.store.file, Err: fmt.Errorf(format, args...)}
}

// settle counts a message whose deletion was wanted.
func (o *observer) settle(run RunID, here bool) {
	if run == 0 {
		return
	}
	u := o.unsettled[run]
	if u == nil {
		u = &Unsettled{Run: run}
		o.unsettled[run] = u
	}
	if here {
		u.Left++
	} else {
		u.Gone++
	}
}

// record writes what changed.
func (o *observer) record(ctx context.Context, tx *sql.Tx, now time.Time) error {
	id := o.account.id
	var returns bool
	err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM message WHERE account = ? AND gone IS NOT NULL)", id).Scan(&returns)
	if err != nil {
		return err
	}
	for _, key := range o.gone {
		if _, err := tx.ExecContext(ctx, "UPDATE message SET gone = ?, wanted = NULL, failures = 0 WHERE id = ?", now.UnixMilli(), key); err != nil {
			return err
		}
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO message (account, uid, octets, checksum, first_seen) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, place := range o.fresh {
		m := o.listing[place]
		if returns {
			back, err := o.back(ctx, tx, m)
			if err != nil {
				return err
			}
			if back.Key != 0 {
				o.known[place] = back
				continue
			}
		}
		done, err := insert.ExecContext(ctx, id, m.UniqueID, m.Octets, checksum([]byte(m.UniqueID), m.Octets), o.seen)
		if err != nil {
			return err
		}
		key, err := done.LastInsertId()
		if err != nil {
			return err
		}
		o.known[place] = Known{Key: Key(key), New: true, firstSeen: o.seen}
	}
	return nil
}

// back looks for a message among those that were gone before this listing.
func (o *observer) back(ctx context.Context, tx *sql.Tx, m Listed) (k Known, err error) {
	// In doubt the latest: if that is wrong, its digest will tell.
	err = tx.QueryRowContext(ctx, `UPDATE message SET gone = NULL, doubtful = delivered <> ''
		WHERE id = (SELECT max(id) FROM message WHERE account = ? AND uid = ? AND octets = ? AND gone IS NOT NULL)
		RETURNING id, doubtful, digest IS NOT NULL, first_seen`, o.account.id, m.UniqueID, m.Octets).Scan(&k.Key, &k.Doubtful, &k.Comparable, &k.firstSeen)
	if errors.Is(err, sql.ErrNoRows) {
		return Known{}, nil
	}
	k.New = int64(k.Key) > o.passed
	return k, err
}
