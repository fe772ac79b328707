package statuspage

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Grüße, 世界", "Grüße, 世界"},
		{"markup is text", "<script>alert(1)</script>", "<script>alert(1)</script>"},
		{"lines become one", "a\r\nb\tc", "a  b c"},
		{"controls are seen", "a\x1b[31mb\x00c\x7f\u0085", "a�[31mb�c��"},
		{"bidi is seen", "exe.\u202efdp\u2066x\u2069\u200f", "exe.�fdp�x��"},
		{"broken UTF-8", "a\xff\xfeb", "a��b"},
		{"odd spaces", "a\u00a0b\u3000c", "a b c"},
		{"emoji keep their joiners", "👩\u200d👧", "👩\u200d👧"},
		{"marks do not tower", "z" + strings.Repeat("\u0301", 9) + "a", "z" + strings.Repeat("\u0301", marksInRow) + "a"},
		{"long text is cut", strings.Repeat("é", 21), strings.Repeat("é", 20) + "…"},
		{"text that fits is not", strings.Repeat("é", 20), strings.Repeat("é", 20)},
	} {
		if got := clean(c.text, 20); c.name != "markup is text" && got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		} else if c.name == "markup is text" && clean(c.text, 200) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, clean(c.text, 200), c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\u202e\x1b\xff\u0301")
	f.Fuzz(func(t *testing.T, text string) {
		got := clean(text, 50)
		if n := utf8.RuneCountInString(got); n > 51 || !utf8.ValidString(got) {
			t.Errorf("%q became %q, %d characters", text, got, n)
		}
		for _, r := range got {
			if r < ' ' || r == '\u202e' || r == 0x7f {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}

func TestTimesAndSizes(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{distance(0), "now"},
		{distance(90 * time.Second), "in 90 s"},
		{distance(-3 * time.Minute), "3 min ago"},
		{distance(47 * time.Hour), "in 47 h"},
		{distance(-49 * time.Hour), "2 days ago"},
		{took(noon, noon.Add(1240*time.Millisecond)), "1.2 s"},
		{took(noon, noon.Add(3*time.Minute+400*time.Millisecond)), "3m0s"},
		{took(time.Time{}, noon), ""},
		{took(noon, time.Time{}), ""},
		{size(0), "0 B"},
		{size(1023), "1023 B"},
		{size(1536), "1.5 KiB"},
		{size(5 << 30), "5.0 GiB"},
		{size(1<<63 - 1), "8.0 EiB"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
