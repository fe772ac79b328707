package cli

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A command ends with --timeout, whatever it waits for.
func TestTimeoutOfLooking(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	config := filepath.Join(t.TempDir(), "config.toml")
	text := fmt.Sprintf("[accounts.hung]\nuser = \"anna\"\nhost = \"127.0.0.1\"\nport = %d\npassword = \"secret\"\n\n[accounts.slow]\nuser = \"anna\"\nhost = \"127.0.0.1\"\npassword_command = [\"sleep\", \"60\"]\n",
		silent.Addr().(*net.TCPAddr).Port)
	must(t, os.WriteFile(config, []byte(text), 0o600))
	for _, args := range [][]string{
		{"ls", "-a", "hung"}, {"stat", "-a", "hung"}, {"cat", "-a", "hung", "1"}, {"top", "-a", "hung", "1"}, {"report", "-a", "hung"},
		{"accounts", "serverinfo", "hung", "--no-login"}, {"accounts", "test", "hung"}, {"stat", "-a", "slow"}, {"accounts", "test", "slow"},
	} {
		var out bytes.Buffer
		began := time.Now()
		status := Main(t.Context(), Env{
			Args: append(args, "-c", config, "--timeout", "300ms"), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
			Getenv: func(name string) string { return map[string]string{"PATH": os.Getenv("PATH")}[name] },
		})
		if took := time.Since(began); status != exitTryAgain || took > 20*time.Second || !strings.Contains(out.String(), "--timeout") {
			t.Errorf("%v: status %d after %v, and %q", args, status, took, out.String())
		}
	}
	if _, err := (&shell{Env: Env{Getenv: func(string) string { return "" }}}).oneAccount("pops://a@h", "pops://b@h"); err == nil {
		t.Error("two accounts are one")
	}
}
