package luabind

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// unknownName says that object has no such name, and which one was meant.
func unknownName(object, what, name string, known []string) string {
	text := fmt.Sprintf("%s has no %s %s", object, what, quote(name))
	if meant := Suggest(name, known); meant != "" {
		text += fmt.Sprintf("; did you mean %q?", meant)
	}
	return text
}

// Suggest returns the known name that is most like name, or nothing when none
// is near: more than a third of its letters, but at least one, may differ. A
// name that only goes on, such as "retrieve" for "retr", is near as well, and so
// is one that is not whole: "sub" for "subject", "attachment" for "has_attachment".
func Suggest(name string, known []string) string {
	name = strings.ToLower(name)
	if len(name) > 64 {
		return ""
	}
	best, begun, whole, least := "", "", "", max(1, len(name)/3)+1
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		lower := strings.ToLower(candidate)
		d := distance(name, lower)
		if len(lower) >= 3 && len(lower) > len(begun) && strings.HasPrefix(name, lower) {
			begun = candidate
		}
		if len(name) >= 3 && whole == "" && (strings.HasPrefix(lower, name) || strings.HasSuffix(lower, "_"+name)) {
			whole = candidate
		}
		if d < least {
			best, least = candidate, d
		}
	}
	return cmp.Or(best, begun, whole)
}

// distance is how many letters must be inserted, removed, replaced or swapped
// with their neighbour to make b of a.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// stringKeys returns the names in a table, sorted.
func stringKeys(table *lua.LTable) []string {
	var names []string
	table.ForEach(func(key, _ lua.LValue) {
		if name, ok := key.(lua.LString); ok {
			names = append(names, string(name))
		}
	})
	slices.Sort(names)
	return names
}

// quote makes a foreign name fit for an error.
func quote(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "..."
	}
	return fmt.Sprintf("%q", s)
}
