package luabind_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	mail "github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A canned session has one header for every message, and makes no garbage
// beside what a client does.
type canned struct {
	fake
	list, uidl, header string
}

func (c *canned) CmdText(_ context.Context, verb string, _ ...string) (*pop3.Text, error) {
	text := c.header
	switch verb {
	case "LIST":
		text = c.list
	case "UIDL":
		text = c.uidl
	}
	return pop3.NewText("+OK", strings.NewReader(text)), nil
}

// Decide implements luabind.Decider.
func (c *canned) Decide(context.Context, int, luabind.Decision) error { return nil }

// newCanned has n messages with a header of about 2 KiB.
func newCanned(n int) *canned {
	c := &canned{}
	var list, uidl, header strings.Builder
	for i := range n {
		fmt.Fprintf(&list, "%d %d\r\n", i+1, 4000+i)
		fmt.Fprintf(&uidl, "%d %016x\r\n", i+1, i)
	}
	for i := range 5 {
		fmt.Fprintf(&header, "Received: from a%d.example.org (a.example.org [192.0.2.1])\r\n\tby b.example.org with ESMTPS id %032d\r\n\tfor <me@example.org>; Thu, 06 Jan 2000 00:00:00 +0000\r\n", i, i)
	}
	header.WriteString("DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=x;\r\n\tb=" + strings.Repeat("x", 600) + "\r\n")
	header.WriteString("From: Shop <news@shop.example>\r\nTo: Me <me@example.org>\r\nSubject: Weekly deals, number one\r\n")
	header.WriteString("Date: Thu, 06 Jan 2000 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nList-Id: Deals <deals.shop.example>\r\n")
	header.WriteString("X-Filler: " + strings.Repeat("y", max(0, 2000-header.Len())) + "\r\n\r\n")
	c.list, c.uidl, c.header = list.String(), uidl.String(), header.String()
	return c
}

// benchmarkMessages runs the body of a loop over messages, b.N times.
func benchmarkMessages(b *testing.B, body string) {
	L := lua.NewState()
	defer L.Close()
	s := newCanned(10_000)
	luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: s}, nil
	}})
	err := L.DoString(`local M = pop3.account()
		function loop(n)
			while n > 0 do
				for msg in M:messages{to=n} do ` + body + ` n = n - 1 end
			end
		end`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := L.CallByParam(lua.P{Fn: L.GetGlobal("loop"), Protect: true}, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}

// What a message costs: by itself, with a header that is read and parsed (by
// package message), and with what a rule asks of it.
func BenchmarkMessage(b *testing.B) {
	for _, c := range []struct{ name, body string }{
		{"listed", ``},
		{"header", `msg:header("X-None")`},
		{"subject, from.domain", `local _ = msg.subject, msg.from.domain`},
		{"delete", `msg:delete("x")`},
		{"raw", `local _ = #msg:raw()`},
		{"20 rules", strings.Repeat(`if msg.subject:find("x", 1, true) or msg.from.domain == "y" then error("held") end `, 20)},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkMessages(b, c.body) })
	}
}

// What package message takes of BenchmarkMessage's subject and from.domain.
func BenchmarkMessageAlone(b *testing.B) {
	octets := []byte(newCanned(0).header)
	b.ReportAllocs()
	for b.Loop() {
		header := mail.ParseHeader(bytes.Clone(octets))
		if header.Subject() == "" || header.From().Domain() == "" {
			b.Fatal("nothing found")
		}
	}
}

// What is asked of a message again.
func BenchmarkMessageField(b *testing.B) {
	for _, expression := range []string{"msg.num", "msg.subject", "msg.from.domain", "msg.date", "msg:age()"} {
		b.Run(expression, func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			luabind.Preload(L, nil)
			L.SetGlobal("raw", lua.LString(newCanned(0).header))
			if err := L.DoString(`local msg = mail.parse(raw) function loop(n) for i = 1, n do local _ = ` + expression + ` end end`); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if err := L.CallByParam(lua.P{Fn: L.GetGlobal("loop"), Protect: true}, lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// A rule file of 20 rules, on 10,000 messages.
func BenchmarkRuleFile10000(b *testing.B) {
	for name, rule := range map[string]string{
		"predicate": `rule.from("nobody" .. i) * rule.age("> 30d") + rule.subject("none" .. i)`,
		"function": `function(msg)
			if text.contains(text.lower(tostring(msg.from)), "nobody" .. i) and msg:age() > 30 * 86400
				or text.contains(text.lower(msg.subject), "none" .. i) then msg:delete() end end`,
	} {
		b.Run(name, func(b *testing.B) {
			L := lua.NewState()
			defer L.Close()
			binding := luabind.Preload(L, &luabind.Grants{})
			if err := L.DoString(`local rules = {}
				for i = 1, 20 do rules[i] = { rule = ` + rule + ` } if ` + fmt.Sprint(name == "predicate") + ` then rules[i].delete = true end end
				return rules`); err != nil {
				b.Fatal(err)
			}
			file, err := binding.RuleFile(L, L.Get(-1))
			if err != nil {
				b.Fatal(err)
			}
			s := newCanned(10_000)
			b.ReportAllocs()
			for b.Loop() {
				if err := file.Apply(L, context.Background(), s, "work"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
