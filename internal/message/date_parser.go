package message

import (
	"strings"
	"time"
)

// A dateParser has what was found of a date.
type dateParser struct {
	text             string
	pos              int
	day, year        int // 0 and -1 if not yet
	month            time.Month
	hour, minute     int  // -1 and 0 if not yet
	second, fraction int  // the fraction in nanoseconds
	half             byte // 'a' or 'p' of the day
	zoned            bool
	offset           int // of the zone, in seconds
}

// parse goes through the first maxDate octets. What comes behind must be a
// comment that began before.
func (d *dateParser) parse() bool {
	for d.pos < len(d.text) {
		if d.pos >= maxDate {
			return false
		}
		switch c := d.text[d.pos]; {
		case c == '(':
			end := closeComment(d.text[:min(len(d.text), 2*maxDate)], d.pos+1)
			if end < 0 {
				return true // all the rest is comment
			}
			d.pos = end + 1
		case isDigit(c):
			if !d.number() {
				return false
			}
		case 'a' <= lower(c) && lower(c) <= 'z':
			if !d.word() {
				return false
			}
		case (c == '+' || c == '-') && d.hour >= 0:
			d.pos++
			d.zone(c)
		default:
			d.pos++
		}
	}
	return true
}

// digits takes some, nine at most, and says how many there were.
func (d *dateParser) digits() (value, length int) {
	for start := d.pos; d.pos < len(d.text) && isDigit(d.text[d.pos]); d.pos++ {
		if length = d.pos - start + 1; length > 9 {
			return 0, length
		}
		value = value*10 + int(d.text[d.pos]-'0')
	}
	return value, length
}

// skipTo goes over blanks and comments, if such an octet comes behind them.
// RFC 5322's obsolete syntax has them inside a time.
func (d *dateParser) skipTo(c byte) {
	rest := strings.TrimLeft(d.text[d.pos:min(len(d.text), maxDate)], " \t")
	if strings.HasPrefix(rest, "(") {
		end := closeComment(rest, 1)
		rest = strings.TrimLeft(rest[end+1:], " \t")
	}
	if len(rest) > 0 && rest[0] == c {
		d.pos = min(len(d.text), maxDate) - len(rest)
	}
}

// after takes digits that stand behind such an octet, blanks between.
func (d *dateParser) after(c byte) (value int, ok bool) {
	i := d.pos + 1
	for i < len(d.text) && isBlank(d.text[i]) {
		i++
	}
	if i < len(d.text) && d.text[d.pos] == c && isDigit(d.text[i]) {
		d.pos = i
		value, _ = d.digits()
		return value, true
	}
	return 0, false
}

// number takes a time, an ISO date, a day, a year, or a zone without its sign.
func (d *dateParser) number() bool {
	value, length := d.digits()
	if d.hour < 0 && d.pos < len(d.text) && (isBlank(d.text[d.pos]) || d.text[d.pos] == '(') {
		d.skipTo(':')
	}
	next := byte(0)
	if d.pos < len(d.text) {
		next = d.text[d.pos]
	}
	switch {
	case next == ':' && d.hour < 0:
		d.hour = value
		d.minute, _ = d.after(':')
		d.skipTo(':')
		d.second, _ = d.after(':')
		return d.parts()
	case length == 4 && next == '-' && d.month == 0 && d.year < 0:
		d.year = value
		month, _ := d.after('-')
		d.month = time.Month(month)
		d.day, _ = d.after('-')
		return month >= 1 && month <= 12
	case length <= 2 && d.day == 0 && value >= 1 && value <= 31:
		d.day = value
		return true
	case length >= 2 && length <= 4 && d.year < 0:
		d.year = fullYear(value, length)
		return true
	case length == 4 && d.hour >= 0: // a zone without its sign
		if !d.zoned {
			d.setZone('+', value)
		}
		return true
	}
	return false
}

// parts takes the parts of a second, of which nine digits count.
func (d *dateParser) parts() bool {
	if d.pos+1 < len(d.text) && (d.text[d.pos] == '.' || d.text[d.pos] == ',') && isDigit(d.text[d.pos+1]) {
		d.pos++
		value, length := d.digits()
		for ; length < 9; length++ {
			value *= 10
		}
		d.fraction = value
	}
	return true
}

// fullYear is RFC 5322 section 4.3.
func fullYear(value, length int) int {
	switch {
	case length == 2 && value < 50:
		return 2000 + value
	case length < 4:
		return 1900 + value
	}
	return value
}

// zone takes the offset behind a sign: +hhmm, +hh:mm, +hmm, +hh.
func (d *dateParser) zone(sign byte) {
	value, length := d.digits()
	if length == 0 {
		return
	}
	if minutes, ok := d.after(':'); ok {
		value = value*100 + minutes
	} else if length <= 2 {
		value *= 100
	}
	d.setZone(sign, value)
}

// setZone takes hhmm; the first zone counts, but for the name that stands
// before an offset: GMT+0200. One that cannot be is UTC.
func (d *dateParser) setZone(sign byte, value int) {
	if d.zoned && d.offset != 0 {
		return
	}
	d.zoned = true
	if value%100 > 59 || value > 2400 {
		return
	}
	d.offset = (value/100*60 + value%100) * 60
	if sign == '-' {
		d.offset = -d.offset
	}
}

// word takes the name of a month or a day, AM or PM, or a zone.
func (d *dateParser) word() bool {
	start := d.pos
	for d.pos < len(d.text) && 'a' <= lower(d.text[d.pos]) && lower(d.text[d.pos]) <= 'z' {
		d.pos++
	}
	word := d.text[start:d.pos]
	if month := named(word, months); month >= 0 && d.month == 0 {
		d.month = time.Month(month + 1)
		return true
	}
	if named(word, days) >= 0 || word == "T" && d.day > 0 && d.hour < 0 {
		return true
	}
	if d.hour < 0 {
		return false
	}
	if len(word) == 2 && lower(word[1]) == 'm' && (lower(word[0]) == 'a' || lower(word[0]) == 'p') {
		d.half = lower(word[0])
		return true
	}
	d.zoneName(word)
	return true
}

// The years of mail (RFC 5322 section 3.3), in UTC.
const (
	minYear = 1900
	maxYear = 9999
)

// time puts together what was found. There must be a day, a month and a year
// that go together.
func (d *dateParser) time() (time.Time, bool) {
	if d.half != 0 {
		d.hour %= 12
		if d.half == 'p' {
			d.hour += 12
		}
	}
	hour := max(d.hour, 0)
	if d.day == 0 || d.month == 0 || d.year < 0 || hour > 23 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	t := time.Date(d.year, d.month, d.day, hour, d.minute, d.second, d.fraction, time.UTC)
	if first := time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC); first.Day() != d.day {
		return time.Time{}, false
	}
	if d.offset != 0 {
		t = t.Add(-time.Duration(d.offset) * time.Second)
	}
	if year := t.Year(); year < minYear || year > maxYear {
		return time.Time{}, false
	}
	if d.offset != 0 {
		t = t.In(time.FixedZone("", d.offset))
	}
	return t, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
