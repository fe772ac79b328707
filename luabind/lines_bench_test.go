package luabind

import (
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// BenchmarkLines tells what it costs to give Lua 1,000 lines as a table, as
// the mirror does, and as one string, in turns, and their ratio.
func BenchmarkLines(b *testing.B) {
	text := []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 1000))
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	var table, whole time.Duration
	for b.Loop() {
		start := time.Now()
		var lines lineTexts
		if _, err := lines.Write(text); err != nil {
			b.Fatal(err)
		}
		L.Push(lines.table(L))
		table += time.Since(start)

		start = time.Now()
		L.Push(lua.LString(text))
		whole += time.Since(start)
		L.SetTop(0)
	}
	b.ReportMetric(float64(table.Nanoseconds())/float64(b.N), "ns/table")
	b.ReportMetric(float64(whole.Nanoseconds())/float64(b.N), "ns/string")
	b.ReportMetric(float64(table)/float64(whole), "x-string")
}
