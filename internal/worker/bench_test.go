package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// BenchmarkStart is a whole run of a worker that does nothing; ready-ms is the
// time until its first event.
func BenchmarkStart(b *testing.B) {
	var ready time.Duration
	var memory int64
	for b.Loop() {
		begun := time.Now()
		s, err := start(options("once", "").filled())
		if err != nil {
			b.Fatal(err)
		}
		s.Event = func(byte, []byte) error {
			ready += time.Since(begun)
			memory = max(memory, s.gauge.read())
			return nil
		}
		end, err := s.supervise(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		check(b, end, Done, "")
	}
	b.ReportMetric(float64(ready.Microseconds())/1000/float64(b.N), "ready-ms/op")
	b.ReportMetric(float64(memory)/(1<<20), "MB")
}

// BenchmarkQuestion is one question and its answer.
func BenchmarkQuestion(b *testing.B) {
	o := options("ask", strconv.Itoa(b.N))
	o.Answer = func(context.Context, byte, []byte) ([]byte, error) { return []byte("answer"), nil }
	check(b, run(b, b.Context(), o), Done, "")
}

func BenchmarkEvents(b *testing.B) {
	for _, size := range []int{64, 4 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(size))
			o := options("many", string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(size)), uint32(b.N))))
			o.Event = func(byte, []byte) error { return nil }
			check(b, run(b, b.Context(), o), Done, "")
		})
	}
}
