package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
)

// An account that logs in with OAuth2, from the code that a person enters to a
// provider that takes the login back.
func TestOAuthAccount(t *testing.T) {
	provider := oauthtest.Start(t)
	var expireAfter atomic.Int32 // logins, until the provider forgets its tokens
	user := "user@example.org"
	s := logintest.Start(t, logintest.Options{
		Users: []logintest.User{{Name: user, Messages: [][]byte{[]byte("Subject: hello\r\n\r\nworld\r\n")}}},
		Token: func(name, token string) bool {
			got, ok := provider.User(token)
			if expireAfter.Add(-1) == 0 {
				provider.Expire()
			}
			return ok && got == name
		},
	})
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	host, port := at(t, s.TLSAddr())
	p := provider.Provider()
	must(t, os.WriteFile(config, []byte(fmt.Sprintf(`[accounts.work]
user = %q
host = %q
port = %s
ca_file = %q
auth = "xoauth2"
oauth = { client_id = %q, client_secret = %q, device_url = %q, auth_url = %q, token_url = %q, scopes = ["mail"] }
`, user, host, port, s.CAFile, p.ClientID, p.ClientSecret.Reveal(), p.DeviceURL, p.AuthURL, p.TokenURL)), 0o600))
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command(popherd(t), append([]string{"-c", config}, args...)...)
		cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}
		return cmd
	}
	ends := func(want int, args ...string) string {
		t.Helper()
		cmd := command(args...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Fatalf("%s: status %d, want %d\n%s", strings.Join(args, " "), got, want, out)
		}
		return string(out)
	}

	if said := ends(77, "accounts", "test", "work"); !strings.Contains(said, "popherd accounts login work") {
		t.Errorf("before the login: got %q", said)
	}
	logIn(t, command("accounts", "login", "work", "--device"), provider)
	if said := ends(0, "accounts", "test", "work"); !strings.Contains(said, "1 message          25 octets  TLS 1.3  xoauth2") {
		t.Errorf("after the login: got %q", said)
	}

	// Within one run the provider forgets the token: it is renewed once, and the
	// run goes on.
	script := filepath.Join(dir, "twice.lua")
	must(t, os.WriteFile(script, []byte(`
for i = 1, 2 do
  local M = pop3.account("work")
  print(M:stat())
  M:quit()
end`), 0o600))
	refreshed := provider.Count("refresh_token")
	expireAfter.Store(1)
	if said := ends(0, "run", script); said != "1\t25\n1\t25\n" {
		t.Errorf("a token that expires within a run: got %q", said)
	}
	if n := provider.Count("refresh_token") - refreshed; n != 1 {
		t.Errorf("the token was renewed %d times, want once", n)
	}

	provider.Expire()
	provider.RefuseRefresh(true)
	said := ends(77, "run", script)
	if !strings.Contains(said, "popherd accounts login work") || strings.Contains(said, "panic") {
		t.Errorf("a login that was taken back: got %q", said)
	}
	if attempts := len(s.Attempts()); attempts > 6 {
		t.Errorf("the server saw %d logins", attempts)
	}
	ends(0, "accounts", "forget", "work")
	if said := ends(0, "accounts", "forget", "work"); !strings.Contains(said, "nothing was kept of work") {
		t.Errorf("forgotten twice: got %q", said)
	}
}

// logIn runs a login with a code, which a person enters and approves.
func logIn(t *testing.T, cmd *exec.Cmd, provider *oauthtest.Server) {
	t.Helper()
	provider.SetInterval(1)
	var said transcript
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	code := regexp.MustCompile(`enter this code:\s+(\S+)`)
	for deadline := time.Now().Add(hangLimit); ; time.Sleep(10 * time.Millisecond) {
		if found := code.FindStringSubmatch(said.String()); found != nil {
			provider.Approve(found[1])
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no code in %q", said.String())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !bytes.Contains([]byte(said.String()), []byte("logged in; popherd accounts test work tries the account")) {
		t.Errorf("got %q", said.String())
	}
}
