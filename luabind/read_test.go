package luabind

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
)

// A long text is so many octets, which take no memory.
type longText struct{ left int }

func (t *longText) Read(p []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), t.left)
	clear(p[:n])
	t.left -= n
	return n, nil
}

// A message that is as long as was announced needs its own size, and a little;
// one that is announced to be long and is not needs nothing for that.
func TestReadAll(t *testing.T) {
	const mega = 1 << 20
	for _, c := range []struct {
		name            string
		sent, announced int
		most            int // octets made in all
	}{
		{"as announced", 32 * mega, 32 * mega, 34 * mega},
		{"a little more than announced", 32*mega + 500, 32 * mega, 34 * mega},
		{"half of what was announced", 32 * mega, 64 * mega, 66 * mega},
		{"announced and not sent", mega, 200 * mega, 2 * mega},
		{"announced beyond all bounds", 2 * mega, 1 << 40, 16 * mega},
		{"not announced", 2 * mega, 0, 16 * mega},
		{"small", 1000, 1000, mega},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		octets, err := readAll(make([]byte, 0, firstRoom(int64(c.announced))), &longText{c.sent}, int64(c.announced))
		runtime.ReadMemStats(&after)
		if err != nil || len(octets) != c.sent {
			t.Errorf("%s: got %d octets, %v, want %d", c.name, len(octets), err, c.sent)
		}
		if made := int(after.TotalAlloc - before.TotalAlloc); made > c.most {
			t.Errorf("%s: made %d octets of memory, want at most %d", c.name, made, c.most)
		}
	}
}

func TestReadAllFails(t *testing.T) {
	octets, err := readAll(nil, io.MultiReader(bytes.NewReader([]byte("begun")), failing{}), 10)
	if string(octets) != "begun" || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %q, %v", octets, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
