package message

import (
	"strings"
	"testing"
)

func TestHTMLText(t *testing.T) {
	for _, tt := range []struct{ name, html, want string }{
		{"paragraphs", "<html><head><title>T</title><style>p{}</style></head><body><p>one<p>two</body></html>", "one\n\ntwo"},
		{"inline tags leave no trace", "a<b>b</b><span style=\"x>y\">c</span>", "abc"},
		{"link", `<a href="https://shop.example/?a=1&amp;b=2">shop</a>`, "shop ( https://shop.example/?a=1&b=2 )"},
		{"link of a picture", `<a href='https://shop.example/'><img src=x alt="Logo <1>"></a>`, "Logo <1> ( https://shop.example/ )"},
		{"list", "<ul><li>one<li>two</ul>", "* one\n* two"},
		{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>", "a b\nc d"},
		{"entities", "&lt;b&gt; &eacute;&nbsp;x", "<b> é\u00a0x"},
		{"less than", "1 < 2 <3", "1 < 2 <3"},
		{"comment", "a<!-- <p>b --><!DOCTYPE x>c<?x y?>", "ac"},
		{"comment that is open", "a<!-- b <p>c", "ac"},
		{"script", "a<script>if (1 < 2) {'</p>'}</SCRIPT >b", "ab"},
		{"script that is open", "a<script>b", "a"},
		{"quote that is open", `<p title="x>one</p>two`, "one\n\ntwo"},
		{"tag that is open", "one <p", "one <p"},
		{"lines", "one<br>two<br/>three", "one\ntwo\nthree"},
		{"empty", "", ""},
	} {
		var found defects
		if got, cut := htmlText(tt.html, &found); cut || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(tt.want), " ") || len(found) > 0 {
			t.Errorf("%s: got %q, want %q (%v)", tt.name, got, tt.want, found)
		}
	}
}

func TestSimpleHTMLIsBounded(t *testing.T) {
	for _, piece := range []string{"<div>", "<b id=1>", "<table><tr><td>", "<a href=x>", "<li>", "<svg><p>", "<p x=\"", "</", "<!--", "<script>"} {
		simple, _ := simpleHTML(strings.Repeat(piece, 50_000))
		if depth := strings.Count(simple, "</"); strings.Count(simple, "<") > 2*MaxTags+depth {
			t.Errorf("%s: got %d tags", piece, strings.Count(simple, "<"))
		}
		deepest, depth := 0, 0
		for _, tag := range strings.Split(simple, "<")[1:] {
			switch {
			case strings.HasPrefix(tag, "/"):
				depth--
			case !strings.HasPrefix(tag, "br>"):
				depth++
			}
			deepest = max(deepest, depth)
		}
		if deepest > maxNesting || depth != 0 {
			t.Errorf("%s: got tags %d deep, %d open at the end", piece, deepest, depth)
		}
	}
}

func TestStrip(t *testing.T) {
	if got := strip("<p>a &amp; b</p>c<br>"); got != "a & b c" {
		t.Errorf("got %q", got)
	}
}
