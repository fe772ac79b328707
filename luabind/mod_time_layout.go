package luabind

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxLayout bounds a layout, in octets: a verb of two can stand for 24.
const maxLayout = 1024

// composed are the verbs that stand for others, as in C's "POSIX" locale.
var composed = strings.NewReplacer(
	"%%", "%%",
	"%c", "%a %b %e %H:%M:%S %Y",
	"%D", "%m/%d/%y",
	"%F", "%Y-%m-%d",
	"%R", "%H:%M",
	"%T", "%H:%M:%S",
	"%x", "%m/%d/%y",
	"%X", "%H:%M:%S",
)

// verbs are the letters that may follow a "%", composed ones aside.
const verbs = "aAbBdeHIjmMnpsStuwyYzZ%"

// checkLayout says what is wrong with a layout, or nothing.
func checkLayout(layout string) string {
	layout = composed.Replace(layout)
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' {
			continue
		}
		if i++; i == len(layout) {
			return "a % at its end; %% stands for a percent sign"
		}
		if strings.IndexByte(verbs, layout[i]) < 0 {
			return fmt.Sprintf("the verb %q, which is not known", layout[i-1:i+1])
		}
	}
	return ""
}

// formatLayout writes a moment as C's strftime does, in English.
func formatLayout(layout string, t time.Time) string {
	layout = composed.Replace(layout)
	var out []byte
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' {
			out = append(out, layout[i])
			continue
		}
		i++
		out = appendVerb(out, layout[i], t)
	}
	return string(out)
}

func appendVerb(out []byte, verb byte, t time.Time) []byte {
	switch verb {
	case 'a':
		return append(out, t.Weekday().String()[:3]...)
	case 'A':
		return append(out, t.Weekday().String()...)
	case 'b':
		return append(out, t.Month().String()[:3]...)
	case 'B':
		return append(out, t.Month().String()...)
	case 'd':
		return fmt.Appendf(out, "%02d", t.Day())
	case 'e':
		return fmt.Appendf(out, "%2d", t.Day())
	case 'H':
		return fmt.Appendf(out, "%02d", t.Hour())
	case 'I':
		return fmt.Appendf(out, "%02d", (t.Hour()+11)%12+1)
	case 'j':
		return fmt.Appendf(out, "%03d", t.YearDay())
	case 'm':
		return fmt.Appendf(out, "%02d", t.Month())
	case 'M':
		return fmt.Appendf(out, "%02d", t.Minute())
	case 'n':
		return append(out, '\n')
	case 'p':
		return t.AppendFormat(out, "PM")
	case 's':
		return strconv.AppendInt(out, t.Unix(), 10)
	case 'S':
		return fmt.Appendf(out, "%02d", t.Second())
	case 't':
		return append(out, '\t')
	case 'u':
		return strconv.AppendInt(out, int64(t.Weekday()+6)%7+1, 10)
	case 'w':
		return strconv.AppendInt(out, int64(t.Weekday()), 10)
	case 'y':
		return fmt.Appendf(out, "%02d", t.Year()%100)
	case 'Y':
		return fmt.Appendf(out, "%04d", t.Year())
	case 'z':
		return t.AppendFormat(out, "-0700")
	case 'Z':
		return t.AppendFormat(out, "MST")
	}
	return append(out, '%')
}

// A dateReader reads a date by a layout, as C's strptime does.
type dateReader struct {
	rest       string // of the date
	year       int
	month      time.Month
	day, yday  int
	hour       int
	minute     int
	second     int
	afternoon  bool
	half       bool           // the hour is of twelve
	unix       *int64         // %s says it all
	zone       *time.Location // where the date is
	sawMonth   bool
	sawYearDay bool
}

// parseLayout reads a date that is written by a layout. What the layout does
// not name is that of the first moment of 1970; zone is that of a date whose
// layout has none.
func parseLayout(layout, date string, zone *time.Location) (time.Time, error) {
	r := &dateReader{rest: date, year: 1970, month: time.January, day: 1, zone: zone}
	layout = composed.Replace(layout)
	for i := 0; i < len(layout); i++ {
		want, ok := strconv.Quote(layout[i:i+1]), true
		switch {
		case layout[i] != '%':
			ok = r.literal(layout[i])
		default:
			i++
			want, ok = layout[i-1:i+1], r.verb(layout[i])
		}
		if !ok {
			return time.Time{}, fmt.Errorf("date %s: octet %d: want %s", quote(date), len(date)-len(r.rest)+1, want)
		}
	}
	if r.rest != "" {
		return time.Time{}, fmt.Errorf("date %s: octet %d: the layout ends here", quote(date), len(date)-len(r.rest)+1)
	}
	t, err := r.moment()
	if err != nil {
		return time.Time{}, fmt.Errorf("date %s: %w", quote(date), err)
	}
	return t, nil
}

// literal reads one octet; white space stands for any run of it.
func (r *dateReader) literal(c byte) bool {
	if isBlank(rune(c)) {
		r.rest = strings.TrimLeft(r.rest, " \t\n\v\f\r")
		return true
	}
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *dateReader) verb(verb byte) bool {
	switch verb {
	case 'a', 'A': // what it says follows from the date
		_, ok := r.name(7, func(i int) string { return time.Weekday(i).String() })
		return ok
	case 'b', 'B':
		i, ok := r.name(12, func(i int) string { return time.Month(i + 1).String() })
		r.month, r.sawMonth = time.Month(i+1), true
		return ok
	case 'd', 'e':
		r.rest = strings.TrimPrefix(r.rest, " ")
		return r.number(&r.day, 2, 1, 31)
	case 'H':
		r.half = false
		return r.number(&r.hour, 2, 0, 23)
	case 'I':
		r.half = true
		return r.number(&r.hour, 2, 1, 12)
	case 'j':
		r.sawYearDay = true
		return r.number(&r.yday, 3, 1, 366)
	case 'm':
		r.sawMonth = true
		return r.number((*int)(&r.month), 2, 1, 12)
	case 'M':
		return r.number(&r.minute, 2, 0, 59)
	case 'p':
		i, ok := r.name(2, func(i int) string { return [...]string{"AM", "PM"}[i] })
		r.afternoon = i == 1
		return ok
	case 'S':
		return r.number(&r.second, 2, 0, 60) // 60 is a leap second
	case 'u', 'w':
		var ignored int
		return r.number(&ignored, 1, 0, 7)
	case 'y':
		ok := r.number(&r.year, 2, 0, 99)
		if r.year += 1900; r.year < 1969 { // as POSIX has it
			r.year += 100
		}
		return ok
	case 'Y':
		before := len(r.rest)
		return r.number(&r.year, 4, 0, 9999) && before-len(r.rest) == 4 // "26" is not the year 26
	}
	return r.otherVerb(verb)
}

func (r *dateReader) otherVerb(verb byte) bool {
	switch verb {
	case 's':
		text := strings.TrimLeft(strings.TrimPrefix(r.rest, "-"), "0123456789")
		n, err := strconv.ParseInt(r.rest[:len(r.rest)-len(text)], 10, 64)
		r.unix, r.rest = &n, text
		return err == nil && n >= firstMoment && n <= lastMoment
	case 'z':
		offset, rest, ok := cutOffset(r.rest)
		if !ok {
			return false
		}
		r.rest, r.zone = rest, time.FixedZone("", offset)
		return true
	case 'Z': // other names are not unique
		i, ok := r.name(3, func(i int) string { return [...]string{"UTC", "GMT", "UT"}[i] })
		_ = i
		r.zone = time.UTC
		return ok
	case 'n', 't':
		return r.literal(' ')
	}
	return r.literal('%')
}

// number reads a number of at most so many digits.
func (r *dateReader) number(n *int, digits, least, most int) bool {
	end := 0
	for end < min(digits, len(r.rest)) && '0' <= r.rest[end] && r.rest[end] <= '9' {
		end++
	}
	value, err := strconv.Atoi(r.rest[:end])
	if err != nil || value < least || value > most {
		return false
	}
	*n, r.rest = value, r.rest[end:]
	return true
}

// name reads one of count names, or its first three letters, in any case, and
// returns which.
func (r *dateReader) name(count int, name func(int) string) (int, bool) {
	for i := range count {
		for _, name := range []string{name(i), name(i)[:min(3, len(name(i)))]} {
			if len(r.rest) >= len(name) && strings.EqualFold(r.rest[:len(name)], name) {
				r.rest = r.rest[len(name):]
				return i, true
			}
		}
	}
	return 0, false
}

// moment puts together what was read.
func (r *dateReader) moment() (time.Time, error) {
	if r.unix != nil {
		return time.Unix(*r.unix, 0), nil
	}
	if r.half {
		r.hour %= 12
		if r.afternoon {
			r.hour += 12
		}
	}
	if r.sawYearDay && !r.sawMonth {
		r.month, r.day = time.January, r.yday
	}
	t := time.Date(r.year, r.month, r.day, r.hour, r.minute, r.second, 0, r.zone)
	if day := time.Date(r.year, r.month, r.day, 0, 0, 0, 0, time.UTC); r.sawMonth && day.Month() != r.month || day.Year() != r.year {
		return time.Time{}, errors.New("there is no such day")
	}
	return t, nil
}

// cutOffset reads "+hhmm", "+hh:mm", "+hh" or "Z" at the start of s: seconds
// east of UTC.
func cutOffset(s string) (offset int, rest string, ok bool) {
	if rest, ok := strings.CutPrefix(s, "Z"); ok {
		return 0, rest, true
	}
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return 0, s, false
	}
	r := dateReader{rest: s[1:]}
	hours, minutes := 0, 0
	if digits := strings.TrimLeft(s[1:3], "0123456789"); digits != "" || !r.number(&hours, 2, 0, 23) {
		return 0, s, false
	}
	before := r.rest
	colon := strings.HasPrefix(r.rest, ":")
	r.rest = strings.TrimPrefix(r.rest, ":")
	if len(r.rest) < 2 || strings.TrimLeft(r.rest[:2], "0123456789") != "" || !r.number(&minutes, 2, 0, 59) {
		if minutes = 0; colon {
			return 0, s, false
		}
		r.rest = before
	}
	offset = 3600*hours + 60*minutes
	if s[0] == '-' {
		offset = -offset
	}
	return offset, r.rest, true
}
