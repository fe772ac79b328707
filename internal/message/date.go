package message

import (
	"fmt"
	"strings"
	"time"
)

// maxDate bounds the text of a date; RFC 5322's have some 40 octets, and a
// comment behind.
const maxDate = 200

// ParseDate reads the date of a header field: RFC 5322's form, obsolete forms
// and comments included, or another that is found in mail: RFC 850, asctime,
// date(1), ISO 8601, names of days and months in full, twelve hours with AM
// and PM. The parts are known by what they look like, and may be in any order
// that is not ambiguous. One without a zone, or with a zone that nobody knows,
// is read as UTC. The offset of the zone is kept. There are no dates before the
// year 1900 (RFC 5322 section 3.3).
func ParseDate(value string) (time.Time, error) {
	value = strings.TrimSpace(value)
	d := dateParser{text: value, year: -1, hour: -1}
	if d.parse() {
		if t, ok := d.time(); ok {
			return t, nil
		}
	}
	if len(value) > maxDate {
		return time.Time{}, fmt.Errorf("date is longer than %d octets", maxDate)
	}
	return time.Time{}, fmt.Errorf("date %q is in no form that is known", value)
}
