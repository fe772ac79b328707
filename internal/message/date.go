package message

import (
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// otherDates are forms of dates that mail has beside RFC 5322's. One without a
// zone is read as UTC.
var otherDates = [...]string{
	"Mon, 2 Jan 2006 15:04:05",
	"2 Jan 2006 15:04:05",
	"Monday, 2 Jan 2006 15:04:05 -0700",
	"Monday, 2-Jan-06 15:04:05 MST", // RFC 850
	"Mon Jan _2 15:04:05 2006",      // asctime
	"Mon Jan _2 15:04:05 MST 2006",  // date(1)
	"2006-01-02T15:04:05Z07:00",     // ISO 8601
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05",
	"2006-01-02",
}

// maxDate bounds the text of a date; RFC 5322's have some 40 octets, and a
// comment behind.
const maxDate = 200

// ParseDate reads the date of a header field: RFC 5322's form, obsolete forms
// and comments included, or one of the others that are found in mail.
func ParseDate(value string) (time.Time, error) {
	value = strings.TrimSpace(value)
	if len(value) > maxDate {
		return time.Time{}, fmt.Errorf("date is longer than %d octets", maxDate)
	}
	if t, err := mail.ParseDate(value); err == nil {
		return t, nil
	}
	for _, layout := range otherDates {
		if t, err := time.Parse(layout, value); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("date %q is in no form that is known", value)
}
