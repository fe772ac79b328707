package luastd_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

// A host is a Lua state as internal/script opens one.
type host struct {
	*lua.LState
	printed strings.Builder
	close   func()
}

func open(t testing.TB, o luastd.Options) *host {
	t.Helper()
	h := &host{LState: lua.NewState(lua.Options{
		SkipOpenLibs:     true,
		CallStackSize:    200,
		RegistrySize:     1024,
		RegistryMaxSize:  256 << 10,
		RegistryGrowStep: 8192,
	})}
	for _, library := range []lua.LGFunction{lua.OpenBase, lua.OpenMath} {
		h.Push(h.NewFunction(library))
		h.Call(0, 0)
	}
	h.close = luastd.Open(h.LState, o)
	h.SetGlobal("print", h.NewFunction(h.print))
	t.Cleanup(func() {
		h.close()
		h.Close()
	})
	return h
}

func (h *host) print(L *lua.LState) int {
	for i := range L.GetTop() {
		if i > 0 {
			h.printed.WriteByte('\t')
		}
		h.printed.WriteString(luastd.ToString(L, L.Get(i+1)))
	}
	h.printed.WriteByte('\n')
	return 0
}

// run runs a script and returns what it printed.
func (h *host) run(ctx context.Context, source string) (printed string, err error) {
	return h.runChunk(ctx, "script", source)
}

func (h *host) runChunk(ctx context.Context, name, source string) (printed string, err error) {
	h.SetContext(ctx)
	h.printed.Reset()
	chunk, err := h.Load(strings.NewReader(source), name)
	if err != nil {
		return "", err
	}
	h.Push(chunk)
	err = h.PCall(0, 0, nil)
	return h.printed.String(), err
}

// script is a script whose output is known.
type script struct{ name, source, want string }

// tell runs each script in a fresh state.
func tell(t *testing.T, o luastd.Options, scripts []script) {
	t.Helper()
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			got, err := open(t, o).run(t.Context(), s.source)
			if err != nil {
				got += message(err)
			}
			if want := strings.TrimSpace(s.want); strings.TrimSpace(got) != want {
				t.Errorf("%s\ngot:\n%s\nwant:\n%s", s.source, got, want)
			}
		})
	}
}

// message is an error without gopher-lua's traceback.
func message(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\nstack traceback")
	return fmt.Sprintf("error: %s\n", text)
}
