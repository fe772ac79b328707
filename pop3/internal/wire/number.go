package wire

import "strconv"

// ParseNumber reads a message-number or a count: decimal digits only, at most
// 2^31-1. No sign, no blank, no leading zero.
func ParseNumber(s string) (int, bool) {
	if !digits(s) || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 32)
	return int(n), err == nil
}

// ParseOctets reads a size in octets: decimal digits only, at most 2^63-1.
func ParseOctets(s string) (int64, bool) {
	if !digits(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
