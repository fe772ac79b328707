package serverinfo

import (
	"context"
	"fmt"

	"github.com/popherd/popherd/pop3"
)

// look sees the maildrop of a session that is logged in. It returns its
// unique-ids.
func (r *Result) look(ctx context.Context, c *pop3.Client, messages int) ([]pop3.UniqueID, error) {
	stat, err := c.Stat(ctx)
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	r.Maildrop = &Maildrop{Count: stat.Count, Octets: stat.Octets}
	scans, err := c.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	ids, err := c.UIDL(ctx)
	if err != nil && !refused(err) {
		return nil, fmt.Errorf("list unique-ids: %w", err)
	}
	if err == nil {
		r.Maildrop.UniqueIDs = survey(scans, ids)
	}
	r.Maildrop.Top, err = topSome(ctx, c, spread(scans, messages))
	return ids, err
}

// survey looks at the form of unique-ids.
func survey(scans []pop3.ScanListing, ids []pop3.UniqueID) *UniqueIDs {
	u := &UniqueIDs{Listed: len(ids), Stable: Unknown}
	seen := make(map[string]bool, len(ids))
	have := make(map[int]bool, len(ids))
	for _, id := range ids {
		if id.ID == "" {
			continue // Missing counts it
		}
		have[id.Number] = true
		if seen[id.ID] {
			u.Repeated++
		}
		seen[id.ID] = true
		if !wellFormed(id.ID) {
			u.Malformed++
		}
		u.Longest = max(u.Longest, len(id.ID))
	}
	for _, scan := range scans {
		if !have[scan.Number] {
			u.Missing++
		}
	}
	return u
}

// wellFormed reports whether a unique-id has only the octets of RFC 1939 §7.
func wellFormed(id string) bool {
	for i := range len(id) {
		if id[i] < '!' || id[i] > '~' {
			return false
		}
	}
	return id != ""
}

// compare notes how many unique-ids were there again. New mail does not count;
// numbers may change when a message is removed.
func (u *UniqueIDs) compare(before, again []pop3.UniqueID) {
	later := make(map[string]bool, len(again))
	for _, id := range again {
		later[id.ID] = true
	}
	kept := 0
	for _, id := range before {
		if later[id.ID] {
			kept++
		}
	}
	switch kept {
	case len(before):
		u.Stable = Stable
	case 0:
		u.Stable = Lost
	default:
		u.Stable = Changed
	}
}

// spread picks n messages, from the first to the last.
func spread(scans []pop3.ScanListing, n int) []pop3.ScanListing {
	if len(scans) <= n {
		return scans
	}
	var some []pop3.ScanListing
	for i := range n {
		some = append(some, scans[i*(len(scans)-1)/max(n-1, 1)])
	}
	return some
}
