package message

import "bytes"

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// sextets has what a letter of base64 stands for, plus one; 0 is no letter.
var sextets = func() (table [256]byte) {
	for i := range len(base64Alphabet) {
		table[base64Alphabet[i]] = byte(i + 1)
	}
	return table
}()

// appendBase64 decodes what is base64 among the octets, and counts what is
// not. It ends at the padding, if text follows that is none: the footer of a
// list.
func appendBase64(to, octets []byte) (content []byte, faults int) {
	var held uint32
	bits, padded := 0, false
	for i, c := range octets {
		if v := sextets[c]; v > 0 {
			held = held<<6 | uint32(v-1)
			if bits += 6; bits >= 8 {
				bits -= 8
				to = append(to, byte(held>>bits))
			}
			continue
		}
		switch {
		case c == '=':
			if strange := notBase64(octets[i:]); !padded && strange > 0 {
				return to, faults + strange
			}
			held, bits, padded = 0, 0, true
		case !isWhite(c):
			faults++
		}
	}
	if bits == 6 {
		faults++ // a lone letter, which stands for nothing
	}
	return to, faults
}

// notBase64 counts the octets that do not belong to base64.
func notBase64(octets []byte) (strange int) {
	for _, c := range octets {
		if sextets[c] == 0 && c != '=' && !isWhite(c) {
			strange++
		}
	}
	return strange
}

func isWhite(c byte) bool { return isBlank(c) || c == '\r' || c == '\n' }

// appendQuoted decodes quoted-printable, and counts the "=" that quote
// nothing; they stay.
func appendQuoted(to, octets []byte) (content []byte, faults int) {
	kept := len(to) // what is before was quoted, or is behind a line's end
	for i := 0; i < len(octets); i++ {
		c := octets[i]
		switch {
		case c == '\n': // blanks at a line's end were added on the way
			cr := len(to) > kept && to[len(to)-1] == '\r'
			if cr {
				to = to[:len(to)-1]
			}
			for len(to) > kept && isBlank(to[len(to)-1]) {
				to = to[:len(to)-1]
			}
			if cr {
				to = append(to, '\r')
			}
			to = append(to, '\n')
			kept = len(to)
		case c != '=':
			to = append(to, c)
		case i+2 < len(octets) && isHex(octets[i+1]) && isHex(octets[i+2]):
			to = append(to, fromHex(octets[i+1])<<4|fromHex(octets[i+2]))
			kept = len(to)
			i += 2
		default:
			if end := softEnd(octets[i+1:]); end >= 0 {
				i += end
				kept = len(to)
				continue
			}
			faults++
			to = append(to, c)
		}
	}
	return to, faults
}

// softEnd is how long the line end is that "=" takes back, or -1. The end of
// all is one too.
func softEnd(octets []byte) int {
	blanks := len(octets) - len(bytes.TrimLeft(octets, " \t"))
	switch rest := octets[blanks:]; {
	case len(rest) == 0:
		return blanks
	case rest[0] == '\n':
		return blanks + 1
	case rest[0] == '\r' && len(rest) > 1 && rest[1] == '\n':
		return blanks + 2
	}
	return -1
}
