package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	f.Fuzz(func(t *testing.T, before, after string, key byte) {
		names := []string{"password", "client_secret", "oauth.client_secret", "pasword", "token"}
		line := names[int(key)%len(names)] + ` = "` + planted + `"` + "\n"
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
	})
}
