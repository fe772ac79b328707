package luastd_test

import (
	_ "embed"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/luastd"
)

var update = flag.Bool("update", false, "take golden.txt from lua5.1")

//go:embed testdata/golden.lua
var goldenLua string

//go:embed testdata/golden.txt
var goldenText string

// The chunk is called stdin by lua5.1, and so here.
func TestGolden(t *testing.T) {
	h := open(t, luastd.Options{})
	got, err := h.runChunk(t.Context(), "stdin", goldenLua)
	if err != nil {
		t.Fatalf("after\n%s\n%v", got, err)
	}
	sameLines(t, got, goldenText)
}

func TestGoldenIsWhatLua51Says(t *testing.T) {
	got := realLua(t, goldenLua, "")
	if *update {
		if err := os.WriteFile("testdata/golden.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	sameLines(t, goldenText, got)
}

func sameLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) {
			t.Fatalf("got %d lines, want %d", len(g), len(w))
		}
		if g[i] != w[i] {
			t.Errorf("line %d:\ngot  %s\nwant %s", i+1, g[i], w[i])
		}
	}
}
