package maildrop

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestLineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stored := []byte(rapid.StringOfN(rapid.RuneFrom([]rune("a.\r\n")), 0, 50, -1).Draw(t, "stored"))
		want := slowLineEnds(stored)
		readers := []io.Reader{bytes.NewReader(stored), iotest.OneByteReader(bytes.NewReader(stored)), iotest.DataErrReader(bytes.NewReader(stored))}
		for _, r := range readers {
			got, err := io.ReadAll(iotest.OneByteReader(&lineEnds{ReadCloser: io.NopCloser(r)}))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q: got %q, %v, want %q", stored, got, err, want)
			}
		}
	})
}

// slowLineEnds is what lineEnds should read.
func slowLineEnds(stored []byte) []byte {
	var out []byte
	for i, c := range stored {
		if c == '\n' && (i == 0 || stored[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

func TestCanonicalSizesAreTrue(t *testing.T) {
	dir := t.TempDir()
	for name, stored := range map[string]string{
		"a.eml": "a: b\n\nc\n.\nd\n",
		"b.eml": "a: b\r\n\r\nc",
		"c.eml": "",
		"d.eml": "x\r",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(stored), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source, err := OpenWith(dir, Options{CanonicalLines: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{int64(len("a: b\r\n\r\nc\r\n.\r\nd\r\n")), int64(len("a: b\r\n\r\nc\r\n")), 0, int64(len("x\r\r\n"))}
	for i, m := range source.drop.messages() {
		if m.Octets != want[i] {
			t.Errorf("message %d: got %d octets, want %d", i+1, m.Octets, want[i])
		}
	}
}
