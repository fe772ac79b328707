package scripts_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/scripts"
	lua "github.com/yuin/gopher-lua"
)

func TestInLua(t *testing.T) {
	luatest.Run(t, "testdata/*_test.lua", func(t *testing.T, L *lua.LState) {
		luabind.Preload(L, nil)
	})
}

// TestEveryScriptIsTested: each has tests of its own, which run it.
func TestEveryScriptIsTested(t *testing.T) {
	if len(scripts.All()) != 10 {
		t.Errorf("got %d scripts, want 10", len(scripts.All()))
	}
	for _, s := range scripts.All() {
		tests, err := os.ReadFile(filepath.Join("testdata", s.Name+"_test.lua"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range []string{`"` + s.Name + `.lua"`, "function test_empty_maildrop", "function test_arguments"} {
			if !strings.Contains(string(tests), want) {
				t.Errorf("the tests of %s have no %s", s.Name, want)
			}
		}
	}
}

// TestOpening: the first lines are what `popherd run @list` shows, and the
// comment that they begin has an example to copy.
func TestOpening(t *testing.T) {
	usage := regexp.MustCompile(`^[a-z-]+( [A-Za-z@|.\[\]]+)?$`)
	for _, s := range scripts.All() {
		comment, _, found := strings.Cut(string(s.Source), "\n\n")
		lines := strings.Split(comment, "\n")
		if !found || len(lines) < 5 {
			t.Errorf("%s: the comment ends with an empty line and has usage, summary and example", s.Name)
			continue
		}
		for _, line := range lines {
			if line != "--" && !strings.HasPrefix(line, "-- ") || len(line) > 80 && !strings.Contains(line, "popherd run") {
				t.Errorf("%s: %q is no line of a comment, or too long", s.Name, line)
			}
		}
		if name, _, _ := strings.Cut(s.Usage, " "); lines[0] != "-- "+s.Usage || name != s.Name || !usage.MatchString(s.Usage) {
			t.Errorf("%s: usage %q, want the name and at most one argument", s.Name, s.Usage)
		}
		if lines[1] != "-- "+s.Summary || !strings.HasSuffix(s.Summary, ".") || !strings.HasPrefix(s.Summary, "Deletes ") && !strings.HasPrefix(s.Summary, "Shows ") {
			t.Errorf("%s: summary %q, want a sentence: Deletes or Shows ...", s.Name, s.Summary)
		}
		example := "--   popherd run @" + s.Name + " --maildrop inbox.mbox"
		if lines[2] != "--" || !strings.HasPrefix(lines[3]+" ", example+" ") || lines[4] != "--" {
			t.Errorf("%s: example %q, want %q and arguments, between empty lines", s.Name, lines[3], example)
		}
		if argument := strings.Contains(s.Usage, " "); argument != strings.Contains(lines[3], " -- ") {
			t.Errorf("%s: example %q for usage %q", s.Name, lines[3], s.Usage)
		}
	}
}

// TestRealMail runs each example, confined as popherd does it, on mail that was
// broken by real programs: none raises, every decision has a reason, and no
// control of a mail is printed.
func TestRealMail(t *testing.T) {
	mail := corpus(t)
	for _, s := range scripts.All() {
		t.Run(s.Name, func(t *testing.T) {
			drop := luatest.NewMaildrop(mail...)
			printed, err := run(t.Context(), s, drop, exampleArgs(s))
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range drop.Decided {
				if d.Reason == "" {
					t.Errorf("message %d: %s without a reason", d.Message, d.Action)
				}
			}
			if strings.HasPrefix(s.Summary, "Shows") && (len(drop.Decided) > 0 || printed == "") {
				t.Errorf("a report decided %d times and printed %d octets", len(drop.Decided), len(printed))
			}
			if at := strings.IndexFunc(printed, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); at >= 0 {
				t.Errorf("a control is printed: %q", printed[max(0, at-20):min(len(printed), at+20)])
			}
		})
	}
}

// TestExampleSaysWhatIsWrong: the example in an error's text is one that works.
func TestExampleSaysWhatIsWrong(t *testing.T) {
	example := regexp.MustCompile(`as in: (?:-- (\S+(?: \S+)?)|popherd run @\S+ --maildrop inbox\.mbox)$`)
	for _, s := range scripts.All() {
		_, err := run(t.Context(), s, luatest.NewMaildrop(), []string{"not", "so"})
		if err == nil {
			t.Errorf("%s takes any argument", s.Name)
			continue
		}
		m := example.FindStringSubmatch(err.Error())
		if m == nil {
			t.Errorf("%s: got %q, want it to end with an example", s.Name, err)
			continue
		}
		if _, err := run(t.Context(), s, luatest.NewMaildrop(), strings.Fields(m[1])); err != nil {
			t.Errorf("%s: the example fails: %v", s.Name, err)
		}
	}
}

// run runs a script on a maildrop, confined, and returns what it printed.
func run(ctx context.Context, s scripts.Script, drop *luatest.Maildrop, args []string) (string, error) {
	program, err := script.Compile("@"+s.Name, s.Source)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = program.Run(ctx, script.Options{
		Args:   args,
		Stdout: &out,
		Grants: &luabind.Grants{
			Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
				return luabind.AccountSession{Session: drop, Name: "test", Host: "maildrop"}, nil
			},
		},
		Drive: func(_ []string, judge script.Judge) error { return judge(ctx, drop, "test") },
	})
	return out.String(), err
}

// exampleArgs are the arguments of the example in a script's comment.
func exampleArgs(s scripts.Script) []string {
	for line := range strings.Lines(string(s.Source)) {
		if example, found := strings.CutPrefix(line, "--   popherd run "); found {
			_, args, _ := strings.Cut(example, " -- ")
			return strings.Fields(args)
		}
	}
	return nil
}

// corpus returns the mail that the local maildrop is tested with.
func corpus(t *testing.T) []string {
	var mail []string
	err := filepath.WalkDir("../internal/maildrop/testdata/mail", func(path string, entry fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".eml" && ext != ".msg" {
			return err
		}
		octets, err := os.ReadFile(path)
		mail = append(mail, string(octets))
		return err
	})
	if err != nil || len(mail) < 200 {
		t.Fatalf("%d messages in the corpus (%v)", len(mail), err)
	}
	return mail
}
