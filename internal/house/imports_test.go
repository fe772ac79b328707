package house_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// eachImport calls f for every import of a file.
func eachImport(s source, f func(imp string, spec *ast.ImportSpec)) {
	for _, spec := range s.syntax.Imports {
		if imp, err := strconv.Unquote(spec.Path.Value); err == nil {
			f(imp, spec)
		}
	}
}

// under reports whether an import is a package or one of its subpackages.
func under(imp, pkg string) bool { return imp == pkg || strings.HasPrefix(imp, pkg+"/") }

// ownPackage returns the folder of an import from this module.
func ownPackage(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

func floorOf(dir string) int {
	return slices.IndexFunc(floors, func(dirs []string) bool { return slices.Contains(dirs, dir) })
}

// checkFloors: every package is listed, and imports point down. What a test
// imports is free.
func checkFloors(t tree) (faults []fault) {
	unlisted := map[string]bool{}
	for _, s := range t.code {
		if s.test {
			continue
		}
		here := floorOf(s.dir)
		if here < 0 && !unlisted[s.dir] {
			unlisted[s.dir] = true
			faults = append(faults, fault{s.dir, "package has no floor"})
		}
		eachImport(s, func(imp string, _ *ast.ImportSpec) {
			dir, ok := ownPackage(imp)
			if there := floorOf(dir); ok && here >= 0 && (there < 0 || there >= here) {
				faults = append(faults, fault{s.path, fmt.Sprintf("floor %d imports %s on floor %d", here, dir, there)})
			}
		})
	}
	return faults
}

// checkSides: the reading and the writing side do not import each other, the
// public client imports nothing of popherd, and what only tests need stays in
// tests.
func checkSides(t tree) (faults []fault) {
	for _, s := range t.code {
		if s.test {
			continue
		}
		reading, writing := slices.Contains(readingSide, s.dir), slices.Contains(writingSide, s.dir)
		eachImport(s, func(imp string, _ *ast.ImportSpec) {
			dir, ok := ownPackage(imp)
			switch {
			case !ok:
			case reading && slices.Contains(writingSide, dir), writing && slices.Contains(readingSide, dir):
				faults = append(faults, fault{s.path, "imports " + dir + " from the other side of the flow"})
			case under(s.dir, "pop3") && !under(dir, "pop3"):
				faults = append(faults, fault{s.path, "imports " + dir + " into the client library"})
			case slices.Contains(testOnly, dir) && !slices.Contains(testOnly, s.dir):
				faults = append(faults, fault{s.path, "imports " + dir + ", which is for tests"})
			}
		})
	}
	return faults
}

// checkDoors: what touches the outside is imported only where it belongs.
func checkDoors(t tree) (faults []fault) {
	for _, s := range t.code {
		if s.test {
			continue
		}
		eachImport(s, func(imp string, _ *ast.ImportSpec) {
			for _, d := range doors {
				if under(imp, d.path) && !slices.Contains(d.apart, imp) && !slices.Contains(d.shut, s.dir) {
					faults = append(faults, fault{s.path, "imports " + imp + ", a door only of " + who(d.shut)})
				}
			}
		})
	}
	return faults
}

// checkUses: the environment, stdio, exit and, where they do not belong, files
// are reached only through parameters.
func checkUses(t tree) (faults []fault) {
	for _, s := range t.code {
		if s.test {
			continue
		}
		names := map[string]string{} // the import behind a name in this file
		eachImport(s, func(imp string, spec *ast.ImportSpec) {
			names[path.Base(imp)] = imp
			if spec.Name != nil {
				delete(names, path.Base(imp))
				names[spec.Name.Name] = imp
			}
		})
		if imp, ok := names["."]; ok {
			faults = append(faults, fault{s.path, "imports " + imp + " without a name"})
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && forbidden(s.dir, names[x.Name], sel.Sel.Name) {
				text := fmt.Sprintf("line %d: %s.%s is not for this package", s.line(sel.Pos()), names[x.Name], sel.Sel.Name)
				faults = append(faults, fault{s.path, text})
			}
			return true
		})
	}
	return faults
}

func forbidden(dir, imp, name string) bool {
	return slices.ContainsFunc(uses, func(u use) bool {
		if u.path != imp || !slices.Contains(u.names, name) {
			return false
		}
		if u.never != nil {
			return slices.Contains(u.never, dir)
		}
		return !slices.Contains(u.only, dir)
	})
}

// checkDependencies: other modules come from the table, and some packages
// want none.
func checkDependencies(t tree) (faults []fault) {
	for _, s := range t.code {
		allowed := dependencies
		if s.test || slices.Contains(testOnly, s.dir) {
			allowed = append(slices.Clone(dependencies), testDependencies...)
		}
		eachImport(s, func(imp string, _ *ast.ImportSpec) {
			first, _, _ := strings.Cut(imp, "/")
			if _, own := ownPackage(imp); own || !strings.Contains(first, ".") {
				return
			}
			switch {
			case !slices.ContainsFunc(allowed, func(m string) bool { return under(imp, m) }):
				faults = append(faults, fault{s.path, "imports " + imp + ", which is not in the table of dependencies"})
			case !s.test && slices.Contains(onlyStandard, s.dir):
				faults = append(faults, fault{s.path, "imports " + imp + ", but this package takes the standard library only"})
			}
		})
	}
	return faults
}

func who(dirs []string) string {
	if len(dirs) == 0 {
		return "no package"
	}
	return strings.Join(dirs, ", ")
}
