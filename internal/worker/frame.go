package worker

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Limits of what one frame holds, in octets.
const (
	// MaxFrame is the most that an event, a question or an answer may hold.
	MaxFrame = 16 << 20
	// MaxWhole is the most that the job or the result may hold.
	MaxWhole = 64 << 20
)

// What a frame is. Each goes one way only.
const (
	frameLimits   byte = 'L' // to the worker: first, what it must set on itself
	frameJob      byte = 'J' // to the worker: second
	frameAnswer   byte = 'A' // to the worker: one for each question, in their order
	frameRefusal  byte = 'N' // to the worker: instead of an answer, why there is none
	frameEvent    byte = 'E' // from the worker
	frameQuestion byte = 'Q' // from the worker
	frameResult   byte = 'R' // from the worker: last
)

// A frame on the pipe is one octet of what, one of kind, four of length (most
// significant first), and the payload.
type frame struct {
	what    byte
	kind    byte // the caller's, of events and questions
	payload []byte
}

const (
	headerLen  = 6
	smallFrame = 8 << 10 // is written in one call
)

// bounds say how long the frames that may come one way are.
type bounds map[byte]int

var (
	toWorker   = bounds{frameLimits: limitsLen, frameJob: MaxWhole, frameAnswer: MaxFrame, frameRefusal: MaxFrame}
	fromWorker = bounds{frameEvent: MaxFrame, frameQuestion: MaxFrame, frameResult: MaxWhole}
)

// frameError is a frame that no honest peer sends.
type frameError struct{ reason string }

func (e *frameError) Error() string { return "frame: " + e.reason }

// frameReader takes frames from a pipe.
type frameReader struct {
	in     *bufio.Reader
	bounds bounds
	buf    []byte
}

func newFrameReader(in io.Reader, b bounds) *frameReader {
	return &frameReader{in: bufio.NewReaderSize(in, 64<<10), bounds: b}
}

// next returns the next frame. Its payload is good until the next call. The
// error is io.EOF between frames, io.ErrUnexpectedEOF within one, and a
// *frameError for a frame that breaks the bounds.
func (r *frameReader) next() (frame, error) {
	var head [headerLen]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{what: head[0], kind: head[1]}
	n := binary.BigEndian.Uint32(head[2:])
	most, known := r.bounds[f.what]
	switch {
	case !known:
		return frame{}, &frameError{fmt.Sprintf("%#02x begins none", f.what)}
	case uint64(n) > uint64(most):
		return frame{}, &frameError{fmt.Sprintf("%d octets in %q, more than %d", n, f.what, most)}
	}
	var err error
	f.payload, err = r.payload(int(n))
	return f, err
}

// payload reads n octets. Memory grows with what has come, not with what was
// announced.
func (r *frameReader) payload(n int) ([]byte, error) {
	r.buf = r.buf[:0]
	for len(r.buf) < n {
		have := len(r.buf)
		step := min(n-have, max(have, 64<<10))
		r.buf = slices.Grow(r.buf, step)[:have+step]
		if _, err := io.ReadFull(r.in, r.buf[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.buf, nil
}

// keep leaves the last payload to the caller for good.
func (r *frameReader) keep() { r.buf = nil }

// appendHeader appends what stands before a payload.
func appendHeader(b []byte, what, kind byte, payload int) []byte {
	return binary.BigEndian.AppendUint32(append(b, what, kind), uint32(payload))
}

// writeFrame writes one frame, in one call if it fits the scratch buffer: a
// call costs as much as copying some 10 KB.
func writeFrame(w io.Writer, scratch []byte, f frame) error {
	b := appendHeader(scratch[:0], f.what, f.kind, len(f.payload))
	if len(f.payload) <= cap(b)-len(b) {
		_, err := w.Write(append(b, f.payload...))
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err := w.Write(f.payload)
	return err
}

// tooLong says that a payload fits in no frame.
func tooLong(what byte, n, most int) error {
	name := map[byte]string{
		frameJob: "job", frameAnswer: "answer", frameRefusal: "refusal",
		frameEvent: "event", frameQuestion: "question", frameResult: "result",
	}[what]
	return fmt.Errorf("%s: %d octets, more than %d", name, n, most)
}
