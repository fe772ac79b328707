package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What is wrong with a script, and where.
func TestSyntaxErrors(t *testing.T) {
	scripts := []struct{ name, source string }{
		{"a block that is not closed", "for i = 1, 3 do\n  print(i)\n"},
		{"a function that is not closed", "local function f()\n  if x then\n    return 1\n  end\n"},
		{"a call that is not closed", "print(\n"},
		{"a table that is not closed", "local t = {\n  1, 2\n"},
		{"a string that is not closed", "print(\"hello)\nprint(1)\n"},
		{"a long string that is not closed", "x = [[\nhello\n"},
		{"a comment that is not closed", "--[[ hello\nx = 1\n"},
		{"one end too many", "if x then\n  y = 1\nend\nend\n"},
		{"a stray symbol", "local x = 1\nx = x @ 2\n"},
		{"a stray operator", "x = 1\n  y = = 2\n"},
		{"C's way to add", "x = 1\nx += 1\n"},
		{"C's way to differ", "if x != 1 then end\n"},
		{"Python's way to open a block", "if x == 1:\n  print(x)\n"},
		{"no then", "if x == 1\n  print(x)\nend\n"},
		{"else if", "if a then\nelse if b then\nend\n"},
		{"an unknown label", "local x = 1\ngoto there\nlocal y = 2\n"},
		{"a label twice", "::here::\nlocal x = 1\n::here::\n"},
		{"break outside", "local x = 1\n\nbreak\n"},
		{"dots outside", "local f = function()\n  return ...\nend\n"},
		{"code behind return", "do\n  return 1\n  print(2)\nend\n"},
		{"an assignment to a call", "f() = 1\n"},
		{"a keyword for a name", "local end = 1\n"},
		{"a number", "x = 0x\n"},
		{"a name of another alphabet", "x = 1\ngrüße = 2\n"},
		{"newer Lua's integer division", "x = 5 // 2\n"},
		{"newer Lua's attributes", "local x <const> = 5\n"},
		{"too many locals", strings.Repeat("local a\n", 300)},
		{"too many locals in a function", "\n\nlocal function f()\n" + strings.Repeat("local a\n", 300) + "end\n"},
		{"a shebang, then a fault", "#!/usr/bin/popherd run\nx = = 1\n"},
		{"two shebangs", "#!/usr/bin/popherd run\n#x\n"},
		{"a byte order mark, then a fault", "\xef\xbb\xbfx = = 1\n"},
		{"a block in a block", "for _, m in pairs(x) do\n  if m then -- do\n    print('end', [[end]])\nend\n"},
		{"a loop without its condition", "repeat\n  x()\n"},
		{"compiled Lua", "\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00"},
		{"garbage", "\x00\x01\x02\xff\xfe\x7fELF"},
		{"terminal controls", "x = \x1b[31mred\x9b0m\n"},
		{"a whole line", "this is no program\n"},
		{"too large", strings.Repeat("-", MaxSource+1)},
	}
	var got strings.Builder
	for _, s := range scripts {
		_, err := Compile("rule.lua", []byte(s.source))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: got error %v, want a *SyntaxError", s.name, err)
			continue
		}
		fmt.Fprintf(&got, "%s\n\t%s\n", s.name, err)
		if syntax.Line < 0 || syntax.Column < 0 || syntax.Name != "rule.lua" || syntax.Reason == "" {
			t.Errorf("%s: got %+v", s.name, syntax)
		}
		if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r >= 0x7F && r < 0xA0 }) {
			t.Errorf("%s: got controls in %q", s.name, err)
		}
	}
	golden(t, "syntax.txt", got.String())
}

func TestScriptsThatAreWhole(t *testing.T) {
	for name, source := range map[string]string{
		"nothing":             "",
		"a shebang alone":     "#!/usr/bin/popherd run",
		"a shebang":           "#!/usr/bin/popherd run\r\nassert(select(2, pcall(error, 'x', 2)))",
		"CR LF":               "local x = 1\r\nif x == 1 then\r\n  x = 2\r\nend\r\n",
		"a byte order mark":   "\xef\xbb\xbf#!/usr/bin/popherd run\nlocal x = 1",
		"no line end":         "local x = 1",
		"goto":                "for i = 1, 3 do if i == 2 then goto continue end ::continue:: end",
		"a label":             "::here::",
		"a return value":      "return 'done'",
		"as large as allowed": strings.Repeat("-", MaxSource),
		"8-bit strings":       "local s = '\xff\xfe grüße' assert(#s == 10)",
	} {
		p, err := Compile("rule.lua", []byte(source))
		if err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
			continue
		}
		if err := p.Run(context.Background(), Options{}); err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
		}
	}
}

// A shebang keeps the count of lines.
func TestLinesAfterShebang(t *testing.T) {
	_, err := run(t, context.Background(), "#!/usr/bin/popherd run\n\nerror('third')")
	if err == nil || err.Error() != "test.lua:3: third" {
		t.Errorf("got %v, want it in line 3", err)
	}
}

// Whatever a file holds, the compiler returns.
func FuzzCompile(f *testing.F) {
	for _, source := range []string{
		"", "#!", "local x <const> = 1", "::a:: goto a", "x = [==[ ]==]", "return ...", "\x1bLua", "f'x'{}[[y]]",
		"local function f(a, ...) for k, v in pairs{...} do a[k] = v end return f, a end",
		"x = -not #'a' .. 1 ^ 2 % 3", "repeat local y until y", "a.b:c(1, 2).d[e] = function() end",
	} {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		if len(source) > 4<<10 {
			return // long ones take long, as MaxSource says
		}
		p, err := Compile("fuzz.lua", source)
		var syntax *SyntaxError
		if err != nil && !errors.As(err, &syntax) || err == nil && p == nil {
			t.Errorf("got %v, %v", p, err)
		}
	})
}
