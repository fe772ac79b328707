package pop3_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/popherd/popherd/pop3"
)

// do makes one call of the client. A text is "N octets", or quoted when short;
// the answers of a pipeline are joined by "; ".
func (d *driver) do(words []string) (string, error) {
	verb, args := words[0], words[1:]
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(arg(i))
		return n
	}
	ctx, c := d.t.Context(), d.c
	switch verb {
	case "greeting":
		return c.Greeting(), nil
	case "state":
		return c.State().String(), nil
	case "secure":
		_, secure := c.TLS()
		return strconv.FormatBool(secure), nil
	case "capa":
		caps, err := c.Capabilities(ctx)
		return showCapabilities(caps), err
	case "capa-count":
		caps, err := c.Capabilities(ctx)
		return strconv.Itoa(len(caps)), err
	case "stls":
		return c.STLS(ctx, nil)
	case "user":
		return c.User(ctx, arg(0))
	case "pass":
		d.hide(arg(0))
		return c.Pass(ctx, arg(0))
	case "login":
		d.hide(arg(1))
		return "", c.Login(ctx, arg(0), arg(1))
	case "apop":
		d.hide(arg(1))
		return c.APOP(ctx, arg(0), arg(1))
	case "rpop":
		return c.RPOP(ctx, arg(0))
	case "auth":
		return d.authenticate(arg(0), args[1:])
	case "stat":
		drop, err := c.Stat(ctx)
		return fmt.Sprintf("%d %d", drop.Count, drop.Octets), err
	case "list", "uidl":
		return d.rows(verb, args, number(0))
	case "count":
		all, err := c.List(ctx)
		return strconv.Itoa(len(all)), err
	case "retr":
		return readText(c.Retrieve(ctx, number(0)))
	case "top":
		return readText(c.Top(ctx, number(0), number(1)))
	case "mark":
		return c.Mark(ctx, number(0))
	case "noop":
		return c.Noop(ctx)
	case "rset":
		return c.Reset(ctx)
	case "utf8":
		return c.UTF8(ctx)
	case "lang":
		return c.Lang(ctx, arg(0))
	case "langs":
		langs, err := c.Languages(ctx)
		return join(langs, func(l pop3.Language) string { return l.Tag + " " + l.Name }), err
	case "cmd":
		return c.Cmd(ctx, args[0], args[1:]...)
	case "cmdtext":
		return readText(c.CmdText(ctx, args[0], args[1:]...))
	case "quit":
		return c.Quit(ctx)
	case "close":
		return "", c.Close()
	case "sleep": // the bubble's time
		pause, err := time.ParseDuration(arg(0))
		time.Sleep(pause)
		return "", err
	}
	return d.each(verb, args)
}

func (d *driver) rows(verb string, args []string, n int) (string, error) {
	ctx, c := d.t.Context(), d.c
	switch {
	case verb == "list" && len(args) > 0:
		scan, err := c.ListMessage(ctx, n)
		return showScan(scan), err
	case verb == "list":
		all, err := c.List(ctx)
		return join(all, showScan), err
	case len(args) > 0:
		id, err := c.UIDLMessage(ctx, n)
		return showUniqueID(id), err
	}
	all, err := c.UIDL(ctx)
	return join(all, showUniqueID), err
}

func showScan(s pop3.ScanListing) string { return fmt.Sprintf("%d %d", s.Number, s.Octets) }

func showUniqueID(u pop3.UniqueID) string {
	if !utf8.ValidString(u.ID) {
		return fmt.Sprintf("%d %q", u.Number, u.ID)
	}
	return fmt.Sprintf("%d %s", u.Number, u.ID)
}

func join[T any](all []T, show func(T) string) string {
	var parts []string
	for _, one := range all {
		parts = append(parts, show(one))
	}
	return strings.Join(parts, "; ")
}

func showCapabilities(caps pop3.Capabilities) string {
	var parts []string
	for name, args := range caps {
		parts = append(parts, strings.Join(append([]string{name}, args...), " "))
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

func readText(text *pop3.Text, err error) (string, error) {
	if err != nil {
		return "", err
	}
	octets, err := io.ReadAll(text)
	return showText(octets), err
}

func showText(octets []byte) string {
	if len(octets) > 60 {
		return fmt.Sprintf("%d octets", len(octets))
	}
	return strconv.Quote(string(octets))
}

// each makes a call that is pipelined: "retr-each 1 2 3". With "first" as
// first argument the loop ends after one answer.
func (d *driver) each(verb string, args []string) (string, error) {
	first := len(args) > 0 && args[0] == "first"
	if first {
		args = args[1:]
	}
	var numbers []int
	for _, arg := range args {
		n, _ := strconv.Atoi(arg)
		numbers = append(numbers, n)
	}
	ctx, c := d.t.Context(), d.c
	switch verb {
	case "list-each":
		return gather(d, first, c.ListEach(ctx, numbers), func(s pop3.ScanListing) (string, error) { return showScan(s), nil })
	case "uidl-each":
		return gather(d, first, c.UIDLEach(ctx, numbers), func(u pop3.UniqueID) (string, error) { return showUniqueID(u), nil })
	case "mark-each":
		return gather(d, first, c.MarkEach(ctx, numbers), func(n int) (string, error) { return strconv.Itoa(n), nil })
	case "retr-each":
		return gather(d, first, c.RetrieveEach(ctx, numbers), readRetrieved)
	case "top-each":
		return gather(d, first, c.TopEach(ctx, numbers, 0), readRetrieved)
	}
	d.t.Fatalf("no such command: %s", verb)
	return "", nil
}

func readRetrieved(r pop3.Retrieved) (string, error) {
	octets, err := io.ReadAll(r)
	return strconv.Itoa(r.Number) + " " + showText(octets), err
}

// gather runs a pipeline's loop. Its last error, unless a refusal, is the
// call's; everything before is shown in it, too.
func gather[T any](d *driver, first bool, seq iter.Seq2[T, error], show func(T) (string, error)) (string, error) {
	var parts []string
	var last error
	for value, err := range seq {
		text := ""
		if err == nil {
			text, err = show(value)
		}
		last = err
		if err != nil {
			d.errs = append(d.errs, err)
			text = describe(err)
		}
		parts = append(parts, text)
		if first {
			break
		}
	}
	if refused := (*pop3.Error)(nil); last != nil && !errors.As(last, &refused) {
		return "", &stopped{strings.Join(parts, "; "), last}
	}
	return strings.Join(parts, "; "), nil
}

// stopped is a pipeline's end, with all its answers.
type stopped struct {
	answers string
	err     error
}

func (s *stopped) Error() string { return s.answers }
func (s *stopped) Unwrap() error { return s.err }

// authenticate uses PLAIN, or a mechanism whose responses the file gives:
// "auth X-TEST initial response response", with "-" for no initial response
// and "=" for an empty one.
func (d *driver) authenticate(mech string, args []string) (string, error) {
	if mech == "PLAIN" {
		d.hide(args[1])
		d.hide("\x00" + args[0] + "\x00" + args[1])
		return d.c.Authenticate(d.t.Context(), pop3.Plain("", args[0], args[1]))
	}
	for _, arg := range args {
		if len(arg) > 1 {
			d.hide(arg)
		}
	}
	return d.c.Authenticate(d.t.Context(), &scripted{mech: mech, responses: args})
}

// scripted is a mechanism that says what a file says.
type scripted struct {
	mech      string
	responses []string // the first is the initial one
}

func (s *scripted) Start() (string, []byte, error) {
	initial := s.next()
	if initial == "-" {
		return s.mech, nil, nil
	}
	return s.mech, responseOctets(initial), nil
}

func (s *scripted) Next(challenge []byte) ([]byte, error) {
	if len(s.responses) == 0 {
		return nil, errors.New("the mechanism has no answer")
	}
	return responseOctets(s.next()), nil
}

func (s *scripted) next() string {
	if len(s.responses) == 0 {
		return "-"
	}
	next := s.responses[0]
	if s.responses = s.responses[1:]; next == "repeat" {
		s.responses = []string{"again", "repeat"}
	}
	return next
}

// responseOctets takes "=" for nothing, and "base64:..." for binary octets.
func responseOctets(text string) []byte {
	if text == "=" {
		return []byte{}
	}
	if encoded, ok := strings.CutPrefix(text, "base64:"); ok {
		octets, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			panic(err)
		}
		return octets
	}
	return []byte(text)
}
