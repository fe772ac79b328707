package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// An operation is one call of a script, as the binding makes it.
type operation struct {
	text bool // CmdText
	verb string
	args []string
}

func (o operation) String() string {
	line := strings.Join(append([]string{o.verb}, o.args...), " ")
	if o.text {
		return line + " (text)"
	}
	return line
}

// answer gives the operation to a session, and returns what a script could
// tell it by: the wording of "+OK" is the server's own, and left out.
func (o operation) answer(s luabind.Session) string {
	ctx := context.Background()
	if o.verb == "STAT" {
		drop, err := s.Stat(ctx)
		if err != nil {
			return status(err)
		}
		return fmt.Sprint("+OK ", drop.Count, drop.Octets)
	}
	if !o.text {
		line, err := s.Cmd(ctx, o.verb, o.args...)
		if err != nil {
			return status(err)
		}
		if o.verb == "LIST" || o.verb == "UIDL" {
			return line
		}
		return "+OK"
	}
	text, err := s.CmdText(ctx, o.verb, o.args...)
	if err != nil {
		return status(err)
	}
	octets, err := io.ReadAll(text)
	if err != nil {
		return status(err)
	}
	return "+OK " + string(octets)
}

// status is an error's status indicator: what the server refuses and what is
// refused before it is sent are the same to a script that wants to know.
func status(err error) string {
	refused, argument := (*pop3.Error)(nil), (*pop3.ArgumentError)(nil)
	switch {
	case errors.As(err, &refused):
		return refused.Line[:len("-ERR")]
	case errors.As(err, &argument):
		return "-ERR"
	}
	return "fatal: " + err.Error()
}

// operations draws calls on numbers that exist, that are marked sooner or
// later, that are unknown, and that are none.
func operations() *rapid.Generator[[]operation] {
	number := rapid.OneOf(
		rapid.SampledFrom([]string{"1", "2", "3", "4"}),
		rapid.SampledFrom([]string{"1", "2", "3", "4"}),
		rapid.SampledFrom([]string{"0", "5", "-1", "+1", "01", "1.0", "1e0", "0x1", "one", "2147483648", "18446744073709551617", "", "1\t"}),
	)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) operation {
		n := number.Draw(t, "n")
		return rapid.SampledFrom([]operation{
			{verb: "DELE", args: []string{n}},
			{verb: "DELE", args: []string{n}},
			{verb: "RSET"},
			{verb: "STAT"},
			{verb: "NOOP"},
			{text: true, verb: "LIST"},
			{verb: "LIST", args: []string{n}},
			{text: true, verb: "UIDL"},
			{verb: "UIDL", args: []string{n}},
			{text: true, verb: "RETR", args: []string{n}},
			{text: true, verb: "TOP", args: []string{n, "0"}},
			{text: true, verb: "TOP", args: []string{n, "1"}},
		}).Draw(t, "operation")
	}), 1, 30)
}

// login opens a session of the maildrop.
func login(t interface{ Fatal(...any) }, s *server) *pop3.Client {
	client, err := pop3.NewClient(context.Background(), s.dial(""), "pop.example.org", insecure())
	if err == nil {
		err = client.Login(context.Background(), "mrose", "tanstaaf")
	}
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// planning is a session of a run that may delete everything.
func planning(t interface{ Fatal(...any) }, client *pop3.Client) *session {
	r := &run{Options: Options{Policy: policy.Policy{Delete: allow(t, policy.NoLimit)}}, ctx: context.Background()}
	s := &session{run: r, client: client, host: "pop.example.org"}
	r.sessions = append(r.sessions, s)
	return s
}

// A script must not be able to tell the plan from a server that keeps the
// marks itself, and both must leave the same mail behind.
func TestOverlayIsLikeAServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		theirs, ours := serve(mail(4), nil), serve(mail(4), nil)
		defer theirs.stop()
		defer ours.stop()
		server, overlay := login(t, theirs), planning(t, login(t, ours))
		for _, o := range operations().Draw(t, "operations") {
			want := o.answer(server)
			if got := o.answer(overlay); got != want {
				t.Fatalf("%v: got %q, want %q as from the server", o, got, want)
			}
		}
		if ours.heardVerb("DELE") {
			t.Fatalf("DELE went out before QUIT: %q", ours.commands())
		}
		if rapid.Bool().Draw(t, "quit") {
			_, err1 := server.Quit(context.Background())
			_, err2 := overlay.Quit(context.Background())
			if err1 != nil || err2 != nil {
				t.Fatalf("quit: got %v, want %v", err2, err1)
			}
		} else {
			server.Close()
			overlay.Close()
		}
		if got, want := fmt.Sprintf("%q", ours.drop.Messages()), fmt.Sprintf("%q", theirs.drop.Messages()); got != want {
			t.Fatalf("left behind: got %s, want %s", got, want)
		}
	})
}

const greeted = `
S: +OK ready
C: USER mrose
S: +OK
C: PASS tanstaaf
S: +OK
`

const asMrose = `local M = pop3.POP3("pop.example.org") M:user("mrose") M:pass_("tanstaaf") `

// printed runs a script against a dialogue and returns what it printed.
func printed(t *testing.T, source, dialogue string) string {
	t.Helper()
	var out strings.Builder
	o := against(t, source, dialogue)
	o.Stdout = &out
	if _, err := perform(t, context.Background(), o); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	return out.String()
}

// Servers number messages with gaps, repeat unique-ids, or send odd ones: the
// rows that are not marked pass as they are.
func TestOverlayOfOddListings(t *testing.T) {
	long := strings.Repeat("u", 300)
	list := "C: LIST\nS: +OK\nS: 7 70\nS: 2 20 and more\nS: 4\t40\nS: 5 50\nS: .\n"
	uidl := "C: UIDL\nS: +OK\nS: 7 same\nS: 2 same\nS: 4 \nS: 5 with blanks " + long + "\nS: .\n"
	got := printed(t, asMrose+`
		M:dele(2) M:dele("4")
		print(M:stat())
		print(table.concat(select(2, M:list()), "|"))
		print(table.concat(select(2, M:uidl()), "|"))
		print(pcall(M.list, M, 2))
		print(pcall(M.uidl, M, 4))
		print(M:list(7))
		print(pcall(M.dele, M, 3))
		M:close()`,
		greeted+list+uidl+list+uidl+"C: LIST 7\nS: +OK 7 70\neof\n")
	want := "2\t120\n7 70|5 50\n7 same|5 with blanks " + long + "\n" +
		"false\terror_proto: -ERR message already deleted\nfalse\terror_proto: -ERR message already deleted\n" +
		"+OK 7 70\nfalse\terror_proto: -ERR no such message\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestServerWithoutUIDL(t *testing.T) {
	o := against(t, asMrose+`M:dele(1) print(pcall(M.uidl, M)) M:quit()`, greeted+`
C: LIST
S: +OK
S: 1 10
S: .
C: UIDL
S: -ERR unknown command
C: UIDL
S: -ERR unknown command
C: CAPA
S: -ERR unknown command
C: DELE 1
S: +OK
C: QUIT
S: +OK
eof
`)
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Plan[0].UniqueID != "" || a.Delete != 1 {
		t.Errorf("got %+v, want message 1 deleted, without a unique-id", a)
	}
}

// A listing that cannot be a plan's base ends the session: nothing is deleted.
func TestMalformedListing(t *testing.T) {
	tests := []struct{ name, rows, uidl string }{
		{"listed twice", "S: 1 10\nS: 1 20\n", "C: UIDL\nS: +OK\nS: .\n"},
		{"not a number", "S: one 10\n", ""},
		{"no size", "S: 1\n", ""},
		{"negative", "S: 1 -5\n", ""},
		{"number zero", "S: 0 10\n", ""},
		{"more octets than can be counted", "S: 1 9223372036854775807\nS: 2 1\n", "C: UIDL\nS: +OK\nS: .\n"},
		{"UIDL without numbers", "S: 1 10\n", "C: UIDL\nS: +OK\nS: abc 1\nS: .\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dialogue := greeted + "C: LIST\nS: +OK\n" + tt.rows + "S: .\n" + tt.uidl + "eof\n"
			got := printed(t, asMrose+`
				local ok, e = pcall(M.dele, M, 1)
				print(ok, e.kind, e.fatal)
				local ok, e = pcall(M.quit, M)
				print(ok, e.kind)`, dialogue)
			if want := "false\terror_proto\ttrue\nfalse\tclosed\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestRetrieveOfMarked(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	report, err := perform(t, context.Background(), s.options(t, `
		M:dele(2)
		for _, call in ipairs{"retr", "dele", "list", "uidl"} do
			local ok, e = pcall(M[call], M, 2)
			assert(not ok and e.kind == "error_proto" and not e.fatal, call)
			assert(e.response == "-ERR message already deleted", call)
		end
		assert(not pcall(M.top, M, 2, 0))
		M:rset()
		M:retr(2)
		M:quit()`))
	wantError(t, err, "")
	wantOutcome(t, only(t, report), "committed", "")
	if s.heardVerb("DELE") {
		t.Errorf("got %q, want no DELE", s.commands())
	}
	s.wantLeft(t, 3)
}
