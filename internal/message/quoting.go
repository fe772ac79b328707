package message

import "strings"

// closeQuote finds the quote that ends a quoted string; -1 if there is none.
func closeQuote(text string, i int) int {
	for ; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// closeComment finds the ) that ends a comment; -1 if there is none.
func closeComment(text string, i int) int {
	depth := 1
	for ; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// withoutComments leaves comments out; one that is not closed stays.
func withoutComments(text string) string {
	start := strings.IndexByte(text, '(')
	if start < 0 {
		return text
	}
	var rest strings.Builder
	for start >= 0 {
		end := closeComment(text, start+1)
		if end < 0 {
			break
		}
		rest.WriteString(text[:start])
		text = text[end+1:]
		start = strings.IndexByte(text, '(')
	}
	rest.WriteString(text)
	return rest.String()
}

// unquote takes away the backslashes that stand before what they quote. Others
// stay: they are in Windows paths, and in names that nobody quoted.
func unquote(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`"\(),`, text[i+1]) >= 0 {
			i++
		}
		plain = append(plain, text[i])
	}
	return string(plain)
}

// cutLast cuts a text at the last such octet.
func cutLast(text string, c byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(text, c); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}
