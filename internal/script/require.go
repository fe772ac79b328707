package script

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A library finds the modules that scripts require: those of the host, and the
// .lua files of folders that the host opened.
type library struct {
	folders []fs.FS
	loaded  map[string]lua.LValue
	loading []string // the modules that are being loaded, outermost first
}

// require is Lua's, less package: a module's name is words separated by dots,
// which stand for folders.
func (l *library) require(L *lua.LState) int {
	name := L.CheckString(1)
	module, ok := l.loaded[name]
	if !ok {
		module = l.load(L, name)
		l.loaded[name] = module
	}
	L.Push(module)
	return 1
}

// load runs the file of a module, and returns what it returns, or true.
func (l *library) load(L *lua.LState, name string) lua.LValue {
	if slices.Contains(l.loading, name) {
		L.RaiseError("module %s requires itself: %s", name, strings.Join(append(l.loading, name), " -> "))
	}
	file, source, err := l.find(name)
	if err != nil {
		L.RaiseError("module %s", err.Error())
	}
	program, err := Compile(file, source)
	if err != nil {
		L.RaiseError("module %s: %s", name, err.Error())
	}
	l.loading = append(l.loading, name)
	defer func() { l.loading = l.loading[:len(l.loading)-1] }()
	L.Push(L.NewFunctionFromProto(program.proto))
	L.Push(lua.LString(name))
	L.Call(1, 1)
	module := L.Get(-1)
	L.Pop(1)
	if module == lua.LNil {
		module = lua.LTrue
	}
	return module
}

// find reads the file of a module.
func (l *library) find(name string) (file string, source []byte, err error) {
	if !moduleName(name) {
		return "", nil, fmt.Errorf("%q: a name is words separated by dots, and no path", name)
	}
	file = strings.ReplaceAll(name, ".", "/") + ".lua"
	for _, folder := range l.folders {
		source, err := read(folder, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", nil, fmt.Errorf("%q: %s: %w", name, file, err)
		}
		return file, source, nil
	}
	return "", nil, fmt.Errorf("%q not found: there is no %s beside the script, and the modules of popherd are %s",
		name, path.Base(file), strings.Join(slices.Sorted(maps.Keys(l.loaded)), ", "))
}

// moduleName reports whether a name is words separated by dots.
func moduleName(name string) bool {
	for word := range strings.SplitSeq(name, ".") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r >= 0x80 || !wordOctet(byte(r)) && r != '-' }) {
			return false
		}
	}
	return len(name) <= 200
}

// read reads a file that is small enough to be a script.
func read(folder fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(folder, name) // to open a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a file")
	}
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, MaxSource+1))
}
