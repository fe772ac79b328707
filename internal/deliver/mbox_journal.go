package deliver

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/atomicfile"
)

// journal is the file beside an mbox. It is only touched while the mbox is
// locked. Its lines:
//
//	batch START END BEFORE "HEAD"   before a batch is appended
//	id ID OFFSET LENGTH SUM         a message of that batch
//	done START END                  when the batch lasts, or was cut off
//
// A line that makes no sense is passed over: then a message may be delivered
// again.
type journal struct {
	fs     atomicfile.FS
	path   string
	file   fs.FileInfo // which was read
	offset int64       // up to which it was read
	places map[key]place
	spans  []batch // not done
}

// place is what the journal says of a message.
type place struct {
	offset, length int64
	sum            [16]byte
}

// batch is a span not done, and where its messages begin.
type batch struct {
	span
	starts []int64
}

const (
	journalHead = "popherd's deliveries to this mbox, version 1\n"
	// maxJournal is the size from which the older half is dropped: more than
	// a hundred thousand messages.
	maxJournal = 16 << 20
	maxLine    = 4096 // octets; longer ones are not ours
)

func (j *journal) knows(id string) bool {
	_, ok := j.places[keyOf(id)]
	return ok
}

// verify reports whether the mbox holds a message as the journal says.
func (j *journal) verify(id string, in io.ReaderAt) (bool, error) {
	p, ok := j.places[keyOf(id)]
	if !ok {
		return false, nil
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(in, p.offset, p.length))
	if err != nil {
		return false, err
	}
	if n == p.length && [16]byte(h.Sum(nil)) == p.sum {
		return true, nil
	}
	delete(j.places, keyOf(id))
	return false, nil
}

// refresh reads what was added since the journal was read, by anybody.
func (j *journal) refresh() error {
	f, err := j.fs.OpenFile(j.path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		j.forget()
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if j.file == nil || !os.SameFile(j.file, info) || info.Size() < j.offset {
		j.forget()
	}
	j.file = info
	return j.read(io.NewSectionReader(f, j.offset, info.Size()-j.offset))
}

func (j *journal) forget() {
	j.file, j.offset, j.places, j.spans = nil, 0, map[key]place{}, nil
}

// read takes the lines that follow offset.
func (j *journal) read(r io.Reader) error {
	br := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := br.ReadSlice('\n')
		if j.offset == 0 && len(line) > 0 && string(line) != journalHead {
			return fmt.Errorf("journal %q is not one that this popherd reads: move it away; what it knows may be delivered again", j.path)
		}
		j.offset += int64(len(line))
		switch {
		case err == nil:
			j.line(string(line[:len(line)-1]))
		case errors.Is(err, io.EOF):
			return nil // a line cut short by a crash is no line
		case !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

func (j *journal) line(line string) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "batch":
		var s span
		if n, err := fmt.Sscanf(rest, "%d %d %16s %q", &s.start, &s.end, &s.before, &s.head); n == 4 && err == nil && 0 <= s.start && s.start < s.end {
			j.spans = append(j.spans, batch{span: s})
		}
	case "done":
		var s span
		if n, err := fmt.Sscanf(rest, "%d %d", &s.start, &s.end); n == 2 && err == nil {
			j.drop(s)
		}
	case "id":
		j.message(strings.Split(rest, " "))
	}
}

// drop forgets a batch that is done.
func (j *journal) drop(s span) {
	for i, b := range j.spans {
		if b.start == s.start && b.end == s.end {
			j.spans = append(j.spans[:i:i], j.spans[i+1:]...)
			return
		}
	}
}

func (j *journal) message(words []string) {
	if len(words) != 4 || !validID(words[0]) {
		return
	}
	var p place
	var err1, err2, err3 error
	p.offset, err1 = strconv.ParseInt(words[1], 10, 64)
	p.length, err2 = strconv.ParseInt(words[2], 10, 64)
	var sum []byte
	sum, err3 = hex.DecodeString(words[3])
	if err1 != nil || err2 != nil || err3 != nil || p.offset < 0 || p.length <= 0 || p.offset+p.length < p.offset || len(sum) != len(p.sum) {
		return
	}
	p.sum = [16]byte(sum)
	j.places[keyOf(words[0])] = p
	if n := len(j.spans); n > 0 {
		j.spans[n-1].starts = append(j.spans[n-1].starts, p.offset)
	}
}

// intend writes down a batch before it is appended, so that it lasts.
func (j *journal) intend(s span, entries []entry) error {
	var text strings.Builder
	fmt.Fprintf(&text, "batch %d %d %s %q\n", s.start, s.end, s.before, s.head)
	for _, e := range entries {
		text.WriteString("id " + e.id + " " + strconv.FormatInt(e.offset, 10) + " " + strconv.FormatInt(e.length, 10) + " " + hex.EncodeToString(e.sum[:]) + "\n")
	}
	return j.add(text.String())
}

// settle writes down that batches last, or were cut off.
func (j *journal) settle(spans []span) error {
	var text strings.Builder
	for _, s := range spans {
		fmt.Fprintf(&text, "done %d %d\n", s.start, s.end)
	}
	return j.add(text.String())
}

// add appends lines, so that they last. What it adds is its own, and not read
// again.
func (j *journal) add(text string) error {
	if err := j.refresh(); err != nil {
		return err
	}
	f, err := j.fs.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	made := j.file == nil
	if made {
		text = journalHead + text
	} else if !j.whole(f) {
		text = "\n" + text
	}
	if _, err = f.WriteAt([]byte(text), j.offset); err == nil {
		err = f.Sync()
	}
	if err == nil {
		j.file, err = f.Stat()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	j.offset += int64(len(text))
	if made {
		return j.fs.SyncDir(filepath.Dir(j.path))
	}
	return nil
}

// whole reports whether the last line has its end.
func (j *journal) whole(f io.ReaderAt) bool {
	var last [1]byte
	_, err := f.ReadAt(last[:], j.offset-1)
	return err == nil && last[0] == '\n'
}

// shorten drops the older half of a journal that has grown large.
func (j *journal) shorten(suffix string) error {
	if j.offset < maxJournal {
		return nil
	}
	f, err := j.fs.OpenFile(j.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	newer := bufio.NewReader(io.NewSectionReader(f, j.offset/2, j.offset-j.offset/2))
	if _, err := newer.ReadString('\n'); err != nil {
		return err
	}
	err = atomicfile.Write(j.fs, j.path, suffix, 0o600, func(w io.Writer) error {
		_, err := io.WriteString(w, journalHead)
		if err == nil {
			_, err = io.Copy(w, newer)
		}
		return err
	})
	if err != nil {
		return err
	}
	return j.refresh()
}
