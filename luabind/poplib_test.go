package luabind_test

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind/luatest"
	lua "github.com/yuin/gopher-lua"
)

// Of the 74 cases of CPython's Lib/test/test_poplib.py (3.15), 20 are common
// to its three classes; the others are overridden or added by each. Their
// names are kept: the case TestPOP3Class.test_stat is the Lua function
// test_stat of common_test.lua, run with CLASS "plain".
const commonCases = `test_getwelcome test_exceptions test_user test_pass_ test_stat test_list test_retr
	test_too_long_lines test_dele test_noop test_rpop test_apop_normal test_apop_REDOS test_top test_uidl
	test_utf8_raises_if_unsupported test_utf8 test_capa test_quit test_control_characters`

var classes = []struct {
	name, python, own string
	cases             int
}{
	{"plain", "TestPOP3Class", "test_stls_capa test_stls test_stls_context", 23},
	{"ssl", "TestPOP3_SSLClass", "test_stls_capa test_stls test_stls_context test__all__ test_context", 25},
	{"tls", "TestPOP3_TLSClass", "test_stls_capa test_stls test_stls_context", 23},
	{"timeouts", "TestTimeouts", "test_testTimeoutDefault test_testTimeoutNone test_testTimeoutValue", 3},
}

// cases lists where each case of CPython is: "TestPOP3Class.test_stat" is
// "plain/common_test.lua/test_stat".
func cases() map[string]string {
	all := map[string]string{}
	for _, class := range classes {
		for _, name := range strings.Fields(class.own) {
			all[class.python+"."+name] = class.name + "/" + class.name + "_test.lua/" + name
		}
		if class.name == "timeouts" {
			continue
		}
		for _, name := range strings.Fields(commonCases) {
			all[class.python+"."+name] = class.name + "/common_test.lua/" + name
		}
	}
	return all
}

func TestPoplib(t *testing.T) {
	ran := map[string]bool{}
	for _, class := range classes {
		t.Run(class.name, func(t *testing.T) {
			setup := func(t *testing.T, L *lua.LState) {
				_, name, _ := strings.Cut(t.Name(), "/")
				ran[name] = true
				newHost(t).open(L)
				L.SetGlobal("CLASS", lua.LString(class.name))
			}
			luatest.Run(t, path.Join("testdata", "poplib", class.name+"_test.lua"), setup)
			if class.name != "timeouts" {
				luatest.Run(t, path.Join("testdata", "poplib", "common_test.lua"), setup)
			}
		})
	}
	if !strings.Contains(fmt.Sprint(ran), "common_test.lua/test_getwelcome") {
		return // -run chose some of them
	}
	all := cases()
	if len(all) != 74 || len(ran) != 74 {
		t.Errorf("%d cases listed and %d ran, want 74 of each", len(all), len(ran))
	}
	for python, name := range all {
		if !ran[name] {
			t.Errorf("%s: %s did not run", python, name)
		}
	}
	for _, class := range classes {
		n := 0
		for python := range all {
			if strings.HasPrefix(python, class.python+".") {
				n++
			}
		}
		if n != class.cases {
			t.Errorf("%s: %d cases, want %d", class.python, n, class.cases)
		}
	}
}

// TestLua runs what CPython does not cover, golden_test.lua first: dialogues
// measured on poplib.
func TestLua(t *testing.T) {
	luatest.Run(t, "testdata/*_test.lua", func(t *testing.T, L *lua.LState) { newHost(t).open(L) })
}
