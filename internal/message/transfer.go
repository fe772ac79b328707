package message

import (
	"bytes"
	"io"
	"strings"

	gomessage "github.com/emersion/go-message"
)

// encodingNamed is the transfer encoding that a value means: 7bit, 8bit,
// binary, base64, quoted-printable, or what is not known, as it stands.
func encodingNamed(value string) string {
	name := strings.ToLower(strings.Trim(value, " \t\"'"))
	if end := strings.IndexAny(name, "; \t("); end >= 0 {
		name = name[:end]
	}
	switch name {
	case "", "7-bit", "7bits":
		return "7bit"
	case "8-bit", "8bits":
		return "8bit"
	case "quoted-printable", "quotedprintable", "quoted_printable":
		return "quoted-printable"
	case "base-64", "base_64":
		return "base64"
	}
	return string(clip([]byte(name), 40))
}

// isEncoded reports whether content must be decoded.
func isEncoded(encoding string) bool {
	return encoding == "base64" || encoding == "quoted-printable"
}

// isKnownEncoding reports whether content in this encoding can be had. That of
// uuencode is in the body among other text, and stays there.
func isKnownEncoding(encoding string) bool {
	switch encoding {
	case "7bit", "8bit", "binary", "x-uuencode", "uuencode", "x-uue":
		return true
	}
	return isEncoded(encoding)
}

// decodeContent decodes base64 or quoted-printable, at most so many octets of
// the outcome, and says how many octets made no sense.
//
// Base64 is go-message's; where that finds a fault and stops, our own decoder
// goes through. Quoted-printable is all ours: go-message takes the standard
// library's, which needs more than 5 s for 20 MB of soft line breaks, and
// refuses lines of 4 KB and control characters.
func decodeContent(octets []byte, encoding string, most int) (content []byte, faults int) {
	if encoding == "quoted-printable" {
		enough := octets[:min(len(octets), 3*min(most, len(octets)))]
		content, faults = appendQuoted(make([]byte, 0, len(enough)), enough)
		if len(enough) < len(octets) {
			faults = 0 // the cut may have made one
		}
		return content[:min(len(content), most)], faults
	}
	content = make([]byte, min(len(octets)/4*3+3, most))
	r := base64Reader(octets)
	for n := 0; ; {
		read, err := r.Read(content[n:])
		n += read
		if err == io.EOF || n == len(content) {
			return content[:n], 0
		}
		if err != nil {
			content, faults = appendBase64(content[:0], octets)
			return content[:min(len(content), most)], faults
		}
	}
}

// contentSize is how many octets decodeContent would give, and how many made
// no sense.
func contentSize(octets []byte, encoding string) (size int64, faults int) {
	if encoding == "base64" {
		if n, err := io.Copy(io.Discard, base64Reader(octets)); err == nil {
			return n, 0
		}
	}
	content, faults := decodeContent(octets, encoding, len(octets))
	return int64(len(content)), faults
}

// base64Reader is go-message's decoder, of an entity whose header says but
// this. Of its mail package nothing is used, since it gives nothing at all for
// an encoding that it does not know.
func base64Reader(octets []byte) io.Reader {
	var header gomessage.Header
	header.Set("Content-Transfer-Encoding", "base64")
	entity, err := gomessage.New(header, bytes.NewReader(octets))
	if err != nil {
		return bytes.NewReader(nil)
	}
	return entity.Body
}
