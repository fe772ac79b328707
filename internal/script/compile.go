package script

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// MaxSource bounds a script's source, in octets: longer ones can keep the
// compiler busy for many seconds.
const MaxSource = 256 << 10

// A Program is a compiled script. It can be run more than once.
type Program struct {
	name  string
	proto *lua.FunctionProto
}

// Name returns the name under which errors speak of the script.
func (p *Program) Name() string { return p.name }

// A SyntaxError is a script that is not Lua.
type SyntaxError struct {
	Name   string // of the script
	Line   int    // from 1; 0 for the end of the file
	Column int    // from 1; 0 if unknown
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	switch {
	case e.Line == 0:
		return fmt.Sprintf("%s: at the end of the file: %s", e.Name, e.Reason)
	case e.Column == 0:
		return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Name, e.Line, e.Column, e.Reason)
}

// Compile turns source into a Program, or says in a *SyntaxError why it
// cannot. name is what errors call the script.
func Compile(name string, source []byte) (*Program, error) {
	if len(source) > MaxSource {
		return nil, &SyntaxError{Name: name, Line: 1, Reason: fmt.Sprintf("the script has more than %d octets", MaxSource)}
	}
	source = bytes.TrimPrefix(source, []byte("\xEF\xBB\xBF")) // a mark that some editors put first
	if bytes.IndexByte(source, 0) >= 0 {
		return nil, &SyntaxError{Name: name, Line: 1, Reason: "this is no text, so no Lua script"}
	}
	chunk, err := parse.Parse(bytes.NewReader(skipShebang(source)), name)
	if err != nil {
		return nil, syntaxError(name, source, err)
	}
	repair(chunk)
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, syntaxError(name, source, err)
	}
	return &Program{name, proto}, nil
}

// skipShebang blanks a first line that starts with "#", as lua does, and keeps
// the count of lines.
func skipShebang(source []byte) []byte {
	if !bytes.HasPrefix(source, []byte("#")) {
		return source
	}
	if i := bytes.IndexByte(source, '\n'); i >= 0 {
		return source[i:]
	}
	return nil
}

func syntaxError(name string, source []byte, err error) error {
	var parsing *parse.Error
	if errors.As(err, &parsing) {
		e := &SyntaxError{Name: name, Line: max(parsing.Pos.Line, 0), Column: max(parsing.Pos.Column, 0), Reason: parsing.Message}
		if e.Line > 0 && parsing.Token != "" {
			e.Reason = fmt.Sprintf("%s near %q", parsing.Message, strings.TrimSpace(parsing.Token))
		}
		if e.Line > 1 && strings.HasPrefix(parsing.Message, "unterminated string") && !strings.Contains(lineOf(source, e.Line), parsing.Token) {
			e.Line, e.Column = e.Line-1, 0 // the parser has read the line's end
		}
		if slip := slips[strings.TrimSpace(parsing.Token)]; slip != "" && e.Line > 0 {
			e.Reason += "; " + slip
		}
		if e.Line == 0 {
			if missing := unclosed(source); missing != "" {
				e.Reason = missing
			}
		}
		return e
	}
	var compiling *lua.CompileError
	if errors.As(err, &compiling) {
		// The compiler calls the line of the outermost function 0.
		return &SyntaxError{Name: name, Line: max(compiling.Line, 1), Reason: compiling.Message}
	}
	return &SyntaxError{Name: name, Line: 1, Reason: err.Error()}
}

// slips are what other languages have where Lua refuses a token.
var slips = map[string]string{
	"=":   "to compare write ==",
	"!":   "Lua writes ~= for not equal, and not",
	"+":   "there is no += or ++: write n = n + 1",
	"end": "there may be one end too many",
	"|":   "Lua writes or",
	"&":   "Lua writes and",
}

// lineOf is a line of the source, from 1.
func lineOf(source []byte, number int) string {
	for line := range strings.Lines(string(source)) {
		if number--; number == 0 {
			return line
		}
	}
	return ""
}
