package run

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// ruleMail is mail that rules find something in.
func ruleMail(t *rapid.T) [][]byte {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	var messages [][]byte
	for range rapid.IntRange(0, 8).Draw(t, "messages") {
		header := "From: " + pick("from", "Shop <news@shop.example>", "anna@example.org", "MAILER-DAEMON", "=?utf-8?q?J=C3=B6rg?= <j@x.example>") +
			"\r\nTo: " + pick("to", "me@example.org", "list@example.org, b@c.example", "") +
			"\r\nSubject: " + pick("subject", "Weekly deals", "hello", "", "=?utf-8?b?w7xiZXI=?=") +
			"\r\nDate: " + pick("date", "Mon, 14 Sep 2026 10:12:00 +0200", "1 Jan 2020 00:00:00 +0000", "yesterday", "") + "\r\n"
		header += pick("list", "", "List-Id: <deals.shop.example>\r\n", "List-Unsubscribe: <mailto:x@y>\r\n")
		body := strings.Repeat("text\r\n", rapid.IntRange(0, 300).Draw(t, "lines"))
		messages = append(messages, []byte(header+"\r\n"+body))
	}
	return messages
}

// predicate is the text of any predicate.
func predicate() *rapid.Generator[string] {
	leaf := rapid.SampledFrom([]string{
		`rule.from("shop")`, `rule.from("anna", "daemon")`, `rule.to("list@")`, `rule.subject("weekly")`, `rule.subject("über")`,
		`rule.header("List-Unsubscribe")`, `rule.header("Subject", "hello")`, `rule.size("> 1K")`, `rule.size("<= 200")`,
		`rule.age("> 30d")`, `rule.age("< 1000d")`, `rule.list()`, `rule.list("shop")`, `rule.has_attachment()`,
		`rule.re("subject", "^h")`, `rule.re("from", "(?i)SHOP")`,
	})
	return rapid.Custom(func(t *rapid.T) string {
		text := leaf.Draw(t, "leaf")
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			next := leaf.Draw(t, "next")
			if rapid.Bool().Draw(t, "not") {
				next = "-" + next
			}
			text = "(" + text + rapid.SampledFrom([]string{" * ", " + ", " - "}).Draw(t, "operator") + next + ")"
		}
		return text
	})
}

// ruleFile is the text of any rule file.
func ruleFile() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var rules []string
		for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
			condition := predicate().Draw(t, "predicate")
			action := rapid.SampledFrom([]string{"delete", "delete", "keep"}).Draw(t, "action")
			if rapid.Bool().Draw(t, "function") {
				rules = append(rules, fmt.Sprintf("{ name = \"rule %d\", rule = function(msg) if (%s)(msg) then msg:%s() end end }", i, condition, action))
				continue
			}
			rules = append(rules, fmt.Sprintf("{ name = \"rule %d\", rule = %s, %s = true }", i, condition, action))
		}
		match := rapid.SampledFrom([]string{"first", "all"}).Draw(t, "match")
		return fmt.Sprintf("return { %s, match = %q }", strings.Join(rules, ", "), match)
	})
}

// judged is what became of a rule file over messages, and what is left of them.
func judged(t *rapid.T, source string, messages [][]byte, change func(*Options)) (*Report, string) {
	drop := pop3server.NewMemory("mrose", "tanstaaf")
	for _, octets := range messages {
		drop.Add(octets)
	}
	s := serve(drop, nil)
	defer s.stop()
	o := s.options(t, "")
	o.Program = compile(t, source)
	o.Account = func(context.Context, string, func(pop3.TraceEvent)) (Opened, error) {
		return Opened{Client: login(t, s), Name: "demo", Host: "pop.example.org", Port: 110}, nil
	}
	o.Now = func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	o.Whole = true
	change(&o)
	report, err := Run(context.Background(), o)
	if err != nil {
		t.Fatalf("%s\n%v", source, err)
	}
	return report, joined(drop)
}

// A dry run, an explained one and the run itself make the same plan of any rule
// file, and what the plan keeps is what is left: 1,000 rule files by default.
func TestRulesPlanAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		messages := ruleMail(t)
		for range 10 {
			source := ruleFile().Draw(t, "rules")
			dry, untouched := judged(t, source, messages, func(o *Options) { o.DryRun = true })
			explained, _ := judged(t, source, messages, func(o *Options) { o.DryRun, o.Explain = true, true })
			wet, left := judged(t, source, messages, func(*Options) {})
			if decisions(dry) != decisions(wet) || decisions(dry) != decisions(explained) {
				t.Fatalf("%s\nthe dry run planned\n%s\nthe explained one\n%s\nthe run\n%s", source, decisions(dry), decisions(explained), decisions(wet))
			}
			var want []byte
			for i, row := range wet.Accounts[0].Plan {
				if row.Decision == "keep" {
					want = append(want, messages[i]...)
				}
			}
			if left != string(want) || untouched != string(bytes.Join(messages, nil)) {
				t.Fatalf("%s\nleft %q, want %q", source, left, want)
			}
			for _, row := range explained.Accounts[0].Plan {
				if len(row.Explain) == 0 {
					t.Fatalf("%s\nmessage %d is not explained", source, row.Number)
				}
			}
		}
	})
}

// A message that the server will not give is kept and told of; the others go on.
func TestUnreadMessageIsKept(t *testing.T) {
	o := against(t, `return { rule = rule.subject("x"), delete = true }`, `
S: +OK
C: USER mrose
S: +OK
C: PASS tanstaaf
S: +OK
C: CAPA
S: +OK
S: UIDL
S: TOP
S: .
C: LIST
S: +OK
S: 1 100
S: 2 100
S: .
C: UIDL
S: +OK
S: 1 a
S: 2 b
S: .
C: TOP 1 0
S: -ERR damaged
C: TOP 2 0
S: +OK
S: Subject: x
S:
S: .
C: DELE 2
S: +OK
C: QUIT
S: +OK
eof
`)
	dial := o.Dial
	o.Account = func(ctx context.Context, _ string, _ func(pop3.TraceEvent)) (Opened, error) {
		client, err := dial(ctx, luabind.DialRequest{Host: "pop.example.org", Port: 110})
		if err != nil {
			return Opened{}, err
		}
		return Opened{Client: client, User: "mrose", Host: "pop.example.org", Port: 110}, client.Login(ctx, "mrose", "tanstaaf")
	}
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "could not be read")
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Delete != 1 || !strings.Contains(a.Plan[0].Reason, "could not be read: -ERR damaged") {
		t.Errorf("got %+v", a)
	}
}
