package luabind_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"
)

// plainLua are functions in plain Lua that decide as predicates do: 2 is yes, 0
// no, 1 unknown.
const plainLua = `
local function contains(s, ...)
  for _, part in ipairs{...} do
    if text.contains(text.lower(s), text.lower(part)) then return true end
  end
  return false
end
local function any(list, f)
  for _, v in ipairs(list) do if f(v) then return true end end
  return false
end
local function yes(b) return b and 2 or 0 end
local function recipients(msg)
  local all = {}
  for _, list in ipairs{msg.to, msg.cc} do
    for _, a in ipairs(list) do all[#all + 1] = a end
  end
  return all
end
-- All addresses of From, which a message does not have: read as those of To.
local function senders(msg)
  local raw = ("\n" .. msg:raw()):gsub("\n[Tt][Oo]( ?:)", "\nXX%1"):gsub("\n[Ff][Rr][Oo][Mm]( ?:)", "\nTo%1")
  local all = mail.parse(raw:sub(2)).to
  return #all > 0 and all or {msg.from}
end
-- Whether one of the texts is meant for an address.
local function names(a, ...)
  local whole, address = tostring(a), text.lower(a.address)
  for _, part in ipairs{...} do
    part = text.lower(part)
    if not text.contains(part, "@") then
      if contains(whole, part) then return true end
    elseif part:sub(1, 1) == "@" then
      if text.ends_with(address, part) or text.ends_with(address, "." .. part:sub(2)) and text.contains(address, "@") then return true end
    elseif part:sub(-1) == "@" then
      if address:match("^(.*@)[^@]*$") == part then return true end
    elseif address == part then return true end
  end
  return false
end
local function strings(addresses)
  local all = {}
  for i, a in ipairs(addresses) do all[i] = tostring(a) end
  return all
end
local function sent(msg)
  if msg.date then return msg.date end
  for _, v in ipairs(msg:headers("Received")) do
    local date = v:match("^.*;(.*)$")
    local seconds = date and time.parse(date)
    if seconds then return seconds end
  end
end
local function age(f) return function(msg)
  local seconds, now = sent(msg), time.now()
  if not seconds or seconds < 0 or seconds > now + 2 * 86400 then return 1 end
  return yes(f(now - seconds)) end
end
function negated(a) return 2 - a end
both, either = math.min, math.max
plain = {}
function plain.from(...) local t = {...} return function(msg)
  return yes(any(senders(msg), function(a) return names(a, unpack(t)) end)) end end
function plain.subject(...) local t = {...} return function(msg) return yes(contains(msg.subject, unpack(t))) end end
function plain.to(...) local t = {...} return function(msg)
  return yes(any(recipients(msg), function(a) return names(a, unpack(t)) end)) end end
function plain.header(name, ...) local t = {...} return function(msg)
  if #t == 0 then return yes(msg:header(name) ~= nil) end
  return yes(any(msg:headers(name), function(v) return contains(v, unpack(t)) end)) end end
function plain.size_above(n) return function(msg) return yes(msg.size > n) end end
function plain.size_most(n) return function(msg) return yes(msg.size <= n) end end
function plain.age_above(n) return age(function(seconds) return seconds > n end) end
function plain.age_below(n) return age(function(seconds) return seconds < n end) end
function plain.list(t) return function(msg)
  if t then return yes(contains(msg.list_id or "", t)) end
  return yes(any({"List-Id", "List-Unsubscribe", "List-Post", "Mailing-List"}, function(n) return msg:header(n) ~= nil end)) end end
function plain.has_attachment(t) return function(msg)
  return yes(any(msg:attachments(), function(a) return not t or contains(a.name, t) end)) end end
function plain.re(field, p) return function(msg)
  local values = field == "from" and strings(senders(msg)) or field == "subject" and {msg.subject}
    or field == "to" and strings(recipients(msg)) or field == "cc" and strings(msg.cc)
    or field == "text" and {msg:text()} or msg:headers(field)
  return yes(any(values, function(v) return re.test(v, p) end)) end end
function plain.always() return function() return 2 end end

-- Of how many messages a predicate, and its negation, hold; or where its equivalent says otherwise.
-- The predicate has a message of a session, which reads no more than it needs;
-- plain Lua has the whole, and so has the predicate read from its own text.
function differ(p, f, raw, parsed)
  local again = setfenv(loadstring("return " .. tostring(p)), rule)()
  if tostring(again) ~= tostring(p) then return tostring(p) .. " is read as " .. tostring(again) end
  local holds, negation, denied = 0, -p, 0
  for msg in pop3.account():messages() do
    local one, other, third = p(msg), f(parsed[msg.num]), again(parsed[msg.num])
    if one then holds = holds + 1 end
    if negation(msg) then denied = denied + 1 end
    if one ~= (other == 2) or negation(msg) ~= (other == 0) or one ~= third then return tostring(p) .. " says " .. tostring(one) .. " of " .. raw[msg.num] end
  end
  return holds, denied
end
function all()
  local raw, parsed = {}, {}
  for msg in pop3.account():messages() do
    raw[msg.num] = msg:raw()
    parsed[msg.num] = mail.parse(raw[msg.num])
  end
  return raw, parsed
end`

// leaves are predicates and their equivalents.
var leaves = [][2]string{
	{`rule.from("shop")`, `plain.from("shop")`},
	{`rule.from("ÄPFEL", "bob <")`, `plain.from("ÄPFEL", "bob <")`},
	{`rule.to("example.org")`, `plain.to("example.org")`},
	{`rule.from("BOB@", "@shop.example")`, `plain.from("BOB@", "@shop.example")`},
	{`rule.from("@example")`, `plain.from("@example")`},
	{`rule.from("c@D", "x@y.z")`, `plain.from("c@D", "x@y.z")`},
	{`rule.to("@EXAMPLE.org")`, `plain.to("@EXAMPLE.org")`},
	{`rule.to("bob@", "a@example")`, `plain.to("bob@", "a@example")`},
	{`rule.re("cc", "[.]org$")`, `plain.re("cc", "[.]org$")`},
	{`rule.to("Bob", "ß")`, `plain.to("Bob", "ß")`},
	{`rule.subject("re:")`, `plain.subject("re:")`},
	{`rule.subject("äpfel", "\255", "İ")`, `plain.subject("äpfel", "\255", "İ")`},
	{`rule.header("received")`, `plain.header("received")`},
	{`rule.header("Subject", "DEALS", "x")`, `plain.header("Subject", "DEALS", "x")`},
	{`rule.header("X-Spam", "yes")`, `plain.header("X-Spam", "yes")`},
	{`rule.size("> 0.5K")`, `plain.size_above(512)`},
	{`rule.size("<= 300")`, `plain.size_most(300)`},
	{`rule.age("> 30d")`, `plain.age_above(30 * 86400)`},
	{`rule.age("< 90min")`, `plain.age_below(90 * 60)`},
	{`rule.list()`, `plain.list()`},
	{`rule.list("Shop")`, `plain.list("Shop")`},
	{`rule.has_attachment()`, `plain.has_attachment()`},
	{`rule.has_attachment(".PDF")`, `plain.has_attachment(".PDF")`},
	{`rule.re("subject", "(?i)^re:|deals$")`, `plain.re("subject", "(?i)^re:|deals$")`},
	{`rule.re("from", "@[a-z]+\\.example")`, `plain.re("from", "@[a-z]+\\.example")`},
	{`rule.re("to", "^Bob|>$")`, `plain.re("to", "^Bob|>$")`},
	{`rule.re("text", "now\\b")`, `plain.re("text", "now\\b")`},
	{`rule.re("X-Spam", ".")`, `plain.re("X-Spam", ".")`},
	{`rule.always()`, `plain.always()`},
}

// drawTree draws a predicate, and its equivalent as a Lua expression over f.
func drawTree(t *rapid.T, depth int) (predicate, equivalent string) {
	kind := rapid.IntRange(0, 4).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		leaf := rapid.SampledFrom(leaves).Draw(t, "leaf")
		return leaf[0], leaf[1] + "(msg)"
	}
	p, f := drawTree(t, depth-1)
	if kind == 1 {
		return "-(" + p + ")", "negated(" + f + ")"
	}
	q, g := drawTree(t, depth-1)
	return fmt.Sprintf("((%s) %s (%s))", p, []string{"+", "*", "-"}[kind-2], q),
		fmt.Sprintf([]string{"either(%s, %s)", "both(%s, %s)", "both(%s, negated(%s))"}[kind-2], f, g)
}

// What generated messages are made of. Much of it is broken.
var (
	headerLines = []string{
		"From: Shop <news@shop.example>", "From: =?utf-8?q?=C3=84pfel?= <a@b.example>", "From: \xc4pfel <x@y>", "from : Bob <bob@EXAMPLE.org>",
		"From: <", "From: ,;", "From: \"@shop.example\" <x@evil.example>", "From: a@b.example, Mother <mother@shop.example>", "Sender: sender@shop.example", "FROM: a@b, c@d",
		"To: me@example.org", "To: Bob <bob@example.org>, \"Gro\xc3\x9f, B\" <ss@x>", "Cc: undisclosed-recipients:;", "Cc: list: a@example.org, b@c;",
		"Subject: Re: deals", "Subject: =?iso-8859-1?q?=C4pfel?=", "Subject: \xff raw", "Subject: folded\r\n\tDEALS", "Subject:", "SUBJECT: İstanbul",
		"Received: by mx; Sat, 01 Jan 2000 00:00:00 +0000", "Received: nonsense", "X-Spam: YES", "X-Spam: no", "X-Spam:",
		"Date: Thu, 06 Jan 2000 00:00:00 +0000", "Date: Mon, 01 Nov 1999 00:00:00 +0000", "Date: yesterday", "Date: Thu, 6 Jan 2000 23:30:00 -0200",
		"Date: Sat, 08 Jan 2000 12:00:00 +0000", "Date: Sun, 09 Jan 2000 00:00:01 +0000", "Date: Wed, 31 Dec 1969 23:59:59 +0000", "Date: 1 Jan 1800 00:00:00",
		"Received: from a; Tue, 01 Jan 2050 00:00:00 +0000",
		"List-Id: Deals <deals.SHOP.example>", "List-Id: shop", "List-Post: <mailto:x@y>", "Mailing-List: contact x", "List-Unsubscribe: <x>",
		"no colon", " leading", "From someone", ": empty", "Message-ID: <1@x>",
	}
	bodies = []string{
		"Content-Type: text/plain\r\n\r\nBuy now\r\n", "\r\nnow or never\r\n", "\r\n", "", "Content-Type: text/html\r\n\r\n<p>Buy <b>now</b>\r\n",
		"Content-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n", "Content-Disposition: attachment; filename=\"B.PDF\"\r\n\r\nx\r\n",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nnow\r\n--b\r\nContent-Type: application/pdf; name=c.pdf\r\n\r\nx\r\n--b--\r\n",
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>now\r\n--b--\r\n",
		"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n", "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nnow\r\n",
		"Content-Type: \r\n\r\nx", "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n",
		"Content-Type: multi\r\n part/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n--b--\r\n",
		"Content-Type: text/plain\r\nContent-Type: application/pdf\r\n\r\nx\r\n", "\r\n" + strings.Repeat("x", 600) + "\r\n",
	}
)

func drawMessage(t *rapid.T) string {
	lines := rapid.SliceOfN(rapid.SampledFrom(headerLines), 0, 7).Draw(t, "header")
	text := strings.Join(append(lines, rapid.SampledFrom(bodies).Draw(t, "body")), "\r\n")
	if rapid.IntRange(0, 3).Draw(t, "ends") == 0 {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return text
}

// Every predicate decides as plain Lua does, and as what it is written like, on 10,000 messages: 100 times all
// leaves and a tree of them on 100 messages.
func TestPredicatesDecideAsLua(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	now := time.Date(2000, 1, 7, 0, 0, 0, 0, time.UTC)
	var drop luabind.Session
	luabind.Preload(L, &luabind.Grants{
		Now: func() time.Time { return now },
		Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
			return luabind.AccountSession{Session: drop}, nil
		},
	})
	if err := L.DoString(plainLua); err != nil {
		t.Fatal(err)
	}
	held, denied, asked := map[string]int{}, map[string]int{}, 0
	rapid.Check(t, func(t *rapid.T) {
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = drawMessage(t)
		}
		drop = luatest.NewMaildrop(texts...)
		if err := L.CallByParam(lua.P{Fn: L.GetGlobal("all"), NRet: 2, Protect: true}); err != nil {
			t.Fatal(err)
		}
		raw, parsed := L.Get(-2), L.Get(-1)
		p, f := drawTree(t, 3)
		pairs := append([][2]string{{p, "function(msg) return " + f + " end"}}, leaves...)
		for _, pair := range pairs {
			if err := L.DoString("return " + pair[0] + ", " + pair[1]); err != nil {
				t.Fatal(err)
			}
			predicate, equivalent := L.Get(-2), L.Get(-1)
			L.SetTop(0)
			if err := L.CallByParam(lua.P{Fn: L.GetGlobal("differ"), NRet: 2, Protect: true}, predicate, equivalent, raw, parsed); err != nil {
				t.Fatal(err)
			}
			holds, ok := L.Get(-2).(lua.LNumber)
			if !ok {
				t.Fatalf("%s", L.Get(-2))
			}
			held[pair[0]] += int(holds)
			denied[pair[0]] += int(lua.LVAsNumber(L.Get(-1)))
			L.SetTop(0)
			asked += len(texts)
		}
	})
	if want := 100 * 100 * len(leaves); !t.Failed() && asked < want {
		t.Errorf("%d questions were asked, want %d", asked, want)
	}
	for _, leaf := range leaves {
		if n := held[leaf[0]]; n < 100 || n > 9900 && leaf[0] != "rule.always()" {
			t.Errorf("%s held for %d of 10,000 messages: the test shows nothing", leaf[0], n)
		}
		if n := 10_000 - held[leaf[0]] - denied[leaf[0]]; !t.Failed() && (n >= 100) != strings.HasPrefix(leaf[0], "rule.age(") {
			t.Errorf("%s was unknown for %d of 10,000 messages", leaf[0], n)
		}
	}
}
