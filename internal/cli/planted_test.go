package cli_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/cli"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/secret"
)

// A plant is a secret in one of the places where popherd looks for it.
type plant struct {
	name   string // of the account, and the user
	secret string
	config string            // lines of the account's table
	env    map[string]string // beside the usual
	stdin  string
	args   []string
}

// A garden has a secret planted in every place, a server that takes them, and
// one that repeats what it refuses.
type garden struct {
	t      *testing.T
	dir    string
	config string
	plants []plant
	others []string // secrets that belong to no login
}

// planted makes a secret that is found again wherever it goes.
func planted(place string) string { return "pl4nted/" + place + "+s3cret" }

func newGarden(t *testing.T) *garden {
	g := &garden{t: t, dir: t.TempDir()}
	g.config = filepath.Join(g.dir, "config.toml")
	file := func(name, text string) string {
		path := filepath.Join(g.dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	add := func(p plant) {
		p.secret = planted(p.name)
		g.plants = append(g.plants, p)
	}
	add(plant{name: "stdin", stdin: planted("stdin") + "\n", args: []string{"--password-stdin"}})
	file("credentials/popherd.credential", planted("credential")+"\n")
	add(plant{name: "credential", env: map[string]string{"CREDENTIALS_DIRECTORY": filepath.Join(g.dir, "credentials")}})
	add(plant{name: "environment", env: map[string]string{"POPHERD_PASSWORD_ENVIRONMENT": planted("environment")}})
	add(plant{name: "command", config: fmt.Sprintf("password_command = [\"cat\", %q]", file("command", planted("command")+"\n"))})
	add(plant{name: "argument", config: fmt.Sprintf("password_command = [\"echo\", %q]", planted("argument"))})
	add(plant{name: "literal", config: fmt.Sprintf("password = %q", planted("literal"))})
	file("secrets/file", planted("file")+"\n")
	add(plant{name: "file"})
	add(plant{name: "netrc", config: fmt.Sprintf("netrc = %q", file("netrc", "machine 127.0.0.1 login netrc password "+planted("netrc")+"\n"))})
	add(plant{name: "token", config: fmt.Sprintf("auth = \"xoauth2\"\noauth = { token_command = [\"cat\", %q] }", file("token", planted("token")+"\n"))})
	add(plant{name: "stored", config: "auth = \"oauthbearer\"\noauth = { client_id = \"popherd\", token_url = \"https://127.0.0.1:1/token\", device_url = \"https://127.0.0.1:1/device\", scopes = [\"mail\"], client_secret = \"" + planted("client") + "\" }"})
	g.others = []string{planted("client"), planted("refresh")}
	g.store()
	return g
}

// store puts tokens where a login with OAuth2 would have put them.
func (g *garden) store() {
	tokens := oauth.Files(filepath.Join(g.dir, "state", "popherd", "tokens"))
	unlock, err := tokens.Lock(g.t.Context(), "stored")
	must(g.t, err)
	defer unlock()
	must(g.t, tokens.Save("stored", oauth.Record{
		TokenURL: "https://127.0.0.1:1/token", ClientID: "popherd",
		Access: secret.New(planted("stored")), Refresh: secret.New(planted("refresh")),
		Obtained: time.Now(), Expiry: time.Now().Add(time.Hour),
	}))
}

// serve writes the configuration for a server, which knows the secrets or, if it
// is to refuse them all, repeats them.
func (g *garden) serve(fault logintest.Fault, knows bool) {
	g.t.Helper()
	o := logintest.Options{Fault: fault, Users: []logintest.User{}}
	for _, p := range g.plants {
		u := logintest.User{Name: p.name, Password: p.secret, Token: p.secret, Messages: [][]byte{[]byte("Subject: hello\r\n\r\nworld\r\n")}}
		if !knows {
			u.Password, u.Token = "another", "another"
		}
		o.Users = append(o.Users, u)
	}
	s := logintest.Start(g.t, o)
	host, port := at(g.t, s.TLSAddr())
	var b strings.Builder
	for _, p := range g.plants {
		fmt.Fprintf(&b, "[accounts.%s]\nuser = %q\nhost = %q\nport = %s\nca_file = %q\n%s\n\n", p.name, p.name, host, port, s.CAFile, p.config)
	}
	must(g.t, os.WriteFile(g.config, []byte(b.String()), 0o600))
}

// popherd runs one command line of a plant, and returns its status and all that
// it wrote.
func (g *garden) popherd(p plant, args ...string) (status int, said string) {
	g.t.Helper()
	cmd := exec.Command(popherd(g.t), append([]string{"-c", g.config}, args...)...)
	cmd.Dir = g.dir
	cmd.Env = g.environment(p)
	cmd.Stdin = strings.NewReader(p.stdin)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		g.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func (g *garden) environment(p plant) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + g.dir, "XDG_STATE_HOME=" + filepath.Join(g.dir, "state"), "TMPDIR=" + g.temporary(), "GORACE=atexit_sleep_ms=0"}
	for name, value := range p.env {
		env = append(env, name+"="+value)
	}
	return env
}

func (g *garden) temporary() string {
	dir := filepath.Join(g.dir, "tmp")
	must(g.t, os.MkdirAll(dir, 0o700))
	return dir
}

// clean looks for secrets in a text, in every spelling that a wire or a log has.
func (g *garden) clean(where, text string) {
	g.t.Helper()
	secrets := g.others
	for _, p := range g.plants {
		secrets = append(secrets, p.secret)
	}
	for _, s := range secrets {
		for _, form := range []string{s, hex.EncodeToString([]byte(s)), url.QueryEscape(s), url.PathEscape(s), inBase64(s, 0), inBase64(s, 1), inBase64(s, 2)} {
			if i := strings.Index(text, form); i >= 0 {
				g.t.Errorf("%s shows %q as %q:\n...%s", where, s, form, text[max(0, i-300):min(len(text), i+300)])
				return
			}
		}
	}
}

// inBase64 is what a secret always looks like within base64, at one of the three
// places where it can begin.
func inBase64(s string, offset int) string {
	padded := base64.StdEncoding.EncodeToString(append(make([]byte, offset), s...))
	return padded[4 : len(padded)-4]
}

// leftovers are the files that popherd wrote, save those that are the secrets'
// own.
func (g *garden) leftovers() map[string]string {
	files := map[string]string{}
	for _, dir := range []string{"state", "tmp", "audit"} {
		filepath.WalkDir(filepath.Join(g.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil
			}
			if filepath.Base(filepath.Dir(path)) != "tokens" {
				octets, err := os.ReadFile(path)
				must(g.t, err)
				files[path] = string(octets)
			}
			return nil
		})
	}
	return files
}

// No secret, wherever it is kept, is in any output, trace, journal, error or
// report: not when it is right, and not when the server repeats what it refuses.
func TestSecretsStaySecret(t *testing.T) {
	g := newGarden(t)
	must(t, os.MkdirAll(filepath.Join(g.dir, "audit"), 0o700))
	rules := filepath.Join(g.dir, "rules.lua")
	must(t, os.WriteFile(rules, []byte(`
log.info("here", { script = tostring(script) })
local M = pop3.account()
print(M, M.host, M:getwelcome())
local ok, e = pcall(function() M:user("x") end)
print(e, e.message, e.response, e.command, e.where, e.traceback)
for name, value in pairs(M:capa()) do print(name, #value) end
M:dele(1)
print(M:quit())`), 0o600))
	logins, examined := 0, 0
	for _, knows := range []bool{true, false} {
		fault := logintest.NoFault
		if !knows {
			fault = logintest.EchoSecret
		}
		g.serve(fault, knows)
		for _, p := range g.plants {
			for _, args := range [][]string{
				{"run", rules, "-a", p.name, "--trace", "-v", "-o", "json", "--allow-delete=all", "--audit", filepath.Join(g.dir, "audit", "log")},
				{"run", "@older-than", "-a", p.name, "--trace", "-v", "--explain", "--", "30"},
				{"accounts", "test", p.name, "--trace", "-v"},
				{"accounts", "serverinfo", p.name, "--trace", "-o", "json"},
				{"ls", "-a", p.name, "--trace", "-v"},
				{"doctor", p.name, "-v"},
				{"accounts", "show", p.name, "-o", "json"},
				{"accounts", "show", p.name},
			} {
				takes := args[0] != "doctor" && args[1] != "show"
				if takes {
					args = withFlags(args, p.args)
				}
				status, said := g.popherd(p, args...)
				where := fmt.Sprintf("right %v: %s", knows, strings.Join(args, " "))
				g.clean(where, said)
				examined++
				if !takes {
					continue
				}
				if (status == 0) != knows {
					t.Errorf("%s: status %d\n%s", where, status, said)
				}
				if status == 0 {
					logins++
				}
			}
		}
	}
	for _, args := range [][]string{{"config", "show"}, {"config", "show", "-o", "json"}, {"doctor", "--no-network", "-o", "json"}, {"accounts", "list"}, {"log", "-o", "json"}, {"log"}, {"state", "export"}} {
		_, said := g.popherd(plant{}, args...)
		g.clean(strings.Join(args, " "), said)
		examined++
	}
	g.brokenConfigs(&examined)
	files := g.leftovers()
	for path, text := range files {
		g.clean(path, text)
	}
	t.Logf("%d secrets; %d outputs of popherd, %d of them after a login, and %d files it left", len(g.plants)+len(g.others), examined, logins, len(files))
	if want := 5 * len(g.plants); logins != want || len(files) < 2 {
		t.Errorf("%d logins, want %d; %d files", logins, want, len(files))
	}
}

// withFlags puts flags before the script's arguments.
func withFlags(args, flags []string) []string {
	for i, arg := range args {
		if arg == "--" {
			return append(append(append([]string{}, args[:i]...), flags...), args[i:]...)
		}
	}
	return append(append([]string{}, args...), flags...)
}

// brokenConfigs looks at the errors of configurations that are wrong around a
// secret, or at it.
func (g *garden) brokenConfigs(examined *int) {
	sound, err := os.ReadFile(g.config)
	must(g.t, err)
	quoted := strconv.Quote(planted("literal"))
	for _, replacement := range []string{quoted + " x", "[" + quoted + "]", planted("literal"), quoted[:len(quoted)-1], quoted + "\nprot = 1", "{ a = " + quoted + " }", quoted + "\npassword = " + quoted} {
		broken := strings.Replace(string(sound), quoted, replacement, 1)
		must(g.t, os.WriteFile(g.config, []byte(broken), 0o600))
		status, said := g.popherd(plant{}, "config", "show")
		if status != 78 {
			g.t.Errorf("a configuration with %q: status %d\n%s", replacement, status, said)
		}
		g.clean("the error for "+replacement, said)
		*examined++
	}
	must(g.t, os.WriteFile(g.config, sound, 0o600))
}

// A crash of popherd, or of its worker, leaves no core file, though the shell
// allows them, and what is on the terminal shows no secret.
func TestCrashShowsNoSecret(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no shell to set limits")
	}
	g := newGarden(t)
	g.serve(logintest.NoFault, true)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	_, port := at(t, silent.Addr().String())
	must(t, os.WriteFile(g.config, []byte(fmt.Sprintf("[accounts.literal]\nuser = \"a\"\nhost = \"127.0.0.1\"\nport = %s\npassword = %q\n", port, planted("literal"))), 0o600))
	cmd := exec.Command("sh", "-c", `ulimit -c unlimited; exec "$0" "$@"`, popherd(t), "-c", g.config, "ls", "-a", "literal")
	cmd.Dir, cmd.Env = g.dir, append(g.environment(plant{}), "GOTRACEBACK=crash")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	conn, err := silent.Accept() // by now it has the password
	must(t, err)
	defer conn.Close()
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	if err == nil && !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0") {
		t.Errorf("core files are allowed:\n%s", limits)
	}
	must(t, cmd.Process.Signal(syscall.SIGQUIT))
	cmd.Wait()
	g.clean("the crash", out.String())
	cores, _ := filepath.Glob(filepath.Join(g.dir, "*core*"))
	if len(cores) > 0 || !strings.Contains(out.String(), "goroutine ") {
		t.Errorf("got the files %v and %q", cores, out.String())
	}
}

// heldKeyring is a keyring with one secret.
type heldKeyring struct{ name, text string }

func (k heldKeyring) Get(_, name string) (secret.Secret, error) {
	if name != k.name {
		return secret.Secret{}, secret.ErrNotInKeyring
	}
	return secret.New(k.text), nil
}
func (heldKeyring) Set(_, _ string, _ secret.Secret) error { return nil }
func (heldKeyring) Delete(_, _ string) error               { return nil }

// The keyring's secret is no more to be seen than the others.
func TestKeyringSecretStaysSecret(t *testing.T) {
	for _, knows := range []bool{true, false} {
		g := &garden{t: t, dir: t.TempDir(), plants: []plant{{name: "keyring", secret: planted("keyring")}}}
		g.config = filepath.Join(g.dir, "config.toml")
		g.serve(map[bool]logintest.Fault{false: logintest.EchoSecret}[knows], knows)
		script := filepath.Join(g.dir, "script.lua")
		must(t, os.WriteFile(script, []byte(`local M = pop3.account("keyring") print(M:stat()) M:dele(1) M:quit()`), 0o600))
		for _, args := range [][]string{
			{"run", script, "--trace", "-v", "-o", "json", "--allow-delete=all"},
			{"accounts", "test", "keyring", "--trace"},
			{"accounts", "serverinfo", "keyring", "--trace", "-o", "json"},
			{"ls", "--trace"},
			{"doctor", "-o", "json"},
			{"config", "show"},
		} {
			var out bytes.Buffer
			status := cli.Main(t.Context(), cli.Env{
				Args: append([]string{"-c", g.config}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out,
				Keyring: heldKeyring{"keyring", planted("keyring")},
				Getenv:  func(name string) string { return map[string]string{"HOME": g.dir}[name] },
			})
			g.clean(strings.Join(args, " "), out.String())
			if logsIn := args[0] != "config"; logsIn && (status == 0) != knows {
				t.Errorf("right %v: %v: status %d\n%s", knows, args, status, out.String())
			}
		}
		for path, text := range g.leftovers() {
			g.clean(path, text)
		}
	}
}
