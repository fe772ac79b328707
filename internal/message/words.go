package message

import "strings"

// A wordFinder finds the encoded words of a text. It remembers where the next
// "?=" is: a text of words that begin and never end is gone through once.
type wordFinder struct {
	text string
	end  int // of the last "?=" that was looked for; -1 if there is none behind it
}

// An encodedWord is one of RFC 2047: =?charset?encoding?text?=.
type encodedWord struct {
	charset  string
	encoding byte // 'b' or 'q'
	text     string
	end      int // where it ends in the text
}

// at reads the word that begins at i, where "=?" is. More is taken for a word
// than RFC 2047 allows: beyond 75 octets, inside quotes, beside other text,
// with blanks and question marks in it. If there is none, the end is where to
// look on.
func (f *wordFinder) at(i int) (encodedWord, bool) {
	const longest = 60 // name of a charset, with a language (RFC 2231)
	rest := f.text[i+2:]
	word := encodedWord{end: i + 2}
	mark := strings.IndexByte(rest[:min(len(rest), longest)], '?')
	if mark < 1 || len(rest) < mark+3 || rest[mark+2] != '?' || strings.ContainsAny(rest[:mark], " \t=\"<>()") {
		return word, false
	}
	word.charset, word.encoding = rest[:mark], lower(rest[mark+1])
	start := i + 2 + mark + 3
	if word.encoding != 'b' && word.encoding != 'q' || !f.find(start) {
		return word, false
	}
	word.text = f.text[start:f.end]
	if next := strings.Index(word.text, " =?"); next >= 0 {
		word.end = start + next + 1 // the "?=" that was found is the next one's
		return word, false
	}
	word.end = f.end + 2
	if language := strings.IndexByte(word.charset, '*'); language >= 0 {
		word.charset = word.charset[:language]
	}
	return word, true
}

// find looks for "?=" from start on.
func (f *wordFinder) find(start int) bool {
	if f.end >= start || f.end < 0 {
		return f.end >= 0
	}
	f.end = strings.Index(f.text[start:], "?=")
	if f.end >= 0 {
		f.end += start
	}
	return f.end >= 0
}

// octets decodes the word, but not its charset.
func (w encodedWord) octets(to []byte) []byte {
	if w.encoding == 'b' {
		to, _ = appendBase64(to, []byte(w.text))
		return to
	}
	for i := 0; i < len(w.text); i++ {
		switch c := w.text[i]; {
		case c == '_':
			to = append(to, ' ')
		case c == '=' && i+2 < len(w.text) && isHex(w.text[i+1]) && isHex(w.text[i+2]):
			to = append(to, fromHex(w.text[i+1])<<4|fromHex(w.text[i+2]))
			i += 2
		default:
			to = append(to, c)
		}
	}
	return to
}

// decodeWords decodes the encoded words of a text of valid UTF-8. Words beside
// each other are one text: blanks between them are dropped, and if they have
// one charset their octets are put together first, since some senders split
// them inside a character.
func decodeWords(text string) string {
	finder := wordFinder{text: text}
	var decoded strings.Builder
	var octets []byte
	var charset string
	flush := func() {
		if len(octets) > 0 {
			decoded.WriteString(fromCharset(octets, charset, 3*MaxValue))
			octets = octets[:0]
		}
	}
	copied := 0
	behind := -1 // where the last word ended
	for i := 0; ; {
		next := strings.Index(text[i:], "=?")
		if next < 0 {
			break
		}
		i += next
		word, ok := finder.at(i)
		if !ok {
			i = word.end
			continue
		}
		if behind < 0 || strings.TrimLeft(text[behind:i], " \t") != "" {
			flush()
			decoded.WriteString(text[copied:i])
		}
		if !strings.EqualFold(word.charset, charset) {
			flush()
			charset = word.charset
		}
		octets = word.octets(octets)
		i, behind, copied = word.end, word.end, word.end
	}
	flush()
	decoded.WriteString(text[copied:])
	return decoded.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= lower(c) && lower(c) <= 'f'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
