package wire

import "math"

// ParseNumber reads a message-number or a count: decimal digits only, at most
// 2^31-1. No sign, no blank, no leading zero.
func ParseNumber(s string) (int, bool) {
	if len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n, ok := ParseOctets(s)
	return int(n), ok && n <= math.MaxInt32
}

// ParseOctets reads a size in octets: decimal digits only, at most 2^63-1.
func ParseOctets(s string) (int64, bool) {
	var n int64
	for i := range len(s) {
		digit := int64(s[i]) - '0'
		if digit < 0 || digit > 9 || n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, s != ""
}
