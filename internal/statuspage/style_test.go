package statuspage

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestContrast: every text can be read on its ground, in both schemes: 4.5 to 1
// as WCAG 2.2 wants it (section 1.4.3).
func TestContrast(t *testing.T) {
	text, err := os.ReadFile("templates/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(text), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("there is no dark scheme")
	}
	for scheme, part := range map[string]string{"light": light, "dark": dark} {
		colors := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]+);`).FindAllStringSubmatch(part, -1) {
			colors[m[1]] = m[2]
		}
		if len(colors) < 16 {
			t.Errorf("%s: only %d colors", scheme, len(colors))
		}
		for _, pair := range [][2]string{
			{"text", "back"}, {"text", "card"}, {"soft", "back"}, {"soft", "card"}, {"link", "back"}, {"link", "card"}, {"bad", "card"},
			{"text", "bad-back"}, {"text", "warn-back"}, {"text", "good-back"}, {"soft", "warn-back"}, {"soft", "bad-back"}, {"link", "warn-back"}, {"link", "bad-back"},
			{"good", "good-back"}, {"bad", "bad-back"}, {"warn", "warn-back"}, {"busy", "busy-back"}, {"idle", "idle-back"},
		} {
			if ratio := contrast(t, colors[pair[0]], colors[pair[1]]); ratio < 4.5 {
				t.Errorf("%s: %s on %s is %.1f to 1", scheme, pair[0], pair[1], ratio)
			}
		}
	}
}

// contrast is WCAG's ratio of two colors.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	if len(color) == 3 {
		color = string([]byte{color[0], color[0], color[1], color[1], color[2], color[2]})
	}
	var rgb [3]uint8
	if n, err := fmt.Sscanf(color, "%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); n != 3 {
		t.Fatalf("color %q: %v", color, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestClasses: each class of a page has a style, or is a word of the style's
// own for its absence.
func TestClasses(t *testing.T) {
	style, err := os.ReadFile("templates/style.css")
	if err != nil {
		t.Fatal(err)
	}
	b := serve(t, options(attic()))
	for _, path := range addresses {
		for _, m := range regexp.MustCompile(`class="([^"]*)"`).FindAllStringSubmatch(b.get(path).text, -1) {
			for class := range strings.FieldsSeq(m[1]) {
				if !strings.Contains(string(style), "."+class) {
					t.Errorf("%s: class %s has no style", path, class)
				}
			}
		}
	}
}
