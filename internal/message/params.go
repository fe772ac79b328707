package message

import (
	"strconv"
	"strings"
)

// maxParams bounds the parameters of one field.
const maxParams = 100

// params are a field's value and parameters: Content-Type and its kind (RFC
// 2045), read leniently.
type params struct {
	value string // in lower case
	all   []param
}

type param struct{ name, value string } // the name in lower case

// parseParams reads "value; name=value; ...". Quotes need not be closed, nor
// semicolons be there, and a value with blanks need not be quoted.
func parseParams(text string) params {
	end := strings.IndexAny(text, "; \t(")
	if end < 0 {
		return params{value: strings.ToLower(text)}
	}
	found := params{value: strings.ToLower(text[:end])}
	for i := end; i < len(text) && len(found.all) < maxParams; {
		switch text[i] {
		case ';', ' ', '\t':
			i++
		case '(':
			if end := closeComment(text, i+1); end >= 0 {
				i = end + 1
				continue
			}
			return found
		default:
			var one param
			one, i = parseParam(text, i)
			if one.name != "" {
				found.all = append(found.all, one)
			}
		}
	}
	return found
}

// parseParam reads a parameter that begins at i, and says where it ends.
func parseParam(text string, i int) (param, int) {
	end := strings.IndexAny(text[i:], "=;")
	if end < 0 {
		return param{}, len(text)
	}
	end += i
	if text[end] == ';' {
		return param{}, end
	}
	one := param{name: strings.ToLower(strings.TrimSpace(text[i:end]))}
	i = end + 1
	for i < len(text) && isBlank(text[i]) {
		i++
	}
	if i < len(text) && text[i] == '"' {
		end := closeQuote(text, i+1)
		if end < 0 {
			end = len(text)
		}
		one.value = unquote(text[i+1 : end])
		return one, min(end+1, len(text))
	}
	end = strings.IndexByte(text[i:], ';')
	if end < 0 {
		end = len(text) - i
	}
	one.value = strings.TrimSpace(text[i : i+end])
	return one, i + end
}

// plain is the first parameter of that name as it stands.
func (p params) plain(name string) (string, bool) {
	for _, one := range p.all {
		if one.name == name {
			return one.value, true
		}
	}
	return "", false
}

// word is a parameter that has no blanks in it; what follows one, a comment
// say, is cut off.
func (p params) word(name string) string {
	value := p.text(name)
	if end := strings.IndexAny(value, " \t(;"); end >= 0 {
		value = value[:end]
	}
	return strings.Trim(value, `'"`)
}

// text is a parameter decoded: RFC 2231 with its charset and its pieces, or
// encoded words, which RFC 2047 does not allow and everybody sends.
func (p params) text(name string) string {
	if value, ok := p.plain(name + "*"); ok {
		charset, encoded := cutCharset(value)
		return fromCharset(unpercent(nil, encoded), charset, MaxValue)
	}
	if value, ok := p.pieces(name); ok {
		return value
	}
	value, _ := p.plain(name)
	if strings.Contains(value, "=?") {
		value = oneLine(decodeWords(value))
	}
	return value
}

// pieces puts together name*0, name*1* and so on, in the order of their
// numbers.
func (p params) pieces(name string) (string, bool) {
	var octets []byte
	charset := ""
	for i := range maxParams {
		key := name + "*" + strconv.Itoa(i)
		if value, ok := p.plain(key + "*"); ok {
			if i == 0 {
				charset, value = cutCharset(value)
			}
			octets = unpercent(octets, value)
		} else if value, ok := p.plain(key); ok {
			octets = append(octets, value...)
		} else if i > 0 || !p.has(name+"*1") {
			break
		}
	}
	if octets == nil {
		return "", false
	}
	text := fromCharset(octets, charset, MaxValue)
	if charset == "" && strings.Contains(text, "=?") {
		text = oneLine(decodeWords(text))
	}
	return text, true
}

// has reports whether there is a parameter of that name, or its encoded form.
func (p params) has(name string) bool {
	_, ok := p.plain(name)
	_, encoded := p.plain(name + "*")
	return ok || encoded
}

// cutCharset takes charset and language from before a value (RFC 2231).
func cutCharset(value string) (charset, rest string) {
	charset, after, ok := strings.Cut(value, "'")
	if _, rest, whole := strings.Cut(after, "'"); ok && whole {
		return charset, rest
	}
	return "", value
}

func unpercent(to []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			to = append(to, fromHex(text[i+1])<<4|fromHex(text[i+2]))
			i += 2
			continue
		}
		to = append(to, text[i])
	}
	return to
}
