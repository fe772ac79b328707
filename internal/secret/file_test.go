//go:build unix

package secret_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/popherd/popherd/internal/secret"
)

func mkfifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("cannot make a fifo for the test: ", err)
	}
	return path
}

// fromFile finds the secret of a file that is named.
func fromFile(t *testing.T, path string) (string, error) {
	found, err := new(secret.Finder).Find(t.Context(), secret.Wanted{Name: "work", Sources: secret.Sources{File: path}})
	return found.Secret.Reveal(), err
}

func TestFileTakesTheFirstLine(t *testing.T) {
	long := strings.Repeat("x", 4096)
	for text, want := range map[string]string{
		"word": "word", "word\n": "word", "word\r\n": "word", "word\r": "word", " word \nuser: ann\n": " word ",
		"\ufeffword\r\n": "word", long + "\r\n": long, "\ufeff" + long + "\n" + long: long, "word\n" + strings.Repeat(long, 1000): "word",
		"": "", "\n": "", "\r\n": "", "\nword": "", long + "x": "", long + "x\n": "", "a\x00b": "", "a\rb\n": "", "\ufeff": "", "\xff\xfew\x00": "",
	} {
		got, err := fromFile(t, put(t, filepath.Join(t.TempDir(), "pw"), text, 0o600))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: got %.20q, %v; want %.20q", text, got, err, want)
		}
	}
}

// TestAHugeFileIsNotRead: this one would fill the memory.
func TestAHugeFileIsNotRead(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "pw"), "", 0o600)
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip(err)
	}
	if _, err := fromFile(t, path); err == nil {
		t.Error("it is taken")
	}
	w := secret.Wanted{Name: "work", User: "u", Host: "h", Sources: secret.Sources{Netrc: path}}
	if _, err := new(secret.Finder).Find(t.Context(), w); err == nil || !strings.Contains(err.Error(), "1048576 octets") {
		t.Errorf("got %v", err)
	}
}

// TestLooseFiles are refused, whether they are named or lie where they are
// looked for, and also by a link.
func TestLooseFiles(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777, 0o440} {
		dir := t.TempDir()
		path := put(t, filepath.Join(dir, "loose"), "machine h login u password "+planted+"\n", mode)
		link := filepath.Join(dir, "secrets", "work")
		if err := os.Mkdir(filepath.Dir(link), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for place, test := range map[string]struct {
			f       *secret.Finder
			sources secret.Sources
			path    string
		}{
			"named":         {&secret.Finder{}, secret.Sources{File: path}, path},
			"named link":    {&secret.Finder{}, secret.Sources{File: link}, link},
			"default link":  {&secret.Finder{Dir: dir}, secret.Sources{}, link},
			"named netrc":   {&secret.Finder{}, secret.Sources{Netrc: path}, path},
			"default netrc": {&secret.Finder{Getenv: variables("NETRC=" + link)}, secret.Sources{}, link},
		} {
			_, err := test.f.Find(t.Context(), secret.Wanted{Name: "work", User: "u", Host: "h", Sources: test.sources})
			want := fmt.Sprintf("%q: others than you can read it: its mode is %#o", test.path, mode)
			if err == nil || !strings.HasSuffix(err.Error(), want) || hintOf(err) != fmt.Sprintf("chmod 600 %q", test.path) {
				t.Errorf("%s of mode %#o: got %v (%s)", place, mode, err, hintOf(err))
			}
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o400, 0o700, 0o500} {
		path := put(t, filepath.Join(t.TempDir(), "pw"), "word\n", mode)
		if got, err := fromFile(t, path); got != "word" {
			t.Errorf("mode %#o: got %q, %v", mode, got, err)
		}
	}
}

func TestALinkToAGoodFileIsFollowed(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(put(t, filepath.Join(dir, "pw"), "word\n", 0o600), link); err != nil {
		t.Fatal(err)
	}
	if got, err := fromFile(t, link); got != "word" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSomebodyElsesFileIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	path := put(t, filepath.Join(t.TempDir(), "popherd.work"), "word\n", 0o600)
	if err := os.Chown(path, 12345, -1); err != nil {
		t.Skip(err)
	}
	if got, err := fromFile(t, path); err == nil || !strings.Contains(err.Error(), "it belongs to user 12345, not to you") || hintOf(err) == "" {
		t.Errorf("got %q, %v", got, err)
	}
	f := &secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY=" + filepath.Dir(path))}
	if found, err := f.Find(t.Context(), secret.Wanted{Name: "work"}); err == nil {
		t.Errorf("got %v", found)
	}
}

func TestAFolderThatEverybodyCanWriteIsRefused(t *testing.T) {
	path := put(t, filepath.Join(t.TempDir(), "open", "pw"), "word\n", 0o600)
	for mode, good := range map[os.FileMode]bool{0o700: true, 0o755: true, 0o775: true, 0o777: false, 0o777 | os.ModeSticky: true} {
		if err := os.Chmod(filepath.Dir(path), mode); err != nil {
			t.Fatal(err)
		}
		if got, err := fromFile(t, path); (err == nil) != good || !good && hintOf(err) == "" {
			t.Errorf("folder of mode %v: got %q, %v", mode, got, err)
		}
	}
}

// TestWhatIsNoFile is not waited for: a fifo hangs whoever opens it.
func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		mkfifo(t): "it is no regular file", dir: "it is no regular file", "/dev/null": "it is no regular file", "/dev/zero": "it is no regular file",
		loop: "too many levels of symbolic links", "/dev/null/x": "not a directory", dir + "/a\x00b": "invalid argument",
	} {
		if _, err := fromFile(t, path); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", path, err, want)
		}
		// A netrc is there for others, too: NETRC=/dev/null says "none".
		f := &secret.Finder{Getenv: variables("NETRC="+path, "POPHERD_PASSWORD_WORK="), Keyring: nil}
		if _, err := f.Find(t.Context(), secret.Wanted{Name: "work", User: "u", Host: "h"}); err == nil || !strings.HasPrefix(err.Error(), "account work: no password: ") {
			t.Errorf("NETRC=%q: got %v", path, err)
		}
	}
}

func TestALooseNetrcWithoutThePasswordIsNoMatter(t *testing.T) {
	home := t.TempDir()
	put(t, filepath.Join(home, ".netrc"), "machine git.example.org login u password x y\n", 0o644)
	f := &secret.Finder{Home: home, Prompt: nil}
	w := secret.Wanted{Name: "work", User: "u", Host: "h"}
	if _, err := f.Find(t.Context(), w); err == nil || !strings.HasPrefix(err.Error(), "account work: no password: ") {
		t.Errorf("got %v", err)
	}
	w.Sources.Netrc = filepath.Join(home, ".netrc")
	if _, err := f.Find(t.Context(), w); err == nil || !strings.Contains(err.Error(), "others than you can read it") {
		t.Errorf("got %v", err)
	}
}

// TestCredential: systemd lets the service's user read it by an access control
// list, which shows as a permission of the group.
func TestCredential(t *testing.T) {
	for mode, good := range map[os.FileMode]bool{0o400: true, 0o440: true, 0o600: true, 0o444: false, 0o604: false, 0o602: false} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "popherd.work"), "word\n", mode)
		f := &secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY="+dir, "POPHERD_PASSWORD_WORK=x")}
		found, err := f.Find(t.Context(), secret.Wanted{Name: "work"})
		if (err == nil) != good || good && found.Secret.Reveal() != "word" {
			t.Errorf("mode %#o: got %v of %s, %v", mode, found.Secret.Reveal(), found.Source, err)
		}
	}
	f := &secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY=credentials")}
	if _, err := f.Find(t.Context(), secret.Wanted{Name: "work"}); err == nil || !strings.HasSuffix(err.Error(), "its path is not absolute") {
		t.Errorf("got %v", err)
	}
}

// TestAHomeThatAServiceMayNotSee has no netrc and no file.
func TestAHomeThatAServiceMayNotSee(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may see everything")
	}
	home := t.TempDir()
	put(t, filepath.Join(home, "in", "secrets", "work"), "word\n", 0o600)
	if err := os.Chmod(filepath.Join(home, "in"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(home, "in"), 0o700) })
	f := &secret.Finder{Dir: filepath.Join(home, "in"), Home: filepath.Join(home, "in")}
	if _, err := f.Find(t.Context(), secret.Wanted{Name: "work", User: "u", Host: "h"}); err == nil || !strings.HasPrefix(err.Error(), "account work: no password: ") {
		t.Errorf("got %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "secrets")
	path := filepath.Join(dir, "work")
	for _, word := range []string{"one", "two  \t", strings.Repeat("x", 4096), "\u00fc"} {
		if err := secret.WriteFile(path, secret.New(word)); err != nil {
			t.Fatal(err)
		}
		if got, err := fromFile(t, path); got != word {
			t.Errorf("got %q, %v; want %q", got, err, word)
		}
	}
	for name, want := range map[string]os.FileMode{path: 0o600, dir: 0o700 | os.ModeDir, filepath.Dir(dir): 0o700 | os.ModeDir} {
		if stat, err := os.Stat(name); err != nil || stat.Mode() != want {
			t.Errorf("%s: got %v, %v; want %v", name, stat.Mode(), err, want)
		}
	}
	onlyFile(t, dir, "work")
}

// onlyFile: no draft is left.
func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("got %v, %v; want %s alone", entries, err, name)
	}
}

// TestWriteFileInPlaceOfALink: what the link points to stays as it is.
func TestWriteFileInPlaceOfALink(t *testing.T) {
	dir := t.TempDir()
	target, path := put(t, filepath.Join(dir, "target"), "old\n", 0o644), filepath.Join(dir, "secrets", "work")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if err := secret.WriteFile(path, secret.New("new")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(target); string(text) != "old\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if got, err := fromFile(t, path); got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestWriteFileRefuses(t *testing.T) {
	dir := t.TempDir()
	path := put(t, filepath.Join(dir, "secrets", "work"), "old\n", 0o600)
	for _, text := range []string{"", "a\n", "a\nb", "a\r", "a\x00", "\ufeffa", strings.Repeat(planted, 300)} {
		if err := secret.WriteFile(path, secret.New(text)); err == nil || leaks(err.Error()) {
			t.Errorf("%.20q: got %v", text, err)
		}
	}
	if err := secret.WriteFile("work", secret.New("x")); err == nil {
		t.Error("a relative path is taken")
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := secret.WriteFile(path, secret.New(planted)); err == nil || leaks(err.Error()) {
		t.Errorf("in a folder that everybody can write: got %v", err)
	}
	onlyFile(t, filepath.Dir(path), "work")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := fromFile(t, path); got != "old" {
		t.Errorf("got %q, %v", got, err)
	}
	full := filepath.Join(dir, "full")
	put(t, filepath.Join(full, "x"), "", 0o600)
	if err := secret.WriteFile(full, secret.New(planted)); err == nil || leaks(err.Error()) {
		t.Errorf("in place of a folder: got %v", err)
	}
	if drafts, _ := filepath.Glob(filepath.Join(dir, ".secret-*")); len(drafts) > 0 {
		t.Errorf("left: %v", drafts)
	}
}
