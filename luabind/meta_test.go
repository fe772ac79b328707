package luabind

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

var (
	stubFunction = regexp.MustCompile(`^function (\w+)[.:](\w+)\(`)
	stubClass    = regexp.MustCompile(`^---@class (\w+)`)
	stubField    = regexp.MustCompile(`^---@field (\w+)\?? \S`)
	stubKinds    = regexp.MustCompile(`^---@alias Pop3ErrorKind (.*)`)
)

// stubs returns the names that the editor stubs document, by class, sorted.
func stubs(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("meta/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		class, documented := "", false
		for line := range strings.SplitSeq(string(source), "\n") {
			if m := stubClass.FindStringSubmatch(line); m != nil {
				class = m[1]
			} else if m := stubField.FindStringSubmatch(line); m != nil {
				names[class] = append(names[class], m[1])
			} else if m := stubKinds.FindStringSubmatch(line); m != nil {
				names["kinds"] = strings.Split(strings.ReplaceAll(m[1], `"`, ""), "|")
			} else if m := stubFunction.FindStringSubmatch(line); m != nil {
				names[m[1]] = append(names[m[1]], m[2])
				if !documented {
					t.Errorf("%s: %s has no comment", file, m[2])
				}
			}
			documented = strings.HasPrefix(line, "---")
		}
	}
	for _, list := range names {
		slices.Sort(list)
	}
	return names
}

// The editor stubs name what is there, all of it and nothing else.
func TestStubs(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	b := &binding{grants: &Grants{}}
	sessions := append(keys(b.newSessionMethods(L)), "welcome", "host", "port", "closed")
	slices.Sort(sessions)
	sortedKinds := kinds()
	slices.Sort(sortedKinds)
	want := map[string][]string{
		"Pop3Session":    sessions,
		"Pop3TLSContext": keys(contextFields()),
		"Pop3Error":      keys(errorFields()),
		"kinds":          sortedKinds,
		"RePattern":      keys(searches()),
	}
	for name, newModule := range b.modules() {
		want[name] = stringKeys(newModule(L))
	}
	message := b.newMessageType(L)
	want["Message"] = keys(message.members)
	want["MailPart"] = append(keys(partMethods()), keys(partFields())...)
	want["MailAddress"] = addressFields
	want["RuleTable"] = ruleKeys
	want["MailAuthResult"] = []string{"method", "properties", "reason", "result", "server"}
	for _, class := range []string{"Message", "MailPart", "MailAddress", "RuleTable"} {
		want[class] = slices.Sorted(slices.Values(want[class]))
	}
	if err := L.CallByParam(lua.P{Fn: b.function(L, b.timeDate), NRet: 1}, lua.LNumber(0)); err != nil {
		t.Fatal(err)
	}
	want["TimeDate"] = stringKeys(L.CheckTable(-1))
	got := stubs(t)
	for class, want := range want {
		if !slices.Equal(got[class], want) {
			t.Errorf("%s:\nstubs have %v\nbinding has %v", class, got[class], want)
		}
		delete(got, class)
	}
	for class := range got {
		t.Errorf("%s: the binding has no such class", class)
	}
}

// The stubs are Lua: an editor must be able to read them.
func TestStubsCompile(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	for _, name := range keys((&binding{}).modules()) {
		if _, err := L.LoadFile(filepath.Join("meta", name+".lua")); err != nil {
			t.Error(err)
		}
	}
}

// The manual has every function of the modules beyond the mirror.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	L := lua.NewState()
	defer L.Close()
	b := &binding{grants: &Grants{}}
	for module, newModule := range b.modules() {
		for _, name := range stringKeys(newModule(L)) {
			if full := module + "." + name; module != "pop3" && !regexp.MustCompile(`\b`+full+`\b`).Match(manual) {
				t.Errorf("doc.go does not have %s", full)
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"stat", "list", "retr", "dele", "quit", "host", "certfile"}
	for name, want := range map[string]string{
		"stats": "stat", "tsat": "stat", "STAT": "stat", "lst": "list", "delete": "dele", "retrieve": "retr",
		"hots": "host", "certfiel": "certfile", "x": "", "": "", "frobnicate": "", "sta": "stat", "cert": "certfile", "file": "", "ce": "",
		strings.Repeat("stat", 1000): "",
	} {
		if got := Suggest(name, known); got != want {
			t.Errorf("suggest(%.20q) = %q, want %q", name, got, want)
		}
	}
}

func TestTrimEnd(t *testing.T) {
	for line, want := range map[string]string{
		"a\r\n": "a", "a\n": "a", "\ra\n": "a", "\ra\r\n": "\ra", "\r\n": "", "\n": "", "a\r\r\n": "a\r", "a\rb\n": "a\rb",
	} {
		if got := trimEnd(line); got != want {
			t.Errorf("trimEnd(%q) = %q, want %q", line, got, want)
		}
	}
}

// However a text arrives, its lines are the same.
func TestLineTextsPieces(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	text := "a\r\n\r\n\rb\nlong " + strings.Repeat("x", 100) + "\r\nend\r\n"
	want := []string{"a", "", "b", "long " + strings.Repeat("x", 100), "end"}
	for size := 1; size <= len(text); size++ {
		var lines lineTexts
		for chunk := range slices.Chunk([]byte(text), size) {
			lines.Write(chunk)
		}
		var got []string
		lines.table(L).ForEach(func(_, v lua.LValue) { got = append(got, v.String()) })
		if !slices.Equal(got, want) || lines.octets != int64(len(text)) {
			t.Fatalf("in pieces of %d: got %q, %d octets", size, got, lines.octets)
		}
	}
}
