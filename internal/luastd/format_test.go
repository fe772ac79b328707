package luastd_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

func (h *host) format(args ...lua.LValue) (string, error) {
	base := h.GetTop()
	defer h.SetTop(base)
	h.Push(h.GetField(h.GetGlobal("string"), "format"))
	for _, arg := range args {
		h.Push(arg)
	}
	if err := h.PCall(len(args), 1, nil); err != nil {
		return "", err
	}
	return h.Get(-1).String(), nil
}

// Go's fmt pads and rounds as C's printf does, where both have the verb.
func FuzzFormat(f *testing.F) {
	f.Add("%5.2f|", 3.14159, "text")
	f.Add("%-10d%s", 42.0, "x")
	f.Add("%+.3e", -1e-300, "")
	f.Add("%99.99f", 1e300, "")
	f.Add("%v%#v%p%T", 1.0, "x")
	f.Add("%q%c%o", 8.0, "a\n")
	h := open(f, luastd.Options{})
	f.Fuzz(func(t *testing.T, format string, number float64, text string) {
		both := lua.LValue(lua.LNumber(number))
		got, err := h.format(lua.LString(format), both, both, both)
		if err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatalf("format(%q, %v): %v", format, number, err)
		}
		if err == nil && strings.Contains(got, "%!") && !strings.Contains(format, "!") {
			t.Fatalf("format(%q, %v) = %q is Go's", format, number, got)
		}
		flags := strings.TrimLeft(format, "%")
		for _, verb := range "edf" {
			if math.IsNaN(number) || math.IsInf(number, 0) || math.Abs(number) > 1e15 || strings.Trim(flags, "-+ 123456789") != "" || len(flags) > 2 {
				return
			}
			spec := "%" + flags + string(verb)
			want := fmt.Sprintf(spec, number)
			if verb == 'd' {
				want = fmt.Sprintf(spec, int64(number))
			}
			if got, err := h.format(lua.LString(spec), both); err == nil && got != want {
				t.Errorf("format(%q, %v)\ngot  %q\nwant %q", spec, number, got, want)
			}
		}
	})
}

// A password in a host object stays there, whatever a script formats it with.
func TestFormatShowsNothingOfUserdata(t *testing.T) {
	h := open(t, luastd.Options{})
	ud := h.NewUserData()
	ud.Value = struct{ Password string }{"hunter2"}
	h.SetGlobal("session", ud)
	for _, verb := range strings.Split("v +v #v p d i s q x X c e f g T U w t b", " ") {
		got, err := h.run(t.Context(), fmt.Sprintf("print(string.format('%%%s', session))", verb))
		if err != nil {
			got = err.Error()
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("%%%s shows %q", verb, got)
		}
		if err == nil && verb != "s" {
			t.Errorf("%%%s of userdata is no error but %q", verb, got)
		}
	}
}
