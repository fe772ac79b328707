package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/tally"
)

// TestReportAge counts ages from now on.
func TestReportAge(t *testing.T) {
	dir := t.TempDir()
	for i, date := range []string{"14 Sep 2026 12:00:00 +0000", "13 Sep 2026 12:00:00 +0000", "13 Sep 2026 12:00:00 +0000", "1 Aug 2026 12:00:00 +0000", "1 Aug 2036 12:00:00 +0000", "soon"} {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.eml", i)), []byte("Date: "+date+"\r\n\r\n"), 0o600))
	}
	status, out, talk := popherd(t, t.Context(), "report", "--by", "age", "-o", "plot", "--maildrop", dir) // at noon of 15 September
	want := `  up to 1 day    1  ##############################
  up to 7 days   2  ############################################################
  up to 30 days  0
  up to 90 days  1  ##############################
  in the future  1  ##############################
  no date        1  ##############################
`
	_, bars, _ := strings.Cut(out, "octets\n")
	if status != exitOK || bars != want || talk != "" {
		t.Errorf("status %d, got\n%s%s\nwant\n%s", status, out, talk, want)
	}
}

// TestBar shows whatever is there, and keeps to its room.
func TestBar(t *testing.T) {
	ascii, _, _ := testShell()
	blocks, _, _ := testShell()
	blocks.Getenv = func(name string) string { return map[string]string{"LC_CTYPE": "de_DE.UTF-8", "LANG": "C"}[name] }
	for _, c := range []struct {
		n, most, room int
		ascii, blocks string
	}{
		{0, 10, 10, "", ""},
		{1, 1000, 10, "#", "▏"},
		{5, 10, 3, "#", "█▌"},
		{10, 10, 3, "###", "███"},
	} {
		if got := ascii.bar(c.n, c.most, c.room); got != c.ascii {
			t.Errorf("%d of %d: got %q, want %q", c.n, c.most, got, c.ascii)
		}
		if got := blocks.bar(c.n, c.most, c.room); got != c.blocks {
			t.Errorf("%d of %d: got %q, want %q", c.n, c.most, got, c.blocks)
		}
	}
}

// TestReportUnreadable has a place for what the server refuses.
func TestReportUnreadable(t *testing.T) {
	const dialogue = "C: LIST\nS: +OK\nS: 1 100\nS: 2 20\nS: .\nC: CAPA\nS: -ERR\nC: TOP 1 0\nS: +OK\nS: From: \x1b[31mbob@example.org\nS:\nS: .\nC: TOP 2 0\nS: -ERR no\neof\n"
	for format, want := range map[string]string{
		"csv":   "unreadable,,1,20,,\n",
		"json":  "  \"unreadable\": {\n    \"messages\": 1,\n    \"octets\": 20\n  }\n",
		"table": "         1      20                          (unreadable)\n",
		"plot":  "  (unreadable)",
	} {
		sh, out, _ := testShell()
		m := playMail(t, dialogue)
		must(t, sh.tally(t.Context(), m, tallyFlags{By: "sender", Output: format}))
		if got := out.String(); !strings.Contains(got, want) || format != "json" && strings.Contains(got, "\x1b") {
			t.Errorf("as %s: got %q, want %q in it", format, got, want)
		}
	}
}

// TestHarmless lets no message put a formula into a spreadsheet.
func TestHarmless(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"bob@example.org", "bob@example.org"},
		{"=1+1", "'=1+1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@x", "'@x"},
		{"\t=1", "' =1"},
		{"a,b\n=1", "\"a,b =1\""},
		{"", ""},
	} {
		var got bytes.Buffer
		r := &tally.Result{By: tally.Sender, Rows: []tally.Row{{Key: c.key, Sum: tally.Sum{Messages: 1}}}}
		must(t, tallyCSV(&got, r))
		if want := "by,key,messages,octets,oldest,newest\nsender," + c.want + ",1,0,,\n"; got.String() != want {
			t.Errorf("%q: got %q, want %q", c.key, got.String(), want)
		}
	}
}
