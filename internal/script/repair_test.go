package script

import "testing"

// A lone break ends its loop and nothing else, wherever it stands.
func TestLoneBreak(t *testing.T) {
	for name, loop := range map[string]string{
		"nested":        `for i = 1, 2 do for _ in pairs{1} do break end print(i) end`,
		"in a function": `local function f() for i = 1, 2 do for _ in pairs{1} do break end print(i) end end f()`,
		"in a callback": `pcall(function() for i = 1, 2 do for _ in pairs{1} do break end print(i) end end)`,
		"in a table":    `({f = function() for i = 1, 2 do if true then for _ in pairs{1} do break end end print(i) end end}).f()`,
		"in a block":    `for i = 1, 2 do for _ in pairs{1} do do break end end print(i) end`,
		"if true":       `for i = 1, 2 do for _ in pairs{1} do if true then break end end print(i) end`,
		"while":         `for i = 1, 2 do for _ in pairs{1} do while true do break end break end print(i) end`,
		"in a generic":  `for i in ipairs{1, 2} do while true do for _ in pairs{1} do break end break end print(i) end`,
		"in a repeat":   `local i = 0 repeat i = i + 1 for _ in pairs{1} do break end print(i) until i == 2`,
	} {
		if got := output(t, loop); got != "1\n2\n" {
			t.Errorf("%s: got %q, want 1 and 2", name, got)
		}
	}
}
