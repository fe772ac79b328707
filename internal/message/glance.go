package message

// MaxGlance is how many octets of a message Glance looks at.
const MaxGlance = 16 << 10

// Glance finds From and Subject in the first octets of a message, for people
// to recognise it by: unfolded, decoded (RFC 2047) where that is possible, and
// at most 200 octets each, with "..." where one was cut. It fails on nothing;
// a field that is not there is empty.
func Glance(octets []byte) (from, subject string) {
	h := ParseHeader(octets[:min(len(octets), MaxGlance)])
	return h.glance("From"), h.glance("Subject")
}

func (h *Header) glance(name string) string {
	const most = 200
	value, _ := h.Value(name)
	if len(value) > most {
		value = string(clip([]byte(value), most)) + "..."
	}
	return value
}
