package house_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
)

// Limits of what is not a test, whose tables may be long.
const (
	maxLines     = 500
	maxFuncLines = 80
)

// checkFileSizes: no Go or Lua file is too long.
func checkFileSizes(t tree) (faults []fault) {
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		ext := path.Ext(name)
		base := strings.TrimSuffix(name, ext)
		if ext != ".go" && ext != ".lua" || strings.HasSuffix(base, "_test") || strings.Contains(name, "testdata/") {
			continue
		}
		text := strings.TrimSuffix(t.files[name], "\n")
		if n := strings.Count(text, "\n") + 1; n > maxLines {
			faults = append(faults, fault{name, fmt.Sprintf("%d lines, more than %d", n, maxLines)})
		}
	}
	return faults
}

// checkFuncSizes: no function is too long.
func checkFuncSizes(t tree) (faults []fault) {
	for _, s := range t.code {
		if s.test {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			name := "function literal"
			switch f := n.(type) {
			case *ast.FuncDecl:
				name, _ = funcName(f)
			case *ast.FuncLit:
			default:
				return true
			}
			first, last := s.line(n.Pos()), s.line(n.End())
			if lines := last - first + 1; lines > maxFuncLines {
				faults = append(faults, fault{s.path, fmt.Sprintf("line %d: %s has %d lines, more than %d", first, name, lines, maxFuncLines)})
				return false // what it holds is too long because it is
			}
			return true
		})
	}
	return faults
}
