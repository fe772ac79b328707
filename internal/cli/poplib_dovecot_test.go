package cli_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// shapes are messages of the shapes on which poplib and popherd agree: lines
// of up to 2048 octets.
func shapes() [][]byte {
	bodies := []string{
		"plain\r\ntext\r\nof\r\nfour lines\r\n",
		"caf\xe9 \xc3\xa9 \xff\xfe\x80 \x00\r\n",
		strings.Repeat("x", 2038) + "\r\n" + strings.Repeat("y ", 1019) + "\r\n",
		"\r\n.\r\n..\r\n.leading\r\n...\r\n",
		"",
		"\r\n\r\n\r\n",
		"no line end at the end",
		"bare LF\nand\n.\n..more\n",
		"tab\t, \x1b[31m, a\rbare CR\r\r\n \r\n",
		strings.Repeat("a line of forty-two octets, end included\r\n", 2000),
	}
	messages := make([][]byte, len(bodies))
	for i, body := range bodies {
		messages[i] = fmt.Appendf(nil, "From: Anna <anna@example.org>\r\nSubject: shape %d\r\n folded\r\n\r\n%s", i+1, body)
	}
	return messages
}

// reading are the calls that change nothing, of a maildrop of n messages.
func reading(n int) []string {
	calls := []string{"stat", "list", "uidl"}
	for i := 1; i <= n; i++ {
		for _, call := range []string{"list %d", "uidl %d", "retr %d", "top %d 0", "top %d 3", "top %d 9999"} {
			calls = append(calls, fmt.Sprintf(call, i))
		}
	}
	return append(calls, "noop", "capa", "rset", "utf8", "list 9999", "uidl 9999", "retr 9999", "top 9999 1",
		"list 0", "retr foo", "user anna", "pass_ secret", "rpop anna", "noop")
}

// marking calls are answered by popherd's plan, and by Dovecot where poplib asks.
var markingCalls = []string{"dele 9999", "dele foo", "dele 2", "dele 3", "dele 10", "dele 2", "stat", "list", "uidl",
	"list 1", "list 2", "uidl 1", "uidl 3", "retr 1", "retr 3", "top 10 0", "top 9 1", "noop",
	"rset", "stat", "list", "uidl", "retr 2", "dele 1", "stat", "rset", "stat", "quit", "noop"}

// TestPoplibOnDovecot does everything with poplib and with popherd on the same
// maildrop, in each way of logging in: what they return must be the same.
func TestPoplibOnDovecot(t *testing.T) {
	t.Parallel()
	python := python(t)
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := shapes()
	u := fill(t, s, "anna", messages)
	for _, test := range []struct {
		name, way, addr string
		login           []string
	}{
		{"plain", "POP3", s.Addr(), []string{"user anna", "pass_ secret"}},
		{"APOP", "POP3", s.Addr(), []string{"apop anna secret"}},
		{"STLS", "POP3", s.Addr(), []string{"stls", "capa", "stls", "user anna", "pass_ secret"}},
		{"SSL", "POP3_SSL", s.TLSAddr(), []string{"stls", "user anna", "pass_ secret"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			host, port := at(t, test.addr)
			calls := slices.Concat([]string{"getwelcome", "capa", "list"}, test.login, reading(len(messages)), markingCalls)
			k := task{test.way, host, port, "none", s.CAFile, calls}
			theirs := byPoplib(t, python, k)
			ours := byPopherd(t, k)
			if len(ours) != len(theirs) || len(ours) != len(calls)+1 {
				t.Fatalf("got %d lines, poplib gives %d, want %d each", len(ours), len(theirs), len(calls)+1)
			}
			marks := 0
			for i, call := range calls {
				got, want := comparable(call, ours[i+1], marks), comparable(call, theirs[i+1], marks)
				if got != want {
					t.Errorf("%s (call %d, with %d marks):\ngot         %.500s\npoplib gives %.500s", call, i, marks, got, want)
				}
				switch {
				case strings.HasPrefix(call, "dele ") && strings.HasPrefix(ours[i+1], "ok "):
					marks++
				case call == "rset":
					marks = 0
				}
			}
			holds(t, s, u, messages)
		})
	}
}

var timestamps = regexp.MustCompile(`<[^>]*>`)

// comparable is what of a driver's line has to be the same on both sides.
// Where the plan answers in Dovecot's place the words are its own, the facts
// are not: the kind of reply, the rows, the octets. (Deviation 11.)
func comparable(call, line string, marks int) string {
	verb, _, one := strings.Cut(call, " ")
	if verb == "getwelcome" {
		return timestamps.ReplaceAllString(line, "<timestamp>") // a new one for each connection
	}
	if verb == "dele" || marks > 0 && strings.HasPrefix(line, "raise ") {
		return firstWords(line)
	}
	if marks > 0 && (verb == "list" || verb == "uidl") && !one {
		_, rows, _ := strings.Cut(line, " [")
		return "rows [" + rows
	}
	if strings.HasPrefix(line, "raise closed ") || strings.HasPrefix(line, "raise AttributeError ") {
		return "raise closed" // poplib has no attribute to use any more
	}
	return line
}

// firstWords are how it ended: `ok "+OK` or "raise error_proto".
func firstWords(line string) string {
	fields := strings.Fields(line)
	return strings.Join(fields[:2], " ")
}

// The same calls on two maildrops with the same messages leave the same files.
func TestPoplibCommitsAlike(t *testing.T) {
	t.Parallel()
	python := python(t)
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := shapes()
	for _, test := range []struct {
		name string
		end  []string
		left []int // message-numbers
	}{
		{"quit", []string{"dele 2", "dele 4", "dele 9", "quit"}, []int{1, 3, 5, 6, 7, 8, 10}},
		{"rset", []string{"dele 2", "rset", "dele 5", "quit"}, []int{1, 2, 3, 4, 6, 7, 8, 9, 10}},
		{"close", []string{"dele 2", "dele 4", "close"}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"nothing", []string{"dele 2", "dele 4"}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{"all", []string{"dele 1", "dele 2", "dele 3", "dele 4", "dele 5", "dele 6", "dele 7", "dele 8", "dele 9", "dele 10", "stat", "list", "quit"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			host, port := at(t, s.TLSAddr())
			user := func(name string) (*dovecottest.User, task) {
				u := fill(t, s, name+test.name, messages)
				calls := append([]string{"user " + u.Name, "pass_ secret"}, test.end...)
				return u, task{"POP3_SSL", host, port, "none", s.CAFile, calls}
			}
			theirUser, theirTask := user("poplib")
			ourUser, ourTask := user("popherd")
			theirs, ours := byPoplib(t, python, theirTask), byPopherd(t, ourTask, "--allow-delete=all")
			var want [][]byte
			for _, n := range test.left {
				want = append(want, messages[n-1])
			}
			holds(t, s, theirUser, want)
			holds(t, s, ourUser, want)
			if got, want := ours[len(ours)-1], theirs[len(theirs)-1]; !strings.HasPrefix(test.end[len(test.end)-1], "dele") && got != want {
				t.Errorf("%s: got %s, poplib gives %s", test.end[len(test.end)-1], got, want)
			}
		})
	}
}
