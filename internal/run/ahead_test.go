package run

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/pop3"
)

// heard counts a verb among a server's commands.
func (s *server) count(verb string) int {
	n := 0
	for _, line := range s.commands() {
		if first, _, _ := strings.Cut(line, " "); first == verb {
			n++
		}
	}
	return n
}

// A loop of poplib's is read ahead once it is seen to be one: RETR only where
// that is allowed.
func TestLoopsAreReadAhead(t *testing.T) {
	tests := []struct {
		name, source string
		allowed      bool
		verb         string
		asked        int // of 40 messages, once the loop broke off at its 5th turn
	}{
		{"TOP", "local n = M:stat() for i = 1, n do M:top(i, 0) if i == 5 then break end end", false, "TOP", 40},
		{"TOP from the end", "local n = M:stat() for i = n, 1, -1 do M:top(i, 0) if i == n - 4 then break end end", false, "TOP", 40},
		{"count unknown", "for i = 1, 5 do M:top(i, 0) end", false, "TOP", 5},
		{"no sequence", "M:stat() for _, i in ipairs { 1, 5, 9, 20, 3 } do M:top(i, 0) end", false, "TOP", 5},
		{"RETR", "local n = M:stat() for i = 1, 5 do M:retr(i) end", false, "RETR", 5},
		{"RETR allowed by the host", "local n = M:stat() for i = 1, 5 do M:retr(i) end", true, "RETR", 40},
		{"RETR allowed by the script", "M:read_ahead(true) local n = M:stat() for i = 1, 5 do M:retr(i) end", false, "RETR", 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(mail(40), nil)
			defer s.stop()
			o := s.options(t, tt.source+" M:quit()")
			o.ReadAhead = tt.allowed
			_, err := perform(t, context.Background(), o)
			wantError(t, err, "")
			if got := s.count(tt.verb); got != tt.asked {
				t.Errorf("got %d %s, want %d: %q", got, tt.verb, tt.asked, s.commands())
			}
		})
	}
}

// Whatever is read in whatever order, between other commands, each message is
// the one asked for.
func TestReadAheadGivesTheMessageAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const count = 30
		drop := mail(count)
		s := serve(drop, nil)
		defer s.stop()
		session := planning(t, login(t, s))
		session.reader.allowed = rapid.Bool().Draw(t, "allowed")
		messages := drop.Messages()
		ctx := context.Background()
		marked := map[int]bool{}
		n := 1
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"next", "next", "next", "next", "back", "jump", "whole", "mark", "list", "stat", "expect", "reset"}).Draw(t, "step") {
			case "next":
				n = min(n+1, count)
			case "back":
				n = max(n-1, 1)
			case "jump":
				n = rapid.IntRange(1, count).Draw(t, "to")
			case "mark":
				if _, err := session.Mark(ctx, fmt.Sprint(n), "x"); (err == nil) == marked[n] {
					t.Fatalf("mark %d: %v", n, err)
				}
				marked[n] = true
			case "list":
				text, err := session.CmdText(ctx, "LIST")
				if err == nil {
					_, err = io.ReadAll(text)
				}
				if err != nil {
					t.Fatal(err)
				}
			case "stat":
				if _, err := session.Stat(ctx); err != nil {
					t.Fatal(err)
				}
			case "expect":
				numbers := rapid.SliceOfN(rapid.IntRange(1, count), 0, 20).Draw(t, "numbers")
				session.Expect(ctx, rapid.SampledFrom([]int{0, pop3.Whole}).Draw(t, "lines"), numbers)
				if len(numbers) > 0 {
					n = numbers[0]
				}
			case "reset":
				if _, err := session.Cmd(ctx, "RSET"); err != nil {
					t.Fatal(err)
				}
				clear(marked)
			}
			verb, args, want := "TOP", []string{fmt.Sprint(n), "0"}, string(messages[n-1])
			if rapid.IntRange(0, 4).Draw(t, "whole") == 0 {
				verb, args = "RETR", args[:1]
			} else {
				head, _, _ := strings.Cut(want, "\r\n\r\n")
				want = head + "\r\n\r\n"
			}
			text, err := session.CmdText(ctx, verb, args...)
			if (err == nil) == marked[n] {
				t.Fatalf("%s %d, marked %v: %v", verb, n, marked[n], err)
			}
			if err != nil {
				continue
			}
			if got, err := io.ReadAll(text); err != nil || string(got) != want {
				t.Fatalf("%s %d: got %q, %v, want %q", verb, n, got, err, want)
			}
		}
		session.Close()
	})
}

// What was marked meanwhile is not asked for.
func TestMarkedIsNotReadAhead(t *testing.T) {
	s := serve(mail(10), nil)
	defer s.stop()
	o := s.options(t, "local n = M:stat() for i = 6, 10 do M:dele(i) end for i = 1, 5 do M:top(i, 0) end M:close()")
	_, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	if heard := s.commands(); slices.Contains(heard, "TOP 6 0") {
		t.Errorf("got %q, want no TOP of what is marked", heard)
	}
}
