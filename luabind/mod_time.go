package luabind

import (
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// The moments that can be written: those of the years 0000 to 9999, which RFC
// 3339 has.
const (
	firstMoment = -62167219200
	lastMoment  = 253402300799
)

// newTime makes the module time, whose moments are seconds since 1970 in UTC.
func (b *binding) newTime(L *lua.LState) *lua.LTable {
	return b.newModule(L, "time", map[string]lua.LGFunction{
		"now":    b.timeNow,
		"parse":  b.timeParse,
		"format": b.timeFormat,
		"add":    b.timeAdd,
		"date":   b.timeDate,
	}, nil)
}

// timeNow is time.now: the present moment, whole seconds.
func (b *binding) timeNow(L *lua.LState) int {
	L.Push(lua.LNumber(b.grants.now().Unix()))
	return 1
}

// timeParse is time.parse(date [, layout [, zone]]): the moment that a date
// names, or nil and why it names none. Without a layout the date is one of a
// mail header or what time.format writes.
func (b *binding) timeParse(L *lua.LState) int {
	p := positional{L, "time.parse"}
	date := p.text(1, "date")
	var moment time.Time
	var err error
	layout := p.layout(2)
	if layout == "" && L.Get(3) != lua.LNil {
		p.refuse("zone needs a layout")
	}
	if layout == "" {
		moment, err = parseDate(date)
	} else {
		moment, err = parseLayout(layout, date, b.zone(p, 3))
	}
	if err != nil {
		return p.fail("%s", err)
	}
	return p.give(lua.LNumber(moment.Unix()))
}

// parseDate reads a date as mail has it, and what time.format writes: mail has
// no years before 1900.
func parseDate(date string) (time.Time, error) {
	moment, err := message.ParseDate(date)
	if err == nil {
		return moment, nil
	}
	if written, other := time.Parse(time.RFC3339, strings.TrimSpace(date)); other == nil {
		return written, nil
	}
	return moment, err
}

// timeFormat is time.format(seconds [, layout [, zone]]).
func (b *binding) timeFormat(L *lua.LState) int {
	p := positional{L, "time.format"}
	moment := p.moment(1).In(b.zone(p, 3))
	layout := p.layout(2)
	if layout == "" {
		return p.give(lua.LString(moment.Format(time.RFC3339)))
	}
	return p.give(lua.LString(formatLayout(layout, moment)))
}

// timeDate is time.date(seconds [, zone]): the parts of a moment, with the
// names and ranges of Lua's os.date("*t").
func (b *binding) timeDate(L *lua.LState) int {
	p := positional{L, "time.date"}
	moment := p.moment(1).In(b.zone(p, 2))
	zone, offset := moment.Zone()
	table := L.CreateTable(0, 10)
	for name, n := range map[string]int{
		"year": moment.Year(), "month": int(moment.Month()), "day": moment.Day(),
		"hour": moment.Hour(), "min": moment.Minute(), "sec": moment.Second(),
		"wday": int(moment.Weekday()) + 1, "yday": moment.YearDay(), "offset": offset,
	} {
		table.RawSetString(name, lua.LNumber(n))
	}
	table.RawSetString("zone", lua.LString(zone))
	return p.give(table)
}

// timeAdd is time.add(seconds, {years=, months=, ...} [, zone]). Years to days
// are those of the calendar, at the same time of day in the zone; a day that
// the month has not becomes its last.
func (b *binding) timeAdd(L *lua.LState) int {
	p := positional{L, "time.add"}
	moment := p.moment(1).In(b.zone(p, 3))
	a := p.named(2, "years", "months", "weeks", "days", "hours", "minutes", "seconds")
	months := 12*a.whole("years") + a.whole("months")
	days := 7*a.whole("weeks") + a.whole("days")
	if months != 0 || days != 0 {
		year, month, day := moment.Date()
		hour, minute, second := moment.Clock()
		last := time.Date(year, month+time.Month(months)+1, 0, 0, 0, 0, 0, time.UTC).Day()
		moment = time.Date(year, month+time.Month(months), min(day, last)+days, hour, minute, second, 0, moment.Location())
	}
	seconds := float64(moment.Unix()) + 3600*a.amount("hours") + 60*a.amount("minutes") + a.amount("seconds")
	if seconds < firstMoment || seconds >= lastMoment+1 {
		p.refuse("the moment is not in the years 0 to 9999")
	}
	return p.give(lua.LNumber(math.Floor(seconds)))
}

// maxAmount bounds what can be added of a calendar's units. The years 0 to 9999
// have fewer of each.
const maxAmount = 10_000_000

// whole returns a named argument, a whole number, 0 if it was not given.
func (a arguments) whole(name string) int {
	v := a.get(name)
	n, ok := integer(v)
	if v != lua.LNil && (!ok || n < -maxAmount || n > maxAmount) {
		a.refuse("%s must be an integer, at most %d, got %s", name, maxAmount, describe(v))
	}
	return n
}

// amount returns a named argument, a number, 0 if it was not given.
func (a arguments) amount(name string) float64 {
	v := a.get(name)
	n, ok := v.(lua.LNumber)
	if v != lua.LNil && (!ok || math.IsNaN(float64(n)) || math.IsInf(float64(n), 0)) {
		a.refuse("%s must be a number, got %s", name, describe(v))
	}
	return float64(n)
}

// moment returns argument n, seconds since 1970.
func (p positional) moment(n int) time.Time {
	seconds := math.Floor(p.number(n, "seconds"))
	if seconds < firstMoment || seconds > lastMoment {
		p.refuse("seconds must be in the years 0 to 9999, got %s", describe(p.Get(n)))
	}
	return time.Unix(int64(seconds), 0)
}

// layout returns argument n, "" for none.
func (p positional) layout(n int) string {
	layout := p.textOr(n, "layout", "")
	if layout == "" && p.Get(n) != lua.LNil || len(layout) > maxLayout {
		p.refuse("layout must have 1 to %d octets, got %d", maxLayout, len(layout))
	}
	if wrong := checkLayout(layout); wrong != "" {
		p.refuse("layout has %s", wrong)
	}
	return layout
}

// zone returns argument n, the name of a time zone; UTC for none.
func (b *binding) zone(p positional, n int) *time.Location {
	name := p.textOr(n, "zone", "UTC")
	switch strings.ToLower(name) {
	case "utc", "z":
		return time.UTC
	case "local":
		return time.Local
	}
	if offset, rest, ok := cutOffset(name); ok && rest == "" {
		return time.FixedZone(strings.Clone(name), offset)
	}
	if zone, ok := b.zones[name]; ok {
		return zone
	}
	var zone *time.Location
	if known := "abcdefghijklmnopqrstuvwxyz0123456789/_+-"; name != "" && len(name) <= 64 && strings.Trim(strings.ToLower(name), known) == "" {
		zone, _ = time.LoadLocation(name)
	}
	if zone == nil {
		p.refuse(`zone %s is not known here; use "UTC", "local", an offset such as "+02:00", or a name such as "Europe/Berlin"`, quote(name))
	}
	if len(b.zones) >= 64 || b.zones == nil {
		b.zones = map[string]*time.Location{}
	}
	b.zones[strings.Clone(name)] = zone
	return zone
}
