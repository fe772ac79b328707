package cli_test

import (
	"encoding/hex"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// python finds the Python whose poplib is the measure. Where there is none the
// test is skipped, or fails where real counterparts are demanded.
func python(t *testing.T) string {
	t.Helper()
	// What is on the path may be a slow wrapper of the program itself.
	out, err := exec.CommandContext(t.Context(), "python3", "-c", "import poplib, sys; print(sys.executable)").Output()
	if err != nil && os.Getenv("POPHERD_REAL_SERVERS") == "1" {
		t.Fatalf("python3 with poplib: %v", err)
	}
	if err != nil {
		t.Skipf("python3 with poplib: %v; install it to compare with it", err)
	}
	return strings.TrimSpace(string(out))
}

// A task is what both drivers are to do.
type task struct {
	way, host, port string
	timeout, caFile string // "none" for none
	calls           []string
}

func (k task) args() []string {
	return append([]string{k.way, k.host, k.port, k.timeout, k.caFile}, k.calls...)
}

// byPoplib does the task with Python's poplib: a line for the constructor, and
// one for each call.
func byPoplib(t *testing.T, python string, k task) []string {
	t.Helper()
	args := []string{"-I", "-S", "testdata/poplib/driver.py"} // -I and -S: Python's own modules will do
	cmd := exec.CommandContext(t.Context(), python, append(args, k.args()...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("driver.py: %v\n%s\n%s", err, out, stderr.String())
	}
	return legible(t, string(out))
}

// byPopherd does the task with a Lua script.
func byPopherd(t *testing.T, k task, flags ...string) []string {
	t.Helper()
	args := append([]string{"testdata/poplib/driver.lua", "-q", "--allow-net=" + k.host, "--allow-plaintext=" + k.host}, flags...)
	if k.caFile != "none" {
		args = append(args, "--ca-file", k.caFile)
	}
	r := runPopherd(t, 0, append(append(args, "--"), k.args()...)...)
	if said := r.stderr.String(); said != "" && !strings.Contains(said, "marks were dropped") {
		t.Errorf("popherd said on standard error:\n%s", said)
	}
	return legible(t, r.stdout.String())
}

var hexadecimal = regexp.MustCompile(`\bx[0-9a-f]*\b`)

// legible returns a driver's lines with the octets quoted.
func legible(t *testing.T, text string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, hexadecimal.ReplaceAllStringFunc(strings.TrimSuffix(line, "\n"), func(x string) string {
			octets, err := hex.DecodeString(x[1:])
			if err != nil {
				t.Fatalf("a driver printed %q: %v", x, err)
			}
			return strconv.Quote(string(octets))
		}))
	}
	return lines
}

// agrees reports whether a driver's line is the wanted one. A wanted "raise"
// is any error, "raise KIND" any of that kind.
func agrees(got, want string) bool {
	if want == "raise" || strings.HasPrefix(want, "raise ") && !strings.Contains(want, `"`) {
		return strings.HasPrefix(got, want+" ")
	}
	return got == want
}
