package luabind

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// newSearch is a search as the modules make one, slow from the start if asked.
func newSearch(L *lua.LState, p *pattern, s string, slow bool) *search {
	f := &search{positional: positional{L, "test"}, binding: &binding{grants: &Grants{}}, s: s, pattern: p}
	if slow {
		f.work = fastWork + 1
	}
	return f
}

// One match after the other, the fast way and the slow, is what Go finds at
// once: nothing is lost by starting anew behind each.
func FuzzRe(f *testing.F) {
	for _, pattern := range []string{
		"a", "", "a*", "^a", "(?m)^", `\b`, `\Ba`, `(a)|(b)`, `(?i)ä`, `$`, `(?m)$`, `.`, `(?s).`, `\A|b`, `(?m)^a|\bb`,
		`(?U)a+`, `x*?`, `\x{FFFD}`, `[^a]`, `\pL+`, `(^|b)a`, `\Qa.b`, `(?:a|ab)(c|bcd)(d*)`, `(\b|^)*a??`, `\W\b|$`, `(?im:^A)`,
	} {
		for _, s := range []string{"", "a", "aab\nba", "äÄ a.b abcd", "\xff\xfea\x80", "a\xe4\nb", "x axx "} {
			f.Add(pattern, s)
		}
	}
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	f.Cleanup(L.Close)
	f.Fuzz(func(t *testing.T, source, s string) {
		p, err := newPattern(source, "")
		if err != nil || p.size*len(s) > 1e6 {
			return
		}
		findsAsGo(t, L, p, s)
	})
}

func findsAsGo(t *testing.T, L *lua.LState, p *pattern, s string) {
	t.Helper()
	want := p.first.FindAllStringSubmatchIndex(s, -1)
	for _, slow := range []bool{false, true} {
		var got [][]int
		search := newSearch(L, p, s, slow)
		for match := search.next(); match != nil; match = search.next() {
			got = append(got, match)
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q in %q, slow %v:\ngot  %v\nwant %v", p.source, s, slow, got, want)
		}
	}
}

// The same for patterns put together at random, most of which look back.
func TestReRandom(t *testing.T) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words []string, most int) string {
		var s strings.Builder
		for range 1 + random.IntN(most) {
			s.WriteString(words[random.IntN(len(words))])
		}
		return s.String()
	}
	words := strings.Fields(`a b ä . \w \W [ab] [^a] ^ $ \b \B \A \z (?m:^) (?m:$) * + ? *? +? ?? {2} {0,2} | ( (?: (?i: (?s: (?P<x> ) ) ) \n \x{FFFD} \Qa|\E \pL`)
	patterns := 0
	for range 12_000 {
		p, err := newPattern(pick(words, 7), []string{"", "i", "m", "s", "ims"}[random.IntN(5)])
		if err != nil {
			continue
		}
		patterns++
		for range 3 {
			findsAsGo(t, L, p, pick([]string{"a", "b", "A", "ä", "\n", " ", "\xff", "\xc3", "\uFFFD"}, 9))
		}
	}
	t.Logf("%d patterns", patterns)
	if patterns < 3_000 {
		t.Error("too few")
	}
}

// Whatever the text, its escaped form matches it, and it alone.
func FuzzReEscape(f *testing.F) {
	f.Add("a.b[c]\\d$^\xff\x80\uFFFDä\n")
	f.Fuzz(func(t *testing.T, s string) {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		defer L.Close()
		L.Push(lua.LString(s))
		reEscape(L)
		escaped := L.Get(-1).String()
		if len(escaped) > maxPattern {
			return
		}
		p, err := newPattern(escaped, "")
		if err != nil {
			t.Fatalf("%q: %v", escaped, err)
		}
		if got := p.first.FindString("x" + s + "y"); len(s) > 0 && got != s {
			t.Errorf("got %q, want %q", got, s)
		}
	})
}

// A context that ends stops a search, the script's and the calls' alike.
func TestReStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, setup := range map[string]func(*lua.LState, *Grants){
		"script": func(L *lua.LState, _ *Grants) { L.SetContext(ctx) },
		"host":   func(_ *lua.LState, g *Grants) { g.Context = func() context.Context { return ctx } },
	} {
		L := lua.NewState(lua.Options{SkipOpenLibs: true})
		g := &Grants{}
		setup(L, g)
		p, err := newPattern("(a?){50}b", "")
		if err != nil {
			t.Fatal(err)
		}
		f := newSearch(L, p, strings.Repeat("a", 1<<24), true)
		f.binding.grants = g
		err = L.GPCall(func(*lua.LState) int { return f.test() }, lua.LNil)
		if e := ErrorFrom(err); e == nil || e.Kind != KindCancelled || f.read > 1<<20 {
			t.Errorf("%s: got %v after %d octets", name, err, f.read)
		}
		L.Close()
	}
}

// A jsonState is a state with module json.
type jsonState struct {
	*lua.LState
	module *lua.LTable
}

func newJSONState() jsonState {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	return jsonState{L, (&binding{grants: &Grants{}}).newJSON(L)}
}

// call returns what a function of the module does with v, and the reason if
// that is nil.
func (s jsonState) call(t testing.TB, name string, v lua.LValue) (lua.LValue, string) {
	t.Helper()
	top := s.GetTop()
	if err := s.CallByParam(lua.P{Fn: s.module.RawGetString(name), NRet: 2, Protect: true}, v); err != nil {
		if e := ErrorFrom(err); e == nil || e.Kind != KindLimit {
			t.Fatal(err)
		}
		return lua.LNil, "limit"
	}
	defer s.SetTop(top)
	return s.Get(top + 1), s.Get(top + 2).String()
}

// JSON is what encoding/json takes for it, and comes out as it was.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"a": [1, 2.5, -3e2, 1e21, 0.1, -0], "b": {"c": true, "d": false, "e": null}}`, `[]`, `{}`, `[{},[],""]`, ` "x" `,
		`"\u00e4\n\"\/\ud83d\ude00\ud83d\u0000"`, `"` + "\xff\xe4" + `"`, `{"a":1,"a":2}`, `[1,]`, `01`, `1.`, `-`, `1e999`, `"\x"`,
		`{"` + "\xff" + `":1,"` + "\xfe" + `":2}`, `nul`, strings.Repeat("[", 101), "\"\x00\"", "[1 2]", `{"a"}`, `[9007199254740993]`,
	} {
		f.Add(text)
	}
	s := newJSONState()
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, text string) {
		v, reason := s.call(t, "decode", lua.LString(text))
		bounded := strings.Contains(reason, "nested more") || strings.Contains(reason, "too large") || reason == "limit"
		if ok := v != lua.LNil; ok != json.Valid([]byte(text)) && !bounded {
			t.Fatalf("%q: read is %v (%s), encoding/json says otherwise", text, ok, reason)
		}
		if v == lua.LNil {
			return
		}
		var written []string
		for range 3 {
			out, reason := s.call(t, "encode", v)
			if reason == "limit" {
				return
			}
			if !json.Valid([]byte(out.String())) {
				t.Fatalf("%q became %q, which is not JSON", text, out)
			}
			written = append(written, out.String())
			v, _ = s.call(t, "decode", out)
		}
		// Keys that differ in octets which are not UTF-8 become one.
		if utf8.ValidString(text) && written[0] != written[1] || written[1] != written[2] {
			t.Errorf("%q became %q", text, written)
		}
	})
}

// A hostile text takes no more memory than it may, for every shape of table.
func TestJSONMemory(t *testing.T) {
	for name, unit := range map[string]string{
		"arrays": "[],", "objects": "{},", "nested": "[[[[]]]],", "member": `{"":0},`, "members": `{"a":1,"b":2,"c":3,"d":4,"e":5},`,
		"strings": `"ab",`, "numbers": "1.5,", "small": "1,",
	} {
		s := newJSONState()
		text := "[" + strings.Repeat(unit, (4<<20)/len(unit)) + "0]"
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		v, reason := s.call(t, "decode", lua.LString(text))
		runtime.ReadMemStats(&after)
		took := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("4 MB of %s took %d MB in all: %s %s", name, took, v.Type(), reason)
		if took > 2*maxDecoded>>20 {
			t.Errorf("%s: %d MB", name, took)
		}
		s.Close()
	}
}

// What the standard library takes for base64 is, with the same octets.
func FuzzBase64(f *testing.F) {
	for _, s := range []string{"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg", "-_8", "Z", "Zg=", "=", "====", "Z g\r\n==", "Zm9v!", "Zh=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, reason := decodeBase64(s)
		for name, encoding := range map[string]*base64.Encoding{
			"std": base64.StdEncoding, "url": base64.URLEncoding, "rawstd": base64.RawStdEncoding, "rawurl": base64.RawURLEncoding,
		} {
			if want, err := encoding.DecodeString(s); err == nil && (string(got) != string(want) || reason != "") {
				t.Errorf("%q by %s: got %q (%s), want %q", s, name, got, reason, want)
			}
		}
		if reason != "" {
			return
		}
		if again, reason := decodeBase64(base64.StdEncoding.EncodeToString(got)); string(again) != string(got) {
			t.Errorf("%q: got %q again (%s), want %q", s, again, reason, got)
		}
	})
}

// A date that was read by a layout is written and read by it as the same.
func FuzzLayout(f *testing.F) {
	f.Add("%Y-%m-%d %H:%M:%S %z", "2026-09-14 10:12:00 +0200")
	f.Add("%A, %d. %B %Y, %I:%M %p %Z", "monday, 14. SEPTEMBER 2026, 8:12 am UTC")
	f.Add("%c|%D|%j%%", "Mon Sep 14 10:12:00 2026|09/14/26|257%")
	f.Add("%z", "+02:0")
	f.Add("%s", "-1789373520")
	f.Add("%e%y%u%n", " 5 70 1 ")
	f.Fuzz(func(t *testing.T, layout, date string) {
		if checkLayout(layout) != "" {
			return
		}
		moment, err := parseLayout(layout, date, time.UTC)
		if err != nil || moment.Unix() < firstMoment || moment.Unix() > lastMoment {
			return
		}
		written := formatLayout(layout, moment)
		again, err := parseLayout(layout, written, time.UTC)
		if err == nil && !again.Equal(moment) {
			t.Errorf("%q by %q is %v; written as %q it is %v", date, layout, moment, written, again)
		}
	})
}

// Text keeps its characters, and its octets that are none.
func FuzzText(f *testing.F) {
	f.Add("Grüße \xffÄ\xe4 日本 e\u0301\x1b[31m\r\n\u202e x\n\n", 7)
	f.Add("\xc2\x01\x9b İẞ", 1)
	f.Fuzz(func(t *testing.T, s string, columns int) {
		lower := mapRunes(s, unicode.ToLower)
		if utf8.ValidString(s) && lower != strings.ToLower(s) {
			t.Errorf("lower of %q is %q", s, lower)
		}
		if utf8.RuneCountInString(lower) != utf8.RuneCountInString(s) || invalid(lower) != invalid(s) {
			t.Errorf("lower of %q is %q", s, lower)
		}
		clean := cleanText(s)
		if !utf8.ValidString(clean) || cleanText(clean) != clean || strings.ContainsAny(clean, "\x1b\r\x7f\u009b\u202e") {
			t.Errorf("clean of %q is %q", s, clean)
		}
		columns = max(columns, 1)
		wrapped := wrap(s, columns)
		if got, want := strings.FieldsFunc(wrapped, isBlank), strings.FieldsFunc(s, isBlank); !slices.Equal(got, want) || len(wrapped) > len(s) {
			t.Errorf("%q by %d is %q", s, columns, wrapped)
		}
		for line := range strings.SplitSeq(wrapped, "\n") {
			if width(line) > columns && strings.ContainsFunc(line, isBlank) {
				t.Errorf("%q by %d has the line %q", s, columns, line)
			}
		}
	})
}

// invalid returns the octets of s that are not UTF-8.
func invalid(s string) string {
	var out []byte
	for i, r := range s {
		if _, n := utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
			out = append(out, s[i])
		}
	}
	return fmt.Sprintf("%x", out)
}
