package message

import "strings"

// MessageID is the identifier of Message-ID, with <> around it; "" if there is
// none. It goes through the field once, however long: go-message's takes 65 s
// for a comment of 1 MB.
func (h *Header) MessageID() string {
	const longest = 998 // octets: RFC 5322's longest line
	raw, _ := h.Raw("Message-ID")
	for strings.HasPrefix(raw, "(") {
		end := closeComment(raw, 1)
		if end < 0 {
			break
		}
		raw = strings.TrimLeft(raw[end+1:], " \t\r\n")
	}
	_, id, ok := strings.Cut(raw, "<")
	id, _, closed := strings.Cut(id, ">")
	if !ok || !closed {
		id = raw // some leave the <> out
		if len(id) > longest || strings.ContainsAny(id, " \t\r\n<>") {
			return ""
		}
	}
	if id = strings.Join(strings.Fields(id[:min(len(id), 2*longest)]), ""); id == "" || len(id) > longest {
		return ""
	}
	return strings.ToValidUTF8("<"+id+">", "\uFFFD")
}

// ListID is the identifier of List-Id (RFC 2919), without its <>, in lower
// case; "" if there is none.
func (h *Header) ListID() string {
	value, _ := h.Value("List-Id")
	_, id, ok := cutLast(value, '<')
	id, _, closed := strings.Cut(id, ">")
	if ok && closed {
		return strings.ToLower(strings.TrimSpace(id))
	}
	if strings.ContainsAny(value, " \t<>") {
		return ""
	}
	return strings.ToLower(value) // some lists leave the <> out
}

// FromList reports whether a field is there that mailing lists add: List-Id,
// List-Unsubscribe or List-Post (RFC 2369), or the older Mailing-List.
func (h *Header) FromList() bool {
	return h.Has("List-Id") || h.Has("List-Unsubscribe") || h.Has("List-Post") || h.Has("Mailing-List")
}
