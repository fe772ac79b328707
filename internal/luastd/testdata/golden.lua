-- What Lua 5.1 says of numbers, strings, tables, coroutines and protected
-- calls. The output of lua5.1 is in golden.txt.

local function try(name, f, ...)
  local function show(ok, ...)
    local out = {}
    for i = 1, select("#", ...) do
      local v = select(i, ...)
      out[i] = type(v) == "string" and string.format("%q", v) or tostring(v)
    end
    print(name, ok and "ok" or "raised", table.concat(out, " "))
  end
  show(pcall(f, ...))
end

local function nan(s) return (tostring(s):gsub("^%-nan", "nan")) end

print("-- numbers")
for _, v in ipairs{0, 1, -1, 0.1, 1/3, -1/3, 100, 1e14, 1e15, 123456789012, 99999999999999, 2^53, 2^63, -2^63,
    1e100, 1e-5, 0.0001, 123456.789, 1e300 * 1e10, -1e300 * 1e10, 5e-324, 1.7976931348623157e308} do
  print(tostring(v), string.format("%.14g", v))
end
local zero = 0
print(nan(0/0), 1/(-zero))
print(10 % 3, -10 % 3, 10 % -3, 5.5 % 2, 2^10, 7 / 2)
print("10" + 5, "0x10" + 0, "010" + 0, " 5 " * "2", -"3", "1e1" - 1, "9" / "2", "7" % 4, "2" ^ "3")
try("arith", function() return "a" + 1 end)
try("arith", function() return 1 + "" end)
try("arith", function() return "1" + {} end)
try("arith", function() return -"x" end)
for _, s in ipairs{"10", "1e5", "0x10", "0X1f", "  12  ", "\t5\n", "1e", "", " ", "1 2", "1_0", "1e+2", "-5", "- 5", "--5", "+5",
    "0x", "0xg", ".5", "5.", ".", "1.2.3", "1e1e1", "0b1", "0o7", "1e400", "0x1p4", "1,5", "١"} do
  print("tonumber", string.format("%q", s), tonumber(s))
end
print(tonumber("ff", 16), tonumber("0xff", 16), tonumber("zz", 36), tonumber("12", 2), tonumber("101", 2), tonumber(" 77 ", 8), tonumber("", 16), tonumber("8", 8))
print(tonumber(5), tonumber(nil), tonumber({}), tonumber(true), tonumber(10, 16))
try("tonumber", function() return tonumber() end)
try("tonumber", function() return tonumber("1", 1) end)
try("tonumber", function() return tonumber("1", 37) end)
try("tonumber", function() return tonumber({}, 16) end)
print(tostring(nil), tostring(true), tostring("x"), tostring(12))
print(tostring(setmetatable({}, {__tostring = function() return "named" end})))
try("tostring", function() return tostring() end)

print("-- string")
print(("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(2), ("hello"):sub(0), ("hello"):sub(4, 2), ("hello"):sub(-100, 100), ("hello"):sub(6))
print(("hello"):byte(), ("hello"):byte(10), ("hello"):byte(-1), ("hello"):byte(1, -1))
print(string.char(), string.char(72, 105), ("\0\255"):byte(1, 2))
try("char", function() return string.char(256) end)
try("char", function() return string.char(-1) end)
print(("abc"):rep(3), ("abc"):rep(0), ("abc"):rep(-1), (""):rep(5), ("x"):rep("2"), ("ab"):rep(2.9))
print(("MiXeD 1!"):lower(), ("MiXeD 1!"):upper(), ("abc"):reverse(), (""):reverse(), #"a\0b", ("a\0b"):len())
print(("\228\246"):lower():byte(1, 2))
print(string.format("%q", "a\nb\"c\\d\0e\r"))
print(string.format("%5s|%-5s|%.2s|%5.1s|%s", "ab", "ab", "abc", "xyz", "plain"))
print(string.format("%d %5d %-5d| %05d %+d % d %i %u", 42, 42, 42, 42, 42, 42, 42, 42))
print(string.format("%d %d %d", 3.99, -3.99, "10"), string.format("%.3d|%8.3d", 5, 5))
print(string.format("%x %X %#x %#X %o %#o %x", 255, 255, 255, 255, 8, 8, -1))
print(string.format("%e %.2e %E %f %.0f %5.1f %g %G %#g %#.0f", 12345.678, 12345.678, 12345.678, 1/3, 0.5, 2.25, 1e20, 1e-10, 1, 3))
print(string.format("%d %.0f %.17g", 2^53 + 2, 2^63, 0.1), string.format("%f %5.1f %d", 1/0, -1/0, 2^31))
print(string.format("%c%c%c", 76, 117, 97), string.format("%3c|%-3c|", 65, 65), string.format("%%"), string.format(""))
print(string.format("%s", ("x"):rep(120)):len(), string.format("%99.50f", 1/3))
for _, f in ipairs{"%y", "%", "%123d", "%1.123d", "%##########d", "%v", "%p", "%#v", "%+v", "%T", "%U", "%b", "%F", "%a"} do
  try("format " .. f, string.format, f, 1)
end
try("format", function() return string.format("%d", "x") end)
try("format", function() return string.format("%d") end)
try("format", function() return string.format("%s") end)
try("format", function() return string.format("%d", {}) end)
try("format", function() return string.format() end)
try("rep", function() return string.rep("x", {}) end)
try("rep", function() return string.rep() end)
try("sub", function() return string.sub("x") end)
try("index", function() return ("x").foo end)

print("-- patterns")
print(("hello world"):find("wor"), ("hello world"):find("l+"), ("hello"):find(""), ("hello"):find("", 10), ("hello"):find("", 6))
print(("a.b"):find(".", 1, true), ("a.b"):find("%."), ("abc"):find("b", -1), ("abc"):find("b", -2), ("a]"):find("]"))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("  trim  "):match("^%s*(.-)%s*$") .. "|", ("x"):match("y"))
print(("abc"):match("()b()"), ("hello"):match(".-(l+)(.*)"), ("2024-01-02"):match("(%d+)-(%d+)-(%d+)"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("abcabc"):match("(abc)%1"))
print(("THE (quick) fox"):gsub("%f[%a]%a+", string.lower), ("hello world"):gsub("o", "0", 1))
print(("hello"):gsub("", "-"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub("%w", "%%%0"), ("abc"):gsub("(a)(b)", "%2%1"))
print(("$name is $age"):gsub("%$(%w+)", {name = "Ann", age = 7}), ("abc"):gsub("b", function() end), ("abc"):gsub("b", function() return false end))
print(("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("a\nb\n"):gsub("\n", "\r\n"), ("x^y"):gsub("x^", "z"))
print(("a,b,,c"):gsub(",", ";", 2), ("abc"):gsub("x*", "-"), ("abc"):gsub(".", {a = 1, b = true and "B"}))
for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do io = nil print(k, v) end
for w in ("one two"):gmatch("%a+") do print(w) end
for a, b in ("abc"):gmatch("()(.)") do print(a, b) end
for w in ("^a^"):gmatch("^a") do print("literal", w) end
for w in ("ab"):gmatch("x*") do print("empty", #w) end
for _, p in ipairs{"[a", "[", "[^", "[]", "[]]", "%", "(", ")", "a)", "(a", "(()", "%1", "(%1)", "%f", "%fa", "%b", "%bx", "[a-]", "[%", "a**", "(a*)*", "%9", "[[:alpha:]]", "^*", "$$", "*a", "+", "?"} do
  try("find " .. p, string.find, "a*b)", p)
end
try("captures", string.find, ("a"):rep(40), ("(a)"):rep(33))
try("gsub", string.gsub, "abc", "b", "%2")
try("gsub", string.gsub, "abc", "(b", "x")
try("gsub", string.gsub, "abc", "(b", "%1")
try("gsub", string.gsub, "abc", "b", function() return {} end)
try("gsub", string.gsub, "abc", "b", {b = {}})
try("gsub", function() return string.gsub("abc", "b") end)
try("gsub", function() return string.gsub("abc", "b", true) end)
try("gsub", string.gsub, "abc", "b", "%a%%")

print("-- table")
print(table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({"a", "b", "c"}, "-", 2), table.concat({"a", "b", "c"}, "-", 2, 2), table.concat({"a"}, "-", 3))
print(table.concat({1.5, "x", 1e15}, 0))
try("concat", function() return table.concat({1, {}, 3}) end)
try("concat", function() return table.concat({1}, "", 1, 2) end)
local t = {1, 2, 3}
table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 3, 1.5)
print(table.concat(t, " "), #t, table.remove(t), table.remove(t, 1), table.remove(t, 10), table.concat(t, " "))
print(table.remove({}), table.maxn({}), table.maxn({1, 2, [10.5] = 1, [-3] = 1}), table.maxn({x = 1}))
t = {} table.insert(t, 5, "far") print(#t == 0 or #t == 5, t[5])
try("insert", function() table.insert({}) end)
try("insert", function() table.insert({}, 1, 2, 3) end)
try("insert", function() table.insert(nil, 1) end)
try("remove", function() table.remove(5) end)
t = {5, 2, 8, 1, 9, 3} table.sort(t) print(table.concat(t, " "))
table.sort(t, function(a, b) return a > b end) print(table.concat(t, " "))
t = {"b", "a", "C", "\228"} table.sort(t) print(table.concat(t, " "):byte(1, -1))
print((pcall(table.sort, {1, "a", 2})), (pcall(table.sort, {{}, {}})))
try("sort", function() table.sort({1, 2}, 5) end)
try("sort", function() table.sort({3, 1, 2}, function() error("no order", 0) end) end)
local mt = {__lt = function(a, b) return a.v < b.v end}
t = {} for i, v in ipairs{3, 1, 2} do t[i] = setmetatable({v = v}, mt) end
table.sort(t) print(t[1].v, t[2].v, t[3].v)
print(unpack({1, 2, 3})) print(unpack({1, 2, 3}, 2)) print(unpack({1, 2, 3}, 2, 5)) print(unpack({}, 1, 0)) print((unpack({nil, 2}, 1, 2)))
try("unpack", function() return unpack({}, 1, 1e8) end)
try("unpack", function() return unpack() end)
print(select("#", unpack({}, 1, 7000)))

print("-- coroutine")
local co = coroutine.create(function(a, b)
  print("start", a, b)
  local c = coroutine.yield(a + b)
  print("second", c)
  local d, e = coroutine.yield()
  print("third", d, e)
  return "end", 1, nil
end)
print(coroutine.status(co), type(co), coroutine.running())
print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, "c")) print(coroutine.status(co))
print(coroutine.resume(co, "d", "e")) print(coroutine.status(co), coroutine.resume(co))
co = coroutine.create(function() error("oops") end) print(coroutine.resume(co)) print(coroutine.status(co))
co = coroutine.create(function() error({code = 7}) end) local ok, e = coroutine.resume(co) print(ok, type(e), e.code)
co = coroutine.create(function() return coroutine.status(co), coroutine.running() == co, coroutine.resume(co) end) print(coroutine.resume(co))
local inner
co = coroutine.create(function() inner = coroutine.create(function() return coroutine.status(co), coroutine.resume(co) end) return coroutine.resume(inner) end)
print(coroutine.resume(co))
for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do print("wrap", v) end
local w = coroutine.wrap(function() error("in wrap") end) try("wrap", function() return w() end)
try("wrap", function() return w() end)
w = coroutine.wrap(function() error({}) end) print(pcall(w) == false)
print((pcall(coroutine.create)), (pcall(coroutine.create, 5)))
try("resume", function() return coroutine.resume(5) end)
try("status", function() return coroutine.status() end)
local function permute(a, n) if n == 0 then coroutine.yield(a) end for i = 1, n do a[n], a[i] = a[i], a[n] permute(a, n - 1) a[n], a[i] = a[i], a[n] end end
for p in coroutine.wrap(function() permute({1, 2, 3}, 3) end) do print(table.concat(p, " ")) end
local up = 0 co = coroutine.wrap(function() while true do up = up + 1 coroutine.yield(function() return up end) end end)
local f = co() co() print(f(), up)

print("-- protected calls")
local x = 1
local get = function() return x end
print(pcall(error, "direct")) x = 2 print(get())
pcall(function() x = x + 1 error("inner") end) x = x + 1 print(get(), x)
local kept pcall(function() local secret = "kept" kept = function() return secret end error("e") end) print(kept())
xpcall(function() local secret = "kept too" kept = function() return secret end error("e") end, function() end) print(kept())
print(xpcall(function() return 1, 2 end, print)) print(xpcall(function() error("m", 0) end, function(m) return "handled " .. m end))
print(pcall(pcall, error, "e")) print(pcall(function(...) return select("#", ...), ... end, nil, nil)) print(pcall(nil)) print(pcall(5))
print(pcall(setmetatable({}, {__call = function(self, a) return "called " .. a end}), 1))
try("level", function() error("no place", 0) end) try("place", function() error("with place") end) try("table", function() error(setmetatable({}, {__tostring = function() return "T" end})) end)
try("pcall", function() return pcall() end) try("xpcall", function() return xpcall(print) end)
