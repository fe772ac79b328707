package house_test

import "strings"

// file returns the text of a Go file with imports that it uses by name.
func file(pkg string, imports ...string) string {
	text := "package " + pkg + "\n"
	for _, imp := range imports {
		text += "\nimport _ \"" + strings.ReplaceAll(imp, "MODULE", module) + "\"\n"
	}
	return text
}

var importPlants = []plant{
	// Floors.
	{"internal/policy/a.go", file("policy", "MODULE/internal/plan"), "internal/policy/a.go: floor 0 imports internal/plan on floor 1"},
	{"internal/policy/a.go", file("policy", "MODULE/scripts"), "internal/policy/a.go: floor 0 imports scripts on floor 0"},
	{"internal/plan/a.go", file("plan", "MODULE/internal/attic"), "internal/plan/a.go: floor 1 imports internal/attic on floor -1"},
	{"internal/plan/a.go", file("plan", "MODULE"), "internal/plan/a.go: floor 1 imports . on floor 8"},
	{"pop3/attic/a.go", "// Package attic is new.\n" + file("attic"), "pop3/attic: package has no floor"},
	// Sides.
	{"luabind/a.go", file("luabind", "MODULE/internal/plan"), "luabind/a.go: imports internal/plan from the other side of the flow"},
	{"internal/deliver/a.go", "// Package deliver delivers.\n" + file("deliver", "MODULE/pop3"), "internal/deliver/a.go: imports pop3 from the other side of the flow"},
	{"pop3/a.go", file("pop3", "MODULE/internal/policy"), "pop3/a.go: imports internal/policy into the client library"},
	{"internal/host/a.go", "// Package host composes.\n" + file("host", "MODULE/internal/dovecottest"), "internal/host/a.go: imports internal/dovecottest, which is for tests"},
	// Doors.
	{"luabind/a.go", file("luabind", "net"), "luabind/a.go: imports net, a door only of " + who(sockets)},
	{"luabind/a.go", file("luabind", "net/smtp"), "luabind/a.go: imports net/smtp, a door only of " + who(sockets)},
	{"luabind/a.go", file("luabind", "golang.org/x/net/proxy"), "luabind/a.go: imports golang.org/x/net/proxy, a door only of " + who(sockets)},
	{"pop3/a.go", file("pop3", "os/exec"), "pop3/a.go: imports os/exec, a door only of internal/deliver, internal/secret, internal/worker, internal/editor, internal/dovecottest, internal/bench"},
	{"pop3/a.go", file("pop3", "os/signal"), "pop3/a.go: imports os/signal, a door only of ., internal/bench"},
	{"luabind/a.go", file("luabind", "flag"), "luabind/a.go: imports flag, a door only of no package"},
	{"luabind/a.go", file("luabind", "github.com/spf13/pflag"), "luabind/a.go: imports github.com/spf13/pflag, a door only of internal/cli, internal/bench"},
	{"luabind/a.go", file("luabind", "github.com/spf13/cobra/doc"), "luabind/a.go: imports github.com/spf13/cobra/doc, a door only of internal/cli"},
	{"internal/run/a.go", "// Package run runs.\n" + file("run", "github.com/yuin/gopher-lua/parse"), "internal/run/a.go: imports github.com/yuin/gopher-lua/parse, a door only of luabind, luabind/luatest, internal/luastd, internal/script"},
	{"luabind/a.go", file("luabind", "github.com/emersion/go-message/mail"), "luabind/a.go: imports github.com/emersion/go-message/mail, a door only of internal/message"},
	{"pop3/a.go", file("pop3", "testing/fstest"), "pop3/a.go: imports testing/fstest, a door only of luabind/luatest, pop3/pop3test, internal/deliver/delivertest, internal/dovecottest, internal/bench, internal/login/logintest, internal/oauth/oauthtest"},
	{"pop3/a.go", file("pop3", "unsafe"), "pop3/a.go: imports unsafe, a door only of no package"},
	{"luabind/a.go", file("luabind", "reflect"), "luabind/a.go: imports reflect, a door only of no package"},
	// Dependencies.
	{"luabind/a.go", file("luabind", "github.com/knadh/go-pop3"), "luabind/a.go: imports github.com/knadh/go-pop3, which is not in the table of dependencies"},
	{"luabind/a_test.go", file("luabind", "github.com/stretchr/testify"), "luabind/a_test.go: imports github.com/stretchr/testify, which is not in the table of dependencies"},
	{"luabind/a.go", file("luabind", "pgregory.net/rapid"), "luabind/a.go: imports pgregory.net/rapid, which is not in the table of dependencies"},
	{"pop3/a.go", file("pop3", "golang.org/x/text/unicode/norm"), "pop3/a.go: imports golang.org/x/text/unicode/norm, but this package takes the standard library only"},
}

// body returns the text of a Go file that imports a package and uses it.
func body(pkg, imp, expr string) string {
	return "package " + pkg + "\n\nimport " + imp + "\n\nvar _ = " + expr + "\n"
}

var usePlants = []plant{
	{"luabind/a.go", body("luabind", `"os"`, `os.Getenv("HOME")`), "luabind/a.go: line 5: os.Getenv is not for this package"},
	{"luabind/a.go", body("luabind", `system "os"`, `system.Stdin`), "luabind/a.go: line 5: os.Stdin is not for this package"},
	{"luabind/a.go", body("luabind", `. "os"`, `Stdin`), "luabind/a.go: imports os without a name"},
	{"internal/plan/a.go", body("plan", `"os"`, `os.Exit`), "internal/plan/a.go: line 5: os.Exit is not for this package"},
	{"internal/plan/a.go", body("plan", `"fmt"`, `fmt.Println`), "internal/plan/a.go: line 5: fmt.Println is not for this package"},
	{"luabind/a.go", body("luabind", `"crypto/tls"`, `tls.Dial`), "luabind/a.go: line 5: crypto/tls.Dial is not for this package"},
	{"luabind/a.go", body("luabind", `"os"`, `os.ReadFile`), "luabind/a.go: line 5: os.ReadFile is not for this package"},
	{"pop3/a.go", body("pop3", `"os"`, `os.Open`), "pop3/a.go: line 5: os.Open is not for this package"},
}

var docPlants = []plant{
	{"pop3/a.go", "", "pop3/a.go: does not parse: pop3/a.go:1:1: expected 'package', found 'EOF'"},
	{"pop3/a.go", "// Package pop3 again.\npackage pop3\n", "pop3: 2 package comments, want 1"},
	{"pop3/pop3server/a.go", "package pop3server\n", "pop3/pop3server: 0 package comments, want 1"},
	{"pop3/pop3server/a.go", "//go:build linux\npackage pop3server\n", "pop3/pop3server: 0 package comments, want 1"},
	{"pop3/pop3server/a.go", "// A server.\npackage pop3server\n", `pop3/pop3server/a.go: the package comment does not begin with "Package pop3server "`},
	{"pop3/a.go", "package pop3\n\nfunc Dial() {}\n", "pop3/a.go: line 3: Dial has no comment"},
	{"internal/plan/a.go", "package plan\n\nfunc New() {}\n", "internal/plan/a.go: line 3: New has no comment"},
	{"pop3/a.go", "package pop3\n\nfunc (c *Client) Quit() {}\n", "pop3/a.go: line 3: Client.Quit has no comment"},
	{"pop3/a.go", "package pop3\n\n// Set is one.\ntype Set[K any] struct{}\n\nfunc (s Set[K]) Add() {}\n", "pop3/a.go: line 6: Set.Add has no comment"},
	{"pop3/a.go", "package pop3\n\ntype Text struct{}\n", "pop3/a.go: line 3: Text has no comment"},
	{"pop3/a.go", "package pop3\n\n// Several.\ntype (\n\tText struct{}\n)\n", "pop3/a.go: line 5: Text has no comment"},
	{"pop3/a.go", "package pop3\n\n// Text is one.\ntype Text struct {\n\tLimit int\n}\n", "pop3/a.go: line 5: Text.Limit has no comment"},
	{"pop3/a.go", "package pop3\n\n// Text is one.\ntype Text struct {\n\tinner struct{ Limit int }\n}\n", "pop3/a.go: line 5: Text.Limit has no comment"},
	{"pop3/a.go", "package pop3\n\n// Session is one.\ntype Session interface {\n\tClose() error\n}\n", "pop3/a.go: line 5: Session.Close has no comment"},
	{"pop3/a.go", "package pop3\n\nconst Port = 110\n", "pop3/a.go: line 3: Port has no comment"},
	{"pop3/a.go", "package pop3\n\nvar (\n\t// A is one.\n\tA = 1\n\tB = 2\n)\n", "pop3/a.go: line 6: B has no comment"},
	{"pop3/a.go", "package pop3\n\n//go:noinline\nfunc Dial() {}\n", "pop3/a.go: line 4: Dial has no comment"},
}

var sizePlants = []plant{
	{"pop3/a.go", "package pop3\n" + strings.Repeat("\n", 499) + "// The end.\n", "pop3/a.go: 501 lines, more than 500"},
	{"scripts/a.lua", strings.Repeat("-- more\n", 501), "scripts/a.lua: 501 lines, more than 500"},
	{"pop3/a.go", "package pop3\n\nfunc (c *Client) run() {\n" + strings.Repeat("\n", 79) + "}\n", "pop3/a.go: line 3: Client.run has 81 lines, more than 80"},
	{"pop3/a.go", "package pop3\n\nvar run = func() {\n" + strings.Repeat("\n", 79) + "}\n", "pop3/a.go: line 3: function literal has 81 lines, more than 80"},
}

var namePlants = []plant{
	{"docs/guide.md", "", "docs: does not belong at the top level"},
	{"cmd/", "", "cmd: does not belong at the top level"},
	{"Makefile", "", "Makefile: does not belong at the top level"},
	{"pop3/util.go", "package pop3\n", `pop3/util.go: a file is not named "util"`},
	{"pop3/dial_helpers_test.go", "package pop3\n", `pop3/dial_helpers_test.go: a file is not named "helpers"`},
	{"pop3/common/a_test.go", "package common\n", `pop3/common: a package is not named "common"`},
	{"pop3/strutil/a_test.go", "package strutil\n", `pop3/strutil: a package is not named "strutil"`},
	{"pop3/mailbox/a_test.go", "package mailbox\n", `pop3/mailbox: a package is not named "mailbox"`},
	{"pop3/a.go", "package pop3\n\ntype sessionManager struct{}\n", `pop3/a.go: line 3: type sessionManager: "manager" is not a word here`},
	{"pop3/a.go", "package pop3\n\ntype UIDLData int // is one\n", `pop3/a.go: line 3: type UIDLData: "data" is not a word here`},
	{"pop3/a_test.go", "package pop3\n\nfunc f() { type bodyFetcher int }\n", `pop3/a_test.go: line 3: type bodyFetcher: "fetcher" is not a word here`},
	{"internal/README.md", "`internal/policy`, `internal/plan`\n", "internal/README.md: the map does not show internal/dovecottest"},
	{".ci/check", "GOPROXY=https://proxy.golang" + ".org go test\n", `.ci/check: line 1: "proxy.golang` + `.org" is true of one machine only`},
	{"README.md", "Run it in\n\n    cd /home" + "/anna/popherd\n", `README.md: line 3: "/home` + `/a" is true of one machine only`},
	{"go.mod", "replace x => /Users" + "/anna/x\n", `go.mod: line 1: "/Users` + `/a" is true of one machine only`},
}
