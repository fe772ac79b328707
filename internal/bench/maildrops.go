package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/popherd/popherd/internal/dovecottest"
)

// A shape says what mail is in a maildrop.
type shape struct {
	count int
	of    string                      // what one message is, for people
	size  func(random *rand.Rand) int // octets of one message
}

// String is "10000 of 4 KB".
func (s shape) String() string { return fmt.Sprintf("%d of %s", s.count, s.of) }

// fixed is the size of messages that are all alike.
func fixed(octets int) func(*rand.Rand) int {
	return func(*rand.Rand) int { return octets }
}

// various averages 60 KB, as mail does: most is short, and few messages make
// up most of the octets.
func various(random *rand.Rand) int {
	switch n := random.IntN(10); {
	case n < 7:
		return 2<<10 + random.IntN(8<<10)
	case n < 9:
		return 20<<10 + random.IntN(80<<10)
	default:
		return 200<<10 + random.IntN(520<<10)
	}
}

// shapes are the maildrops that rows name; bigs is how many messages of 20 MB.
func shapes(quick bool, bigs int) map[string]shape {
	if quick {
		return map[string]shape{
			"small": {100, "4 KB", fixed(4 << 10)},
			"near":  {10, "4 KB", fixed(4 << 10)},
			"mixed": {20, "60 KB on average", various},
			"big":   {2, "2 MB", fixed(2 << 20)},
			"mega":  {4, "1 MiB", fixed(1 << 20)},
			"tiny":  {200, "no body", fixed(0)},
		}
	}
	return map[string]shape{
		"small": {10_000, "4 KB", fixed(4 << 10)},
		"near":  {500, "4 KB", fixed(4 << 10)},
		"mixed": {2_000, "60 KB on average", various},
		"big":   {bigs, "20 MB", fixed(20 << 20)},
		"mega":  {200, "1 MiB", fixed(1 << 20)},
		"tiny":  {100_000, "no body", fixed(0)},
	}
}

// A maildrop is one account with its mail.
type maildrop struct {
	user   *dovecottest.User
	count  int
	octets int64
}

// hits is how many messages one of the rules is for: those with even numbers.
func (d *maildrop) hits() int { return d.count / 2 }

// maildrop makes a maildrop, once, and has Dovecot index it, so that the first
// contestant does not pay for what the others find.
func (s *stand) maildrop(ctx context.Context, name string) (*maildrop, error) {
	if d := s.maildrops[name]; d != nil {
		return d, nil
	}
	made, ok := s.shapes[name]
	if !ok {
		return nil, fmt.Errorf("maildrop %q: not known", name)
	}
	d := &maildrop{user: s.server.AddUser(name, password), count: made.count}
	random := rand.New(rand.NewPCG(1, 2)) // the same mail in every run
	for i := 1; i <= d.count && ctx.Err() == nil; i++ {
		octets := letter(i, made.size(random))
		d.octets += int64(len(octets))
		d.user.Deliver(octets)
	}
	r := reader{addr: s.server.Addr(), user: name, numbers: d.count}
	if _, err := r.run(ctx, "retr"); err != nil {
		return nil, fmt.Errorf("maildrop %s: %w", name, err)
	}
	s.maildrops[name] = d
	return d, nil
}

// copied makes a user of its own with the same mail, for a contestant that deletes.
func (s *stand) copied(d *maildrop) *maildrop {
	s.server.WaitIdle()
	s.copies++
	user := s.server.AddUser(fmt.Sprintf("%s-%d", d.user.Name, s.copies), password)
	user.Copy(d.user)
	return &maildrop{user: user, count: d.count, octets: d.octets}
}

// traits are the fields that make a message one for the rule of that number in
// scripts/rules.lua. A field that all messages have replaces theirs.
var traits = []string{
	"From: Deals <today@deals.example>",
	"From: \"The Shop\" <orders@shop.example>",
	"From: Daily <editor@daily.news.example>",
	"From: Social <no-reply@social.example>",
	"From: Mail <bounce-7731@lists.example>",
	"Subject: Your weekly deals are here",
	"Subject: [SPAM] you have won",
	"Subject: Now 70% off everything",
	"Subject: Last call to unsubscribe or stay",
	"Subject: Do not miss this!!!",
	"List-Id: Announcements <announce.example.net>",
	"List-Id: Development <dev.example.net>",
	"Precedence: bulk",
	"X-Spam-Flag: YES",
	"X-Spam-Level: *******",
	"X-Mailer: MassMail 4.1",
	"Auto-Submitted: auto-generated",
	"To: old-address@example.org",
	"Return-Path: <>",
	"Received: from unknown (HELO there) (203.0.113.9)\r\n\tby mx.example.org with SMTP; Thu, 1 Jan 2026 10:00:00 +0000",
}

// letter is message n, of about that many octets, but never without a header.
// An even one is for one of the rules.
func letter(n, octets int) []byte {
	fields := []string{
		"Return-Path: <ann@example.com>",
		"Received: from mail.example.com (mail.example.com [203.0.113.25])\r\n\tby mx.example.org (Postfix) with ESMTPS id 4F7A91\r\n\tfor <bob@example.org>; Thu, 1 Jan 2026 10:00:00 +0000 (UTC)",
		"From: Ann Example <ann@example.com>",
		"To: Bob Example <bob@example.org>",
		fmt.Sprintf("Subject: =?UTF-8?Q?Letter_n=C2=B0?= %d about the meeting", n),
	}
	if n%2 == 0 {
		fields = replaced(fields, traits[n/2%len(traits)])
	}
	var b bytes.Buffer
	b.Grow(octets + 1<<10)
	for _, field := range fields {
		b.WriteString(field + "\r\n")
	}
	fmt.Fprintf(&b, "Date: Thu, 1 Jan 2026 %02d:%02d:%02d +0000\r\nMessage-ID: <%d.4f7a91@example.com>\r\n", n/3600%24, n/60%60, n%60, n)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	for i := 0; b.Len() < octets; i++ {
		fmt.Fprintf(&b, "%s%06d The quick brown fox jumps over the lazy dog, and then once more.\r\n", strings.Repeat(".", i%16/15), i)
	}
	return b.Bytes()
}

// replaced returns the fields with one more, in the place of its name if that
// is there.
func replaced(fields []string, field string) []string {
	name, _, _ := strings.Cut(field, ":")
	for i := range fields {
		if strings.HasPrefix(fields[i], name+":") {
			fields[i] = field
			return fields
		}
	}
	return append(fields, field)
}
