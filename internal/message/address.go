package message

import "strings"

// An Address is what a header field says of a person. Either part may be
// empty: MAILER-DAEMON is an address without a domain, and some fields hold
// nothing but a name. Both are decoded, one line of valid UTF-8.
type Address struct{ Name, Address string }

// Domain is what stands behind the last @, in lower case; "" without one.
func (a Address) Domain() string {
	_, domain, _ := cutLast(a.Address, '@')
	return strings.ToLower(domain)
}

// String is "Name <address>", or the address, or the name.
func (a Address) String() string {
	switch {
	case a.Name == "":
		return a.Address
	case a.Address == "":
		return a.Name
	}
	return a.Name + " <" + a.Address + ">"
}

// ParseAddresses reads the addresses of a field's value, MaxAddresses at most,
// and never gives up: groups and routes (RFC 5322), comments, semicolons for
// commas, quotes and brackets that are not closed, bare words.
func ParseAddresses(value string) []Address {
	text := string(clip([]byte(value), MaxValue))
	if !isUTF8(text) {
		text = guess([]byte(text), "")
	}
	return parseAddresses(nil, unfold([]byte(text)), MaxAddresses)
}
