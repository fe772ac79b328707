package luastd_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

//go:embed testdata/answer.lua
var answerLua string

// lua51 finds the real Lua. Without it the test is skipped, unless
// POPHERD_REAL_SERVERS demands it.
func lua51(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("lua5.1")
	if err != nil && os.Getenv("POPHERD_REAL_SERVERS") == "1" {
		t.Fatal("POPHERD_REAL_SERVERS=1, but there is no lua5.1")
	}
	if err != nil {
		t.Skip("no lua5.1 here")
	}
	return path
}

// realLua runs a script under lua5.1.
func realLua(t testing.TB, source, stdin string) string {
	t.Helper()
	c := exec.Command(lua51(t), "-")
	c.Stdin = strings.NewReader(source)
	if stdin != "" {
		file := t.TempDir() + "/script.lua"
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		c = exec.Command(c.Path, file)
		c.Stdin = strings.NewReader(stdin)
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("lua5.1: %v\n%s", err, stderr.String())
	}
	return string(out)
}

// A question is one call of a library function.
type question struct{ op, subject, pattern, extra string }

func (q question) line() string {
	return fmt.Sprintf("%s %s %s %s", q.op, hex.EncodeToString([]byte(q.subject)),
		hex.EncodeToString([]byte(q.pattern)), hex.EncodeToString([]byte(q.extra)))
}

// differ asks both Luas all questions and fails for each answer that is not
// the same.
func differ(t *testing.T, questions []question) {
	t.Helper()
	var lines strings.Builder
	for _, q := range questions {
		lines.WriteString(q.line() + "\n")
	}
	want := strings.Split(realLua(t, answerLua+"\nfor line in io.lines() do print(answer(line)) end", lines.String()), "\n")
	ours := open(t, luastd.Options{})
	if _, err := ours.run(t.Context(), answerLua); err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, q := range questions {
		got := ours.answer(t, q)
		if got == want[i] {
			continue
		}
		if wrong++; wrong <= 20 {
			t.Errorf("%s(%q, %q, %q)\ngot  %s\nwant %s", q.op, q.subject, q.pattern, q.extra, got, want[i])
		}
	}
	t.Logf("%d questions, %d answers differ", len(questions), wrong)
}

func (h *host) answer(t testing.TB, q question) string {
	t.Helper()
	h.Push(h.GetGlobal("answer"))
	h.Push(lua.LString(q.line()))
	if err := h.PCall(1, 1, nil); err != nil {
		t.Fatal(err)
	}
	defer h.Pop(1)
	return h.Get(-1).String()
}

// A dice makes cases from a seed.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 51))} }

func (d dice) one(of ...string) string { return of[d.IntN(len(of))] }

func (d dice) text(most int, letters string) string {
	out := make([]byte, d.IntN(most+1))
	for i := range out {
		out[i] = letters[d.IntN(len(letters))]
	}
	return string(out)
}

// pattern is mostly well formed.
func (d dice) pattern() string {
	if d.IntN(12) == 0 {
		return d.text(8, "ab1()[]^$%-*+?.bf0\xe4")
	}
	var out strings.Builder
	out.WriteString(d.one("", "", "", "^"))
	opened := 0
	for range 1 + d.IntN(6) {
		switch d.IntN(14) {
		case 0:
			out.WriteString("(")
			opened++
		case 1:
			if opened > 0 {
				out.WriteString(")")
				opened--
			}
		case 2:
			out.WriteString("()")
		case 3:
			out.WriteString(d.one("%b()", "%bab", "%b''", "%b"))
		case 4:
			out.WriteString(d.one("%f[%w]", "%f[^a]", "%f[%z]", "%f[%s]", "%f"))
		case 5:
			out.WriteString(d.one("%1", "%2", "%0"))
		default:
			out.WriteString(d.class() + d.one("", "", "*", "+", "-", "?"))
		}
	}
	if d.IntN(20) > 0 {
		out.WriteString(strings.Repeat(")", opened))
	}
	return out.String() + d.one("", "", "", "$")
}

func (d dice) class() string {
	switch d.IntN(4) {
	case 0:
		return d.one("a", "b", "1", ".", " ", "\n", "\xe4", "]", "-", "ab")
	case 1:
		return "%" + d.one("a", "c", "d", "l", "p", "s", "u", "w", "x", "z", "A", "D", "S", "W", "Z", ".", "%", "(", "]", "g", "e")
	case 2:
		return "[" + d.one("", "^") + d.one("", "]", "-", "^") + d.one("ab", "a-c", "%w", "%s%d", "%a-z", "a-", "%]", "\x80-\xff", "1-%%", "b-a", "^b", "[") + "]"
	}
	return d.one("a", "b", ".")
}

func (d dice) patternQuestion() question {
	q := question{
		op:      d.one("find", "find", "match", "match", "gmatch", "gsub", "gsubn", "gsubf", "gsubt"),
		subject: d.text(24, "aaabbb11 ()ab\n'\xe4\x00]-A."),
		pattern: d.pattern(),
	}
	switch q.op {
	case "find", "match", "gsubn":
		q.extra = d.one("", "1", "2", "0", "-1", "-3", "7", "100", "-100", "1.7")
		if q.op == "gsubn" && q.extra == "" {
			q.extra = "3"
		}
	default:
		q.extra = d.one("", "x", "<%0>", "%1", "[%1%2]", "%%", "%", "%x", "%9")
	}
	return q
}

func TestPatternsAsLua51(t *testing.T) {
	d := newDice(1)
	questions := make([]question, 20_000)
	for i := range questions {
		questions[i] = d.patternQuestion()
	}
	differ(t, questions)
}

// number is a numeral of one of many shapes.
func (d dice) number() string {
	switch d.IntN(8) {
	case 0:
		return strconv.Itoa(d.IntN(200) - 100)
	case 1:
		if v := math.Float64frombits(d.Uint64()); v-v == 0 { // neither inf nor nan
			return strconv.FormatFloat(v, 'g', 17, 64)
		}
	case 2:
		return d.one("0", "-0", "1e15", "1e14", "99999999999999", "9007199254740993", "18446744073709551616", "-1", "1e300", "1e-310", "0.5", "1.5", "2.5", "1e999", "-1e999", "4294967296", "9223372036854775807", "0.1")
	case 3:
		return strconv.FormatInt(int64(d.Uint64()), 10)
	case 4:
		return strconv.FormatFloat(d.Float64()*math.Pow10(d.IntN(40)-20), 'g', -1, 64)
	case 5:
		return "0x" + strconv.FormatUint(d.Uint64()>>d.IntN(64), 16)
	}
	return strconv.FormatFloat(d.NormFloat64()*1000, 'f', d.IntN(5), 64)
}

func (d dice) spec(verbs string) string {
	out := "%" + d.text(4, "-+ #0") + d.one("", "", "5", "12", "20", "123")
	out += d.one("", "", ".", ".0", ".1", ".3", ".10", ".17", ".99")
	return out + string(verbs[d.IntN(len(verbs))])
}

// numeral is what tonumber may get: numbers, and what only looks like one.
func (d dice) numeral() string {
	if d.IntN(2) == 0 {
		return d.one("", " ", "\t", "\n") + d.number() + d.one("", " ", "\r\n", "x", "e", ".", "_")
	}
	return d.text(6, "0019.eE+-xXaFfp_ ")
}

func TestNumbersAndFormatsAsLua51(t *testing.T) {
	d := newDice(2)
	questions := make([]question, 20_000)
	for i := range questions {
		questions[i] = d.numberQuestion()
	}
	differ(t, questions)
}

func (d dice) numberQuestion() question {
	switch d.IntN(8) {
	case 0:
		return question{op: "number", subject: d.numeral()}
	case 1:
		return question{op: "base", subject: d.text(7, "0019azAZfF-+ x"), pattern: d.one("2", "8", "16", "36", "10", "1", "37", "7")}
	case 2:
		return question{op: "print", subject: d.number()}
	case 3:
		return question{op: "formats", subject: d.text(120, "ab \xe4\n"), pattern: d.text(3, "xy") + d.spec("sssq") + d.one("", "%%", "!")}
	case 4:
		text := d.text(12, "aZ\n\r\"\\\x00\xe4{")
		return question{op: d.one("quote", "case"), subject: text}
	case 5:
		return question{op: d.one("sub", "byte"), subject: d.text(9, "abcdef"), pattern: strconv.Itoa(d.IntN(25) - 12), extra: d.one("", strconv.Itoa(d.IntN(25)-12))}
	}
	return question{op: "format", subject: d.number(), pattern: d.spec("dioxXueEfgGsydgf")}
}
