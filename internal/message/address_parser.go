package message

import "strings"

// A phrase collects the words before a separator or an address in brackets.
// It slices the text as long as that will do.
type phrase struct {
	words   []string // unquoted
	bare    []bool   // the word had no quotes
	comment string   // the last one
	room    [8]string
	unquote [8]bool
}

// An addressParser goes through a text once.
type addressParser struct {
	text   string
	pos    int
	words  wordFinder
	phrase phrase
	all    []Address
	most   int
	angled bool // an address in brackets came since the last separator

	// What was looked for and is not there will not be looked for again.
	noQuote, noNesting, noComment, noBracket bool
}

func parseAddresses(to []Address, text string, most int) []Address {
	p := addressParser{text: text, words: wordFinder{text: text}, all: to, most: most}
	p.phrase.reset()
	for p.pos < len(text) && len(p.all) < most {
		switch c := text[p.pos]; c {
		case ' ', '\t':
			p.pos++
		case ',', ';':
			p.pos++
			p.end()
		case ':':
			p.pos++
			p.group()
		case '(':
			p.comment()
		case '<':
			p.bracket()
		case '>', ')':
			p.pos++
		default:
			p.word()
		}
	}
	p.end()
	return p.all
}

func (p *phrase) reset() {
	p.words, p.bare, p.comment = p.room[:0], p.unquote[:0], ""
}

// add takes a word. RFC 5322's obsolete syntax lets blanks and comments stand
// between the parts of an address.
func (p *phrase) add(word string, bare bool) {
	const longest = 320 // octets of an address, RFC 5321
	if last := len(p.words) - 1; bare && last >= 0 && p.bare[last] && len(p.words[last]) < longest && touches(p.words[last], word) {
		p.words[last] += word
		return
	}
	p.words, p.bare = append(p.words, word), append(p.bare, bare)
}

// touches reports whether two words are parts of one address.
func touches(a, b string) bool {
	return strings.HasSuffix(a, "@") || strings.HasPrefix(b, "@") ||
		strings.Contains(a, "@") && (strings.HasSuffix(a, ".") || strings.HasPrefix(b, "."))
}

// name joins the words.
func (p *phrase) name() string { return decodeName(strings.Join(p.words, " ")) }

// decodeName decodes the encoded words of a name, also those that were quoted.
func decodeName(name string) string {
	if strings.Contains(name, "=?") {
		name = oneLine(decodeWords(name))
	}
	if strings.Contains(name, "  ") || strings.HasPrefix(name, " ") || strings.HasSuffix(name, " ") {
		name = strings.Join(strings.Fields(name), " ")
	}
	return name
}

// group forgets the name of a group, or a "mailto:".
func (p *addressParser) group() { p.phrase.reset() }

// put adds an address, if there is anything in it.
func (p *addressParser) put(a Address) {
	if (a.Name != "" || a.Address != "") && len(p.all) < p.most {
		p.all = append(p.all, a)
	}
}

// end takes what came since the last separator.
func (p *addressParser) end() {
	ph := &p.phrase
	defer ph.reset()
	angled := p.angled
	p.angled = false
	if angled || len(ph.words) == 0 { // what stands behind brackets is decoration
		return
	}
	at := -1 // of the words, the one that is an address
	count := 0
	for i, word := range ph.words {
		if strings.IndexByte(word, '@') >= 0 && (ph.bare[i] || len(ph.words) == 1) {
			at = i
			count++
		}
	}
	switch {
	case count > 1: // separated by nothing
		for i, word := range ph.words {
			if ph.bare[i] && strings.IndexByte(word, '@') >= 0 {
				p.put(Address{Address: word})
			}
		}
	case count == 1:
		address := ph.words[at]
		ph.words = append(ph.words[:at], ph.words[at+1:]...)
		name := ph.name()
		if name == "" {
			name = decodeName(ph.comment)
		}
		p.put(Address{name, address})
	case len(ph.words) == 1 && ph.bare[0] && !strings.Contains(ph.words[0], "=?"):
		p.put(Address{decodeName(ph.comment), ph.words[0]})
	default:
		p.put(Address{Name: ph.name()})
	}
}

// bracket takes what is in angle brackets, up to a separator if they are not
// closed.
func (p *addressParser) bracket() {
	start := p.pos + 1
	end, behind := p.closeBracket(start)
	address := withoutComments(strings.TrimSpace(p.text[start:end]))
	p.pos = behind
	if strings.HasPrefix(address, "@") { // a route: <@a,@b:c@d>
		if _, target, ok := strings.Cut(address, ":"); ok {
			address = target
		}
	}
	if strings.ContainsAny(address, " \t<") {
		address = strings.NewReplacer(" ", "", "\t", "", "<", "").Replace(address)
	}
	address = strings.TrimPrefix(address, "mailto:")
	name := p.phrase.name()
	if name == "" && p.phrase.comment != "" {
		name = decodeName(p.phrase.comment)
	}
	p.put(Address{name, address})
	p.phrase.reset()
	p.angled = true
}

// closeBracket finds the end of what is in brackets, and where to go on. A
// quoted local part may hold a bracket.
func (p *addressParser) closeBracket(start int) (end, behind int) {
	if start < len(p.text) && p.text[start] == '"' && !p.noQuote {
		if quoted := closeQuote(p.text, start+1); quoted >= 0 {
			start = quoted + 1
		} else {
			p.noQuote = true
		}
	}
	if !p.noBracket {
		if i := strings.IndexByte(p.text[start:], '>'); i >= 0 {
			return start + i, start + i + 1
		}
		p.noBracket = true
	}
	if i := strings.IndexAny(p.text[start:], ",; "); i >= 0 {
		return start + i, start + i
	}
	return len(p.text), len(p.text)
}

// comment takes one, with those inside it. One that is not closed ends at the
// first ) there is; if there is none, the ( is dropped.
func (p *addressParser) comment() {
	start := p.pos + 1
	end := -1
	if !p.noNesting {
		end = closeComment(p.text, start)
		p.noNesting = end < 0
	}
	if end < 0 && !p.noComment {
		end = strings.IndexByte(p.text[start:], ')')
		p.noComment = end < 0
		if end >= 0 {
			end += start
		}
	}
	if end < 0 {
		p.pos = start
		return
	}
	p.phrase.comment = strings.TrimSpace(p.text[start:end])
	p.pos = end + 1
}

// word takes one: atoms, encoded words and quoted strings that touch each
// other. A quoted string that touches nothing loses its quotes.
func (p *addressParser) word() {
	start := p.pos
	bare := true
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; c {
		case ' ', '\t', ',', ';', ':', '(', '<', '>', ')':
			p.phrase.add(p.text[start:p.pos], bare)
			return
		case '"':
			if p.quoted(start) {
				return
			}
		case '[': // the number of a host, which may have colons
			const longest = 100
			rest := p.text[p.pos:]
			p.pos += 1 + max(0, strings.IndexByte(rest[:min(len(rest), longest)], ']'))
		case '=':
			if strings.HasPrefix(p.text[p.pos:], "=?") {
				if word, ok := p.words.at(p.pos); ok {
					p.pos = word.end
					continue
				}
			}
			p.pos++
		default:
			p.pos++
		}
	}
	p.phrase.add(p.text[start:p.pos], bare)
}

// quoted takes a quoted string of a word that began at start. It is true if
// that was the whole word, which then is added.
func (p *addressParser) quoted(start int) bool {
	end := -1
	if !p.noQuote {
		end = closeQuote(p.text, p.pos+1)
		p.noQuote = end < 0
	}
	if end < 0 { // not closed: it is only a mark
		if p.pos == start {
			p.pos++
			return true
		}
		p.phrase.add(p.text[start:p.pos], true)
		p.pos++
		return true
	}
	whole := p.pos == start && (end+1 == len(p.text) || strings.IndexByte(" \t,;:(<>", p.text[end+1]) >= 0)
	if whole {
		if text := strings.TrimSpace(unquote(p.text[p.pos+1 : end])); text != "" {
			p.phrase.add(text, false)
		}
	}
	p.pos = end + 1
	return whole
}
