package message

import (
	"bytes"
	"time"
)

// A Header is what stands before the first blank line of a message or a part.
// Nothing in it is decoded before it is asked for. A Header is not safe for
// concurrent use.
type Header struct {
	octets  []byte
	fields  []field
	found   defects // by the scan
	checked bool    // the octets were looked at for more
	charset *string // of the body; nil until it is asked for
	room    [32]field
}

// ParseHeader indexes the fields of a header, or of the header that a whole
// message begins with. It keeps the octets, which must not change.
func ParseHeader(octets []byte) *Header {
	h := new(Header)
	h.scanHeader(octets, nil)
	return h
}

// Octets is the header as it came, with the blank line.
func (h *Header) Octets() []byte { return h.octets }

// Has reports whether there is a field of that name, in any case.
func (h *Header) Has(name string) bool { return h.index(name, 0) >= 0 }

// Raw is the value of the first field of that name as it came: what is behind
// the colon, folding and all, without the blanks around it.
func (h *Header) Raw(name string) (string, bool) {
	raw, ok := h.first(name)
	return string(raw), ok
}

// Value is the value of the first field of that name: unfolded, encoded words
// (RFC 2047) decoded, raw 8-bit octets guessed. It is one line of valid UTF-8,
// made from MaxValue octets at most.
func (h *Header) Value(name string) (string, bool) {
	raw, ok := h.first(name)
	return h.decode(raw), ok
}

// Values are the values of all fields of that name, as Value has them.
func (h *Header) Values(name string) []string {
	var values []string
	for i := h.index(name, 0); i >= 0; i = h.index(name, i+1) {
		values = append(values, h.decode(h.raw(i)))
	}
	return values
}

// Subject is the value of Subject, "" if there is none.
func (h *Header) Subject() string {
	subject, _ := h.Value("Subject")
	return subject
}

// Addresses are those of all fields of that name, MaxAddresses at most.
func (h *Header) Addresses(name string) []Address { return h.addresses(name, MaxAddresses) }

// From is the first address of From, or else of Sender; zero if there is none.
func (h *Header) From() Address {
	for _, name := range [...]string{"From", "Sender"} {
		if all := h.addresses(name, 1); len(all) > 0 {
			return all[0]
		}
	}
	return Address{}
}

func (h *Header) addresses(name string, most int) []Address {
	var all []Address
	for i := h.index(name, 0); i >= 0 && len(all) < most; i = h.index(name, i+1) {
		all = parseAddresses(all, h.text(h.raw(i)), most)
	}
	return all
}

// Date is the date of Date.
func (h *Header) Date() (time.Time, bool) {
	raw, _ := h.first("Date")
	t, err := ParseDate(h.text(raw))
	return t, err == nil
}

// Received is the date of the topmost Received field that has one: when the
// last server took the message.
func (h *Header) Received() (time.Time, bool) {
	for i := h.index("Received", 0); i >= 0; i = h.index("Received", i+1) {
		raw := h.raw(i)
		semicolon := bytes.LastIndexByte(raw, ';')
		if t, err := ParseDate(h.text(raw[semicolon+1:])); semicolon >= 0 && err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Defects says what is wrong with the header, each kind once, MaxDefects at
// most.
func (h *Header) Defects() []string {
	if !h.checked {
		h.checked = true
		h.check()
	}
	return h.found.sentences()
}

// check looks for what does not matter to the scan.
func (h *Header) check() {
	if len(h.octets) > MaxHeader {
		h.found.note("header is longer than %d octets", MaxHeader)
	}
	if n := bytes.Count(h.octets, []byte("\n")) - bytes.Count(h.octets, []byte("\r\n")); n > 0 {
		h.found.note("header has %d lines that end in a bare LF", n)
	}
	if n := bytes.Count(h.octets, []byte("\r")) - bytes.Count(h.octets, []byte("\r\n")); n > 0 {
		h.found.note("header has %d bare CR", n)
	}
	if n := bytes.Count(h.octets, []byte{0}); n > 0 {
		h.found.note("header has %d NUL", n)
	}
	for i, f := range h.fields {
		if raw := h.raw(i); len(raw) > MaxValue {
			h.found.note("field %.40q is longer than %d octets", h.octets[f.start:f.name], MaxValue)
		}
		if !isASCII(h.octets[f.start:f.name]) {
			h.found.note("field name %.40q is not ASCII", h.octets[f.start:f.name])
		}
	}
}

// index finds the first field of that name from the given one on; -1 if there
// is none.
func (h *Header) index(name string, from int) int {
	for i := from; i < len(h.fields); i++ {
		f := &h.fields[i]
		if int(f.name-f.start) == len(name) && sameName(h.octets[f.start:f.name], name) {
			return i
		}
	}
	return -1
}

// first is what the first field of that name holds.
func (h *Header) first(name string) ([]byte, bool) {
	if i := h.index(name, 0); i >= 0 {
		return h.raw(i), true
	}
	return nil, false
}

// raw is the value of a field as it came.
func (h *Header) raw(i int) []byte {
	f := h.fields[i]
	return bytes.Trim(h.octets[f.value:f.end], " \t\r\n")
}

// sameName compares names of fields, whose lengths are the same.
func sameName(octets []byte, name string) bool {
	for i, c := range octets {
		if d := name[i]; c != d && lower(c) != lower(d) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
