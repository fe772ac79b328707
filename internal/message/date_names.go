package message

import "strings"

// zoneName takes a zone by its name; one that is not known is UTC (RFC 5322
// section 4.3).
func (d *dateParser) zoneName(word string) {
	if d.zoned {
		return
	}
	d.zoned = true
	for _, z := range zones {
		if strings.EqualFold(word, z.name) {
			d.offset = z.hours * 3600
		}
	}
}

// zones are RFC 5322's, and those of which there is but one.
var zones = [...]struct {
	name  string
	hours int
}{
	{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7},
	{"CET", 1}, {"CEST", 2}, {"MET", 1}, {"MEST", 2}, {"EET", 2}, {"EEST", 3}, {"MSK", 3}, {"JST", 9},
}

const (
	months = "january february march april may june july august september october november december "
	days   = "monday tuesday wednesday thursday friday saturday sunday "
)

// named finds which of the names a word is, or the beginning of, three letters
// at least; -1 if of none.
func named(word, names string) int {
	if len(word) < 3 {
		return -1
	}
	for i := 0; names != ""; i++ {
		end := strings.IndexByte(names, ' ')
		if len(word) <= end && strings.EqualFold(word, names[:len(word)]) {
			return i
		}
		names = names[end+1:]
	}
	return -1
}
