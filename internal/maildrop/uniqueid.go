package maildrop

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// maxUniqueID is RFC 1939 §7's limit, in octets.
const maxUniqueID = 70

// uniqueIDs hands out unique-ids, no two of them equal.
type uniqueIDs struct {
	given map[string]bool
	next  map[string]int // the count behind the last of a name
}

func newUniqueIDs(size int) *uniqueIDs {
	return &uniqueIDs{given: make(map[string]bool, size), next: map[string]int{}}
}

// of returns name where POP3 can carry it and nobody has it yet, else
// something that depends on name and on how often it came.
func (u *uniqueIDs) of(name string) string {
	base := name
	if !carried(name) {
		base = hashed(name)
	}
	id := base
	for n := max(u.next[base], 2); u.given[id]; n++ {
		id = fmt.Sprintf("%s.%d", base, n)
		if len(id) > maxUniqueID {
			id = fmt.Sprintf("%s.%d", hashed(base), n)
		}
		u.next[base] = n + 1
	}
	u.given[id] = true
	return id
}

// carried reports whether POP3 can carry id: 1 to 70 octets of 0x21 to 0x7E.
func carried(id string) bool {
	outside := func(c rune) bool { return c < 0x21 || c > 0x7E }
	return id != "" && len(id) <= maxUniqueID && strings.IndexFunc(id, outside) < 0
}

func hashed(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("h.%x", sum[:16])
}
