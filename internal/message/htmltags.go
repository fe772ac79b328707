package message

import "strings"

const (
	maxNesting = 50   // tags inside each other
	maxLink    = 2000 // octets of a link that is shown
)

// tagsFor says which tags shape the text, and by which simple one: "" with a
// name that is in the table is a blank. Tags that are not in it leave no trace:
// they change the looks of a word, not where it stands.
var tagsFor = map[string]string{
	"a": "a", "br": "br", "hr": "br", "img": "img", "td": "", "th": "",
	"p": "p", "h1": "p", "h2": "p", "h3": "p", "h4": "p", "h5": "p", "h6": "p", "table": "p",
	"ul": "ul", "ol": "ul", "dl": "ul", "menu": "ul", "dir": "ul", "li": "li", "pre": "pre",
	"div": "div", "tr": "div", "dt": "div", "dd": "div", "blockquote": "div", "section": "div", "article": "div",
	"header": "div", "footer": "div", "main": "div", "nav": "div", "aside": "div", "center": "div", "form": "div",
	"fieldset": "div", "legend": "div", "address": "div", "caption": "div", "figure": "div", "figcaption": "div",
	"option": "div", "body": "div",
}

// A simplifier writes HTML anew with few kinds of tags, each closed, none deep
// inside others. html2text builds a tree, and the text of a bold word or of a
// quote once for each level that it is inside of: what strangers write can
// make it take minutes, or memory without end. It goes through the HTML once.
type simplifier struct {
	html string
	pos  int
	out  strings.Builder
	open []string
	tags int

	// What was looked for and is not there will not be looked for again.
	noTagEnd, noQuotes, noCommentEnd bool
}

// simpleHTML is the HTML that html2text gets. It is not whole if tags beyond
// MaxTags were left out.
func simpleHTML(html string) (simple string, whole bool) {
	s := simplifier{html: html}
	s.out.Grow(len(html))
	for s.pos < len(html) {
		next := strings.IndexByte(html[s.pos:], '<')
		if next < 0 {
			next = len(html) - s.pos
		}
		s.out.WriteString(html[s.pos : s.pos+next])
		if s.pos += next; s.pos < len(html) {
			s.tag()
		}
	}
	s.closeTo(0)
	return s.out.String(), s.tags <= MaxTags
}

// tag reads what begins with "<".
func (s *simplifier) tag() {
	rest := s.html[s.pos+1:]
	closing := strings.HasPrefix(rest, "/")
	name := tagName(strings.TrimPrefix(rest, "/"))
	end := -1
	switch {
	case strings.HasPrefix(rest, "!--") && !s.noCommentEnd:
		if i := strings.Index(rest, "-->"); i >= 0 {
			s.pos += i + 4
			return
		}
		s.noCommentEnd = true
		end = s.tagEnd()
	case name != "" || strings.HasPrefix(rest, "!") || strings.HasPrefix(rest, "?") || closing:
		end = s.tagEnd()
	}
	if end < 0 {
		s.out.WriteString("&lt;")
		s.pos++
		return
	}
	text := s.html[s.pos:end]
	s.pos = end + 1
	switch simple, known := tagsFor[name]; {
	case name == "script" || name == "style" || name == "title":
		if !closing {
			s.skip(name)
		}
	case !known:
	case simple == "":
		s.out.WriteByte(' ')
	case closing:
		s.end(simple)
	default:
		s.begin(simple, text)
	}
}

// tagName is the name that a tag begins with, in lower case; "" if it is none.
func tagName(text string) string {
	const longest = 10
	for i := 0; i < len(text) && i <= longest; i++ {
		c := lower(text[i])
		if 'a' <= c && c <= 'z' || i > 0 && isDigit(c) {
			continue
		}
		return strings.ToLower(text[:i])
	}
	return strings.ToLower(text[:min(len(text), longest)])
}

// tagEnd finds the ">" of a tag; -1 if there is none. One in a quoted value is
// not it.
func (s *simplifier) tagEnd() int {
	if s.noTagEnd {
		return -1
	}
	value := false // a value begins here
	for i := s.pos + 1; i < len(s.html) && !s.noQuotes; i++ {
		switch c := s.html[i]; {
		case c == '>':
			return i
		case value && (c == '"' || c == '\''):
			end := strings.IndexByte(s.html[i+1:], c)
			if end < 0 {
				s.noQuotes = true
			}
			i += end + 1
			value = false
		case c == '=':
			value = true
		case !isWhite(c):
			value = false
		}
	}
	if end := strings.IndexByte(s.html[s.pos:], '>'); end >= 0 {
		return s.pos + end
	}
	s.noTagEnd = true
	return -1
}

// skip leaves out what nobody sees; all the rest, if it is not closed.
func (s *simplifier) skip(name string) {
	for s.pos < len(s.html) {
		next := strings.Index(s.html[s.pos:], "</")
		if next < 0 {
			break
		}
		s.pos += next
		if tagName(s.html[s.pos+2:]) == name {
			return
		}
		s.pos += 2
	}
	s.pos = len(s.html)
}

// begin writes a tag that opens.
func (s *simplifier) begin(simple, text string) {
	if s.tags++; s.tags > MaxTags {
		s.out.WriteByte('\n')
		return
	}
	switch simple {
	case "br":
		s.out.WriteString("<br>")
		return
	case "img": // html2text shows pictures in links alone
		if s.inside("a") {
			s.out.WriteString(" " + strings.ReplaceAll(attribute(text, "alt"), "<", "&lt;"))
		}
		return
	case "a":
		s.link(attribute(text, "href"))
		return
	}
	for s.inside("a") || s.inside("p") || simple == "li" && s.inside("li") {
		s.closeTo(len(s.open) - 1)
	}
	if len(s.open) >= maxNesting {
		s.out.WriteString("<br>")
		return
	}
	s.open = append(s.open, simple)
	s.out.WriteString("<" + simple + ">")
}

func (s *simplifier) link(href string) {
	if s.inside("a") {
		s.closeTo(len(s.open) - 1)
	}
	if href == "" || len(href) > maxLink || len(s.open) >= maxNesting {
		return
	}
	s.open = append(s.open, "a")
	s.out.WriteString(`<a href="` + strings.ReplaceAll(href, `"`, "&quot;") + `">`)
}

// inside reports whether that tag is the innermost.
func (s *simplifier) inside(simple string) bool {
	return len(s.open) > 0 && s.open[len(s.open)-1] == simple
}

// end closes a tag and those inside it, if it is open.
func (s *simplifier) end(simple string) {
	for i := len(s.open) - 1; i >= 0; i-- {
		if s.open[i] == simple {
			s.closeTo(i)
			return
		}
	}
}

// closeTo closes all tags from a level on.
func (s *simplifier) closeTo(level int) {
	for len(s.open) > level {
		s.out.WriteString("</" + s.open[len(s.open)-1] + ">")
		s.open = s.open[:len(s.open)-1]
	}
}

// attribute is the value of an attribute of a tag, as it stands; "" if there
// is none.
func attribute(tag, name string) string {
	const around = " \t\r\n\f/"
	_, rest, _ := strings.Cut(strings.Map(oneBlank, tag), " ")
	for rest = strings.TrimLeft(rest, around); rest != ""; rest = strings.TrimLeft(rest, around) {
		end := strings.IndexAny(rest, " =")
		if end < 0 {
			return ""
		}
		key := rest[:end]
		rest = strings.TrimLeft(rest[end:], " ")
		if !strings.HasPrefix(rest, "=") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " ")
		var value string
		if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
			value, rest, _ = strings.Cut(rest[1:], rest[:1])
		} else {
			value, rest, _ = strings.Cut(rest, " ")
		}
		if strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func oneBlank(r rune) rune {
	if r == '\t' || r == '\r' || r == '\n' || r == '\f' {
		return ' '
	}
	return r
}
