package message

import "strings"

// An AuthResult is one result of Authentication-Results (RFC 8601): what a
// server says it found out about the sender. Only the fields that one's own
// server added mean anything; everybody can write one.
type AuthResult struct {
	Server     string            // that says so
	Method     string            // "spf", "dkim", "dmarc", in lower case
	Result     string            // "pass", "fail", in lower case
	Reason     string            // "" mostly
	Properties map[string]string // "smtp.mailfrom" -> value; the names in lower case
}

// AuthResults are those of all Authentication-Results fields, topmost first,
// MaxResults at most.
func (h *Header) AuthResults() []AuthResult {
	var all []AuthResult
	for i := h.index("Authentication-Results", 0); i >= 0 && len(all) < MaxResults; i = h.index("Authentication-Results", i+1) {
		all = append(all, parseAuthResults(h.text(h.raw(i)))...)
	}
	return all[:min(len(all), MaxResults)]
}

// parseAuthResults reads "server version; method=result name=value; ...".
func parseAuthResults(text string) []AuthResult {
	var all []AuthResult
	var server string
	statement := 0
	tokens := tokenizer{text: text}
	var words []string
	for more := true; more && len(all) < MaxResults; {
		var token string
		token, more = tokens.next()
		if more && token != ";" {
			words = append(words, token)
			continue
		}
		switch {
		case statement == 0 && len(words) > 0 && !strings.Contains(words[0], "="):
			server = words[0]
		default:
			if one, ok := authResult(server, words); ok {
				all = append(all, one)
			}
		}
		statement++
		words = words[:0]
	}
	return all
}

// authResult reads one statement: its words are name=value.
func authResult(server string, words []string) (AuthResult, bool) {
	const mostProperties = 50
	if len(words) == 0 {
		return AuthResult{}, false
	}
	method, result, ok := strings.Cut(words[0], "=")
	method, _, _ = strings.Cut(method, "/") // a version
	one := AuthResult{Server: server, Method: strings.ToLower(method), Result: strings.ToLower(result)}
	for _, word := range words[1:] {
		name, value, found := strings.Cut(word, "=")
		switch name = strings.ToLower(name); {
		case !found:
		case name == "reason":
			one.Reason = value
		case len(one.Properties) < mostProperties:
			if one.Properties == nil {
				one.Properties = map[string]string{}
			}
			one.Properties[name] = value
		}
	}
	return one, ok && one.Method != ""
}

// A tokenizer takes words, with quotes and comments taken out and blanks
// around "=" left out, and semicolons.
type tokenizer struct {
	text               string
	pos                int
	noQuote, noComment bool // there is no end of one, so its begin is a mark
}

// next is the next word or semicolon; more is false at the end.
func (t *tokenizer) next() (token string, more bool) {
	var word strings.Builder
	for t.pos < len(t.text) {
		c := t.text[t.pos]
		switch {
		case c == ';' && word.Len() > 0:
			return word.String(), true
		case c == ';':
			t.pos++
			return ";", true
		case c == '(' && !t.noComment:
			t.comment()
			continue
		case c == '"' && !t.noQuote:
			word.WriteString(t.quoted())
			continue
		case isBlank(c):
			rest := strings.TrimLeft(t.text[t.pos:], " \t")
			t.pos = len(t.text) - len(rest)
			if word.Len() > 0 && !strings.HasSuffix(word.String(), "=") && !strings.HasPrefix(rest, "=") {
				return word.String(), true
			}
			continue
		default:
			word.WriteByte(c)
		}
		t.pos++
	}
	return word.String(), word.Len() > 0
}

func (t *tokenizer) comment() {
	end := closeComment(t.text, t.pos+1)
	if end < 0 {
		t.noComment = true
		return
	}
	t.pos = end + 1
}

func (t *tokenizer) quoted() string {
	end := closeQuote(t.text, t.pos+1)
	if end < 0 {
		t.noQuote = true
		return ""
	}
	text := unquote(t.text[t.pos+1 : end])
	t.pos = end + 1
	return text
}
