package pop3server

import "fmt"

// A drop is the maildrop as this session sees it: what List returned, and the
// marks.
type drop struct {
	messages []Message
	marked   []bool
	count    int   // not marked
	octets   int64 // of those not marked
}

// newDrop checks what a session listed: a unique-id with a line end in it
// would let mail write replies.
func newDrop(messages []Message) (drop, error) {
	d := drop{messages: messages, marked: make([]bool, len(messages))}
	for i, m := range messages {
		if m.Octets < 0 {
			return drop{}, fmt.Errorf("message %d has %d octets", i+1, m.Octets)
		}
		if !validUniqueID(m.UniqueID) {
			return drop{}, fmt.Errorf("message %d has the unique-id %q, not 1 to 70 printable octets", i+1, m.UniqueID)
		}
	}
	d.reset()
	return d, nil
}

func validUniqueID(id string) bool {
	for i := range len(id) {
		if id[i] < '!' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= 70
}

// mark marks a message that is not.
func (d *drop) mark(index int) {
	d.marked[index] = true
	d.count--
	d.octets -= d.messages[index].Octets
}

// reset takes all marks back.
func (d *drop) reset() {
	clear(d.marked)
	d.count, d.octets = len(d.messages), 0
	for _, m := range d.messages {
		d.octets += m.Octets
	}
}

// deleted returns the indexes of the messages marked.
func (d *drop) deleted() []int {
	var indexes []int
	for i, marked := range d.marked {
		if marked {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// String describes the maildrop in RFC 1939's own words.
func (d *drop) String() string {
	if d.count == 1 {
		return fmt.Sprintf("1 message (%d octets)", d.octets)
	}
	return fmt.Sprintf("%d messages (%d octets)", d.count, d.octets)
}
