package message

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

func isASCII[T string | []byte](octets T) bool {
	for i := 0; i < len(octets); i++ {
		if octets[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func isUTF8(text string) bool { return utf8.ValidString(text) }

// charsetNamed finds a charset: the names browsers know first, since they read
// iso-8859-1 as the windows-1252 it mostly is, then IANA's. It is nil if the
// name is not known.
func charsetNamed(name string) encoding.Encoding {
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	if name == "" || len(name) > 60 {
		return nil
	}
	switch name {
	case "us-ascii", "ascii", "utf-8", "utf8":
		return nil // a guess knows these better
	case "utf-16": // RFC 2781: big endian, unless a mark says otherwise
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	found, err := htmlindex.Get(name)
	if err != nil {
		found, err = ianaindex.IANA.Encoding(name)
	}
	if err != nil || found == nil || found == encoding.Replacement {
		return nil // htmlindex knows some that it will not decode
	}
	return found
}

// isKnownCharset reports whether a declared charset says how to decode.
func isKnownCharset(name string) bool {
	switch strings.ToLower(name) {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		return true
	}
	return charsetNamed(name) != nil
}

// fromCharset makes text of octets in the charset that they declare, or else
// in the one that is guessed.
func fromCharset(octets []byte, charset string, most int) string {
	if found := charsetNamed(charset); found != nil {
		return transformed(found, octets, most)
	}
	if text := string(clip(octets, most)); isUTF8(text) {
		return text
	}
	if isNamedUTF8(charset) && hasUTF8(octets) {
		return strings.ToValidUTF8(string(clip(octets, most)), "\uFFFD")
	}
	return transformed(charmap.Windows1252, octets, most)
}

// guess makes text of octets that should have been ASCII: UTF-8 if they are
// valid as such, else the charset that something near them declares, else
// windows-1252.
func guess(octets []byte, charset string) string {
	if utf8.Valid(octets) {
		return string(octets)
	}
	return fromCharset(octets, charset, 3*MaxValue)
}

func isNamedUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// hasUTF8 reports whether some character beyond ASCII is whole: then it is
// UTF-8 with a fault in it, and not something else by that name.
func hasUTF8(octets []byte) bool {
	for i := 0; i < len(octets); {
		if octets[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(octets[i:])
		if r != utf8.RuneError {
			return true
		}
		i += n
	}
	return false
}

// transformed decodes at most so many octets' worth of text. It goes in small
// steps, since the libraries' own functions would hold the text several times.
func transformed(from encoding.Encoding, octets []byte, most int) string {
	var text strings.Builder
	text.Grow(min(len(octets)+len(octets)/8, most))
	decoder := from.NewDecoder()
	var step [2048]byte
	for {
		written, read, err := decoder.Transform(step[:], octets, true)
		text.Write(step[:min(written, most-text.Len())])
		octets = octets[read:]
		if written == 0 && read == 0 || len(octets) == 0 && err == nil || text.Len() >= most {
			break
		}
	}
	return strings.ToValidUTF8(text.String(), "\uFFFD")
}
