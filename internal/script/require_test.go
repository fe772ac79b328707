package script

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestRequireHostModules(t *testing.T) {
	got := output(t, `print(require("pop3") == pop3, require "getpass" == getpass, rawequal(require("pop3"), require("pop3")))`)
	if want := "true\ttrue\ttrue\n"; got != want {
		t.Errorf("got %q, want the modules themselves", got)
	}
	// A script may use the names for its own, and still have the modules.
	if got := output(t, `pop3 = 1 print(type(require "pop3"))`); got != "table\n" {
		t.Errorf("got %q, want the module", got)
	}
	got = output(t, `print(pcall(require, "socket"))`)
	if !strings.Contains(got, `module "socket" not found`) || !strings.Contains(got, "getpass") || !strings.Contains(got, "pop3") {
		t.Errorf("got %q, want the modules that there are", got)
	}
}

// required runs source with files beside it.
func required(t *testing.T, source string, folders ...fs.FS) (string, error) {
	t.Helper()
	p, err := Compile("test.lua", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = p.Run(context.Background(), Options{Stdout: &out, Folders: folders})
	return out.String(), err
}

func file(source string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(source)} }

func TestRequireFiles(t *testing.T) {
	near := fstest.MapFS{
		"one.lua":         file("print('loading', ...) return {name = 'one'}"),
		"nothing.lua":     file("loaded = true"),
		"sub/two.lua":     file("#!/usr/bin/popherd\nreturn require('one').name .. ' two'"),
		"pop3.lua":        file("error('the module of the host comes first')"),
		"with-hyphen.lua": file("return false"),
	}
	far := fstest.MapFS{"one.lua": file("error('the first folder counts')"), "far.lua": file("return 'far'")}
	got, err := required(t, `
		local one = require "one"
		print(one.name, require("one") == one)
		print(require "nothing", loaded)
		print(require "sub.two", require "far", require "with-hyphen", type(require "pop3"))`, near, far)
	if err != nil {
		t.Error(err)
	}
	if want := "loading\tone\none\ttrue\ntrue\ttrue\none two\tfar\tfalse\ttable\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A name is no path: nothing outside the folders can be named.
func TestRequireRefuses(t *testing.T) {
	folder := fstest.MapFS{
		"one.lua":       file("return 1"),
		"raises.lua":    file("\nerror('oops')"),
		"raisesobj.lua": file("pop3.POP3('x')"),
		"wrong.lua":     file("x = = 1"),
		"binary.lua":    file("\x1bLua\x00"),
		"large.lua":     file(strings.Repeat("-", MaxSource+1)),
		"loop.lua":      file("return require 'loop2'"),
		"loop2.lua":     file("return require 'loop'"),
		"yields.lua":    file("coroutine.yield(1)"),
		"dir.lua/x":     file(""),
	}
	for name, want := range map[string]string{
		"../one":                 "no path",
		"/one":                   "no path",
		"./one":                  "no path",
		"one.lua/":               "no path",
		"":                       "no path",
		".":                      "no path",
		"one.":                   "no path",
		"a..one":                 "no path",
		"one\\0":                 "no path",
		"one\\n":                 "no path",
		"C:one":                  "no path",
		"ön":                     "no path",
		strings.Repeat("a", 300): "no path",
		"one.lua":                "not found",
		"two":                    "not found",
		"string":                 "not found",
		"_G":                     "not found",
		"dir":                    "is not a file",
		"raises":                 "raises.lua:2: oops",
		"wrong":                  "wrong.lua:1:5: syntax error",
		"binary":                 "binary.lua",
		"large":                  "262144 octets",
		"loop":                   "loop -> loop2 -> loop",
		"yields":                 "yield",
	} {
		got, err := required(t, `print(pcall(require, "`+name+`"))`, folder)
		if err != nil || !strings.HasPrefix(got, "false\t") || !strings.Contains(got, want) {
			t.Errorf("require %q: got %q, %v; want an error with %q", name, got, err, want)
		}
	}
	for _, wrong := range []string{"nil", "{}", "print"} {
		if got := output(t, "print((pcall(require, "+wrong+")))"); got != "false\n" {
			t.Errorf("require(%s): got %q, want an error", wrong, got)
		}
	}
	// What failed can be tried again, and is no loop then.
	got, err := required(t, `print(pcall(require, "raises")) print(pcall(require, "raises"))`, folder)
	if err != nil || strings.Count(got, "raises.lua:2: oops") != 2 {
		t.Errorf("got %q, %v; want the same error twice", got, err)
	}
}
