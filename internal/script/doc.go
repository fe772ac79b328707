// Package script compiles, confines and calls Lua scripts. A script gets a
// fresh Lua state with an allow-list of functions, and what luabind gives it;
// everything that reaches files, processes or Go is left out. Confinement by
// this package keeps honest scripts from harm; it is not a boundary against
// hostile ones.
package script
