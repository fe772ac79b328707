package message

import (
	"fmt"
	"html"
	"strings"

	"github.com/inbucket/html2text"
)

// htmlText makes text of HTML by html2text, of what simpleHTML leaves of it.
// It is cut if some of the HTML was not looked at.
func htmlText(document string, found *defects) (text string, cut bool) {
	if len(document) > MaxHTML {
		found.note("HTML is longer than %d octets", MaxHTML)
		document, cut = string(clip([]byte(document), MaxHTML)), true
	}
	simple, whole := simpleHTML(document)
	if !whole {
		found.note("HTML has more than %d tags", MaxTags)
		cut = true
	}
	text, err := convert(simple)
	if err != nil {
		found.note("HTML cannot be read")
		text = strip(simple)
	}
	return strings.ToValidUTF8(text, "\uFFFD"), cut
}

// convert calls html2text. Whatever it may do with what a stranger wrote, it
// does not end the program.
func convert(document string) (text string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("html2text: %v", r)
		}
	}()
	return html2text.FromString(document)
}

// strip leaves the tags out of simple HTML.
func strip(simple string) string {
	var text strings.Builder
	for simple != "" {
		before, after, _ := strings.Cut(simple, "<")
		text.WriteString(before)
		_, simple, _ = strings.Cut(after, ">")
		text.WriteByte(' ')
	}
	return strings.TrimSpace(html.UnescapeString(text.String()))
}
