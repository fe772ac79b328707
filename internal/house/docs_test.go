package house_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// checkPackageComments: every package has one comment, in one file.
func checkPackageComments(t tree) (faults []fault) {
	comments := map[string]int{}
	for _, s := range t.code {
		if s.test {
			continue
		}
		comments[s.dir] += 0
		// Text leaves out directives: a build constraint is no comment.
		text := s.syntax.Doc.Text()
		if text == "" {
			continue
		}
		comments[s.dir]++
		want := "Package " + s.syntax.Name.Name + " "
		if s.syntax.Name.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(text, want) {
			faults = append(faults, fault{s.path, fmt.Sprintf("the package comment does not begin with %q", want)})
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(comments)) {
		if n := comments[dir]; n != 1 {
			faults = append(faults, fault{dir, fmt.Sprintf("%d package comments, want 1", n)})
		}
	}
	return faults
}

// checkDocs: every exported name has a comment, methods included; in the public
// packages, struct fields and interface methods too.
func checkDocs(t tree) (faults []fault) {
	for _, s := range t.code {
		if s.test {
			continue
		}
		missing := func(pos token.Pos, name string) {
			faults = append(faults, fault{s.path, fmt.Sprintf("line %d: %s has no comment", s.line(pos), name)})
		}
		for _, decl := range s.syntax.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if name, exported := funcName(d); exported && !said(d.Doc) {
					missing(d.Pos(), name)
				}
			case *ast.GenDecl:
				undocumented(d, slices.Contains(public, s.dir), missing)
			}
		}
	}
	return faults
}

// said reports whether any of the comments says something.
func said(comments ...*ast.CommentGroup) bool {
	return slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c.Text() != "" })
}

// funcName returns the name of a function or method, and whether it can be
// seen from outside.
func funcName(d *ast.FuncDecl) (name string, exported bool) {
	name, exported = d.Name.Name, d.Name.IsExported()
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return name, exported
	}
	receiver := d.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.IndexListExpr:
			receiver = r.X
		case *ast.Ident:
			return r.Name + "." + name, exported && r.IsExported()
		default:
			return name, exported
		}
	}
}

// undocumented calls missing for the names of a declaration without comment,
// and of its fields if they are asked for. A group of constants or variables
// may share the comment above it.
func undocumented(d *ast.GenDecl, fields bool, missing func(token.Pos, string)) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && !said(d.Doc, s.Doc, s.Comment) {
					missing(name.Pos(), name.Name)
				}
			}
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			if !said(s.Doc, s.Comment) && (d.Lparen.IsValid() || !said(d.Doc)) {
				missing(s.Pos(), s.Name.Name)
			}
			if fields {
				undocumentedFields(s.Name.Name, s.Type, missing)
			}
		}
	}
}

// undocumentedFields does the same for struct fields and interface methods. An
// embedded type has its comment where it is declared.
func undocumentedFields(owner string, expr ast.Expr, missing func(token.Pos, string)) {
	ast.Inspect(expr, func(n ast.Node) bool {
		var list *ast.FieldList
		switch x := n.(type) {
		case *ast.StructType:
			list = x.Fields
		case *ast.InterfaceType:
			list = x.Methods
		case *ast.FuncType:
			return false
		default:
			return true
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				if name.IsExported() && !said(field.Doc, field.Comment) {
					missing(name.Pos(), owner+"."+name.Name)
				}
			}
		}
		return true
	})
}
