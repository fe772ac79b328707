// Package message reads what is in a message: so far the glance at its header
// by which a person recognises it.
package message

import (
	"bytes"
	"mime"
	"strings"
)

// MaxGlance is how many octets of a message Glance looks at.
const MaxGlance = 16 << 10

// Glance finds From and Subject in the first octets of a message, for people
// to recognise it by: unfolded, decoded (RFC 2047) where that is possible, and
// at most 200 octets each. It fails on nothing; a field that is not there is
// empty.
func Glance(octets []byte) (from, subject string) {
	fields := map[string]*string{"from": &from, "subject": &subject}
	var current *string
	for line := range bytes.Lines(octets[:min(len(octets), MaxGlance)]) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if current != nil {
				*current += " " + string(bytes.TrimSpace(line))
			}
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		current = fields[strings.ToLower(string(bytes.TrimSpace(name)))]
		if current != nil && *current == "" {
			*current = string(bytes.TrimSpace(value))
		} else {
			current = nil // the first of two fields counts
		}
	}
	return decode(from), decode(subject)
}

// decode shows encoded words as text; what cannot be decoded stays as it came.
func decode(value string) string {
	const most = 200
	var words mime.WordDecoder
	if decoded, err := words.DecodeHeader(value); err == nil {
		value = decoded
	}
	if len(value) > most {
		value = value[:most] + "..."
	}
	return strings.ToValidUTF8(value, "\uFFFD")
}
