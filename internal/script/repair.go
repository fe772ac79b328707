package script

import "github.com/yuin/gopher-lua/ast"

// repair works around a fault of gopher-lua's compiler: when the body of a
// generic for begins with a jump, such as a break, the loop's own jumps are
// patched wrong, and lead nowhere. An instruction before it is enough.
func repair(stmts []ast.Stmt) {
	for _, stmt := range stmts {
		repairStmt(stmt)
	}
}

func repairStmt(stmt ast.Stmt) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		repairExprs(s.Lhs...)
		repairExprs(s.Rhs...)
	case *ast.LocalAssignStmt:
		repairExprs(s.Exprs...)
	case *ast.FuncCallStmt:
		repairExprs(s.Expr)
	case *ast.ReturnStmt:
		repairExprs(s.Exprs...)
	case *ast.FuncDefStmt:
		repairExprs(s.Func)
	case *ast.DoBlockStmt:
		repair(s.Stmts)
	case *ast.WhileStmt:
		repairExprs(s.Condition)
		repair(s.Stmts)
	case *ast.RepeatStmt:
		repairExprs(s.Condition)
		repair(s.Stmts)
	case *ast.IfStmt:
		repairExprs(s.Condition)
		repair(s.Then)
		repair(s.Else)
	case *ast.NumberForStmt:
		repairExprs(s.Init, s.Limit, s.Step)
		repair(s.Stmts)
	case *ast.GenericForStmt:
		repairExprs(s.Exprs...)
		repair(s.Stmts)
		s.Stmts = notJumpFirst(s.Stmts)
	}
}

// notJumpFirst puts "local _" before a body that may begin with a jump.
func notJumpFirst(stmts []ast.Stmt) []ast.Stmt {
	if len(stmts) == 0 {
		return stmts
	}
	switch stmts[0].(type) {
	case *ast.BreakStmt, *ast.GotoStmt, *ast.DoBlockStmt, *ast.IfStmt, *ast.WhileStmt, *ast.RepeatStmt:
		nothing := &ast.LocalAssignStmt{Names: []string{"_"}, Exprs: []ast.Expr{&ast.NilExpr{}}}
		nothing.SetLine(stmts[0].Line())
		nothing.SetLastLine(stmts[0].Line())
		return append([]ast.Stmt{nothing}, stmts...)
	}
	return stmts
}

// repairExprs looks for functions, which have statements.
func repairExprs(exprs ...ast.Expr) {
	for _, expr := range exprs {
		switch e := expr.(type) {
		case *ast.FunctionExpr:
			repair(e.Stmts)
		case *ast.FuncCallExpr:
			repairExprs(e.Func, e.Receiver)
			repairExprs(e.Args...)
		case *ast.AttrGetExpr:
			repairExprs(e.Object, e.Key)
		case *ast.TableExpr:
			for _, field := range e.Fields {
				repairExprs(field.Key, field.Value)
			}
		case *ast.LogicalOpExpr:
			repairExprs(e.Lhs, e.Rhs)
		case *ast.RelationalOpExpr:
			repairExprs(e.Lhs, e.Rhs)
		case *ast.StringConcatOpExpr:
			repairExprs(e.Lhs, e.Rhs)
		case *ast.ArithmeticOpExpr:
			repairExprs(e.Lhs, e.Rhs)
		case *ast.UnaryMinusOpExpr:
			repairExprs(e.Expr)
		case *ast.UnaryNotOpExpr:
			repairExprs(e.Expr)
		case *ast.UnaryLenOpExpr:
			repairExprs(e.Expr)
		}
	}
}
