// Package luastd has Lua's string, table, number and coroutine functions,
// written from the Lua 5.1 manual to replace gopher-lua's own: none is slower
// than linear where Lua's is linear, none runs on when its host wants it to
// end, none makes a string or a stack without bound, and each answers as Lua
// 5.1 does.
//
// Open installs the tables string, table and coroutine, the functions
// tonumber, tostring, unpack, pcall and xpcall, and the metatable of strings.
// All else (next, pairs, ipairs, select, error, assert, type, the raw
// functions, metatables, math) stays gopher-lua's.
//
// The host sets lua.MaxArrayIndex, which is global to gopher-lua, to 1<<20 or
// so: at its default, t[61234567] = true takes gigabytes.
//
// # What differs from Lua 5.1
//
// On purpose:
//
//   - Limits are errors that pcall catches: those of Options, 32 captures, 200
//     repetitions and 16 KB in a pattern, 8000 results of unpack and
//     string.byte, 200 nested calls of pcall.
//   - A pattern may hold NUL, which is an octet as others.
//   - %s of format takes any value, by tostring, and keeps NULs; %c writes NUL.
//   - tonumber takes no "inf" and "nan", and nothing before a NUL.
//   - Where C's conversion to an integer overflows, the nearest is taken:
//     s:sub(1, math.huge) is s.
//   - table.insert at a position below 1 is an error. A sort that fails leaves
//     the table as it was, and one by an inconsistent order ends in some order.
//   - coroutine.yield works within pcall, metamethods, iterators, and what
//     table.sort and string.gsub call. Coroutines may run functions of Go.
//   - A coroutine that holds itself, say as an upvalue, is not collected while
//     suspended, and counts until the state is closed.
//   - string.dump, string.gfind, table.foreach, foreachi, getn and setn are not
//     there. The metatable of strings is closed.
//   - In the message of a bad argument the string of a method call counts as
//     the first.
//
// Because they are not functions but gopher-lua's virtual machine:
//
//   - The operator ".." writes numbers as Go does: 1/3 .. "" has 16 digits,
//     1e15 .. "" no exponent, and infinity is "+Inf". It knows no MaxString.
//     tostring(n) .. "" is Lua's.
//   - Arithmetic may lose the sign of zero; 5 % math.huge is 5.
//   - Messages about operators ("attempt to compare", "attempt to call") have
//     gopher-lua's words. A for loop takes no strings for numbers.
package luastd
