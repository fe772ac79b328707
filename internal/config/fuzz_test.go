package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
)

// planted is a secret that no input holds by chance.
const planted = "Zq9!vK4sW7"

// Whatever is around a password, no error repeats it; and nothing makes the
// reader panic. An account that is taken is complete.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/broken/*.toml", "testdata/good/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text), "", byte(0))
			f.Add(head, string(text), byte(1))
		}
	}
	f.Add(head+"ca_file = '''", "'''\n", byte(0))
	f.Add(head+"host = [{", "}]\n", byte(2))
	f.Add("'", "' = 1\n", byte(0))
	for i := range byte(8) {
		f.Add("[daemon]\n", "", i)
		f.Add("[jobs.x]\n", "x = 1\n", i)
		f.Add("[jobs.x.notify]\n", "on = [\n", i)
	}
	f.Fuzz(func(t *testing.T, before, after string, key byte) {
		lines := []string{
			`password = "SECRET"`, `client_secret = "SECRET"`, `oauth.client_secret = "SECRET"`, `pasword = "SECRET"`, `token = "SECRET"`,
			`command = ["curl", "SECRET"]`, `db = "postgres://anna:SECRET@db.example.org/jobs"`, `notify = { command = ["SECRET"], over = "x" }`,
		}
		line := strings.Replace(lines[int(key)%len(lines)], "SECRET", planted, 1) + "\n"
		c, err := config.Parse("config.toml", []byte(before+line+after), options)
		if err != nil {
			if got := told(err) + err.Error(); strings.Contains(got, planted) && !strings.Contains(before+after, planted) {
				t.Errorf("the secret is in\n%s", got)
			}
			var faults *config.Errors
			if !errors.As(err, &faults) || len(faults.List) == 0 || len(faults.List) > 20 {
				t.Errorf("got %T", err)
			}
			return
		}
		for _, a := range c.Accounts {
			if a.Name == "" || a.User == "" || a.Host == "" || a.Port == 0 || a.TLS == "" || a.Auth == "" || a.AddressFamily == "" {
				t.Errorf("got %+v", a)
			}
		}
		for _, j := range c.Jobs {
			some, err := c.Select(j.Accounts)
			if _, wrong := j.When(time.UTC); wrong != nil || err != nil || len(some) == 0 || j.Name == "" || j.Script == "" || j.Deadline <= 0 || j.PauseAfter < 1 {
				t.Errorf("got %+v, %v, %v", j, wrong, err)
			}
		}
		if strings.Contains(c.Daemon.DB, planted) && !strings.Contains(before+after, planted) {
			t.Errorf("got %q", c.Daemon.DB)
		}
	})
}
