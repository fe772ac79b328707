package luabind

import (
	"strings"
	"unicode"

	"github.com/popherd/popherd/internal/message"
)

// A lowerAddress is an address in lower case.
type lowerAddress struct {
	text    string // "name <address>"
	address string
}

func lowerAddresses(all []message.Address) []lowerAddress {
	lower := make([]lowerAddress, len(all))
	for i, a := range all {
		lower[i].text = mapRunes(a.String(), unicode.ToLower)
		lower[i].address = lower[i].text
		if a.Name != "" {
			lower[i].address = mapRunes(a.Address, unicode.ToLower)
		}
	}
	return lower
}

// is reports whether a text in lower case is meant for the address. With @ it
// is not looked for in the name, which strangers choose, nor inside a word: a
// rule for "@bank.example" must not take "@bank.example.evil.example", nor
// somebody who calls himself so.
func (a lowerAddress) is(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	if !ok {
		return strings.Contains(a.text, text)
	}
	at := strings.LastIndexByte(a.address, '@')
	switch {
	case at < 0:
		return false
	case local == "": // "@family.example"
		rest, ok := strings.CutSuffix(a.address[at+1:], strings.TrimPrefix(domain, "."))
		return ok && (rest == "" || strings.HasSuffix(rest, "."))
	case domain == "": // "mother@"
		return a.address[:at] == local
	}
	return a.address == text
}

// addressFault says what is wrong with a text for an address.
func addressFault(text string) string {
	if strings.Contains(text, "@") && (strings.Trim(text, "@.") == "" || strings.ContainsAny(text, " \t<>,;*")) {
		return `text with @ is a whole address, a local part such as "mother@" or a domain such as "@family.example", got ` + quote(text)
	}
	return ""
}
