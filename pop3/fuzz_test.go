package pop3_test

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// rowsOf are the rows of a listing, read the slow way, and whether it ends.
func rowsOf(listing string) (rows []string, ended bool) {
	text, _, ended := strings.Cut("\r\n"+listing, "\r\n.\r\n")
	if !ended || text == "" {
		return nil, ended
	}
	text = strings.ReplaceAll(text+"\r\n", "\r\n.", "\r\n")
	for row := range strings.SplitSeq(strings.TrimSuffix(text[2:], "\n"), "\n") {
		rows = append(rows, strings.TrimSuffix(row, "\r"))
	}
	return rows, true
}

// answered is a session whose next command is answered by "+OK" and listing,
// behind which the connection is closed.
func answered(t *testing.T, listing string) *pop3.Client {
	c, err := pop3.NewClient(t.Context(), newCanned("+OK\r\n"+listing, ""), pop3test.Host, insecure(nil))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkFault makes sure that err is one for a malformed listing, and that it
// ended the session.
func checkFault(t *testing.T, c *pop3.Client, listing string, err error) {
	t.Helper()
	protocol, limit := (*pop3.ProtocolError)(nil), (*pop3.LimitError)(nil)
	if !errors.As(err, &protocol) && !errors.As(err, &limit) {
		t.Errorf("%q: got %v, want a ProtocolError or LimitError", listing, err)
	}
	if _, err := c.Noop(t.Context()); !errors.Is(err, pop3.ErrBroken) {
		t.Errorf("%q: NOOP after it: got %v, want ErrBroken", listing, err)
	}
}

// fitting reports whether no row is longer than rows may be.
func fitting(rows []string) bool {
	for _, row := range rows {
		if len(row) > 2046 {
			return false
		}
	}
	return true
}

var (
	scanPattern     = regexp.MustCompile(`^\s*([1-9][0-9]*)\s+([0-9]+)(\s|$)`)
	uniqueIDPattern = regexp.MustCompile(`(?s)^([1-9][0-9]*)(?: (.*))?$`)
)

// number is a message-number's value, or 0.
func number(digits string) int {
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}

// wantScans reads rows as LIST's. Blanks outside ASCII are left to the client.
func wantScans(rows []string) (want []pop3.ScanListing, ok bool) {
	for _, row := range rows {
		parts := scanPattern.FindStringSubmatch(row)
		if parts == nil || number(parts[1]) == 0 {
			return nil, false
		}
		octets, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return nil, false
		}
		want = append(want, pop3.ScanListing{Number: number(parts[1]), Octets: octets})
	}
	return want, fitting(rows)
}

func wantUniqueIDs(rows []string) (want []pop3.UniqueID, ok bool) {
	for _, row := range rows {
		parts := uniqueIDPattern.FindStringSubmatch(row)
		if parts == nil || number(parts[1]) == 0 {
			return nil, false
		}
		want = append(want, pop3.UniqueID{Number: number(parts[1]), ID: strings.Trim(parts[2], " ")})
	}
	return want, fitting(rows)
}

// FuzzRows lists with LIST and UIDL, and compares with regular expressions.
func FuzzRows(f *testing.F) {
	for _, listing := range []string{
		"1 120\r\n2 200\r\n.\r\n", "1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7\r\n.\r\n", ".\r\n", "\r\n.\r\n",
		"0 1\r\n.\r\n", "-1 1\r\n.\r\n", "2147483648 1\r\n.\r\n", "1 18446744073709551616\r\n.\r\n", "1\r\n.\r\n", "1 \r\n.\r\n",
		"1 1\n2 2\n.\r\n\r\n.\r\n", "..\r\n.\r\n", "1 120 more\r\n.\r\n", " 1\t120\r\n.\r\n", "1 1\r\n", "1 1\r\n.", "01 1\r\n.\r\n",
		"1 " + strings.Repeat("a", 2045) + "\r\n.\r\n", strings.Repeat("1", 3000),
	} {
		f.Add(listing)
	}
	f.Fuzz(func(t *testing.T, listing string) {
		rows, ended := rowsOf(listing)
		checkScans(t, listing, rows, ended)
		checkUniqueIDs(t, listing, rows, ended)
	})
}

func checkScans(t *testing.T, listing string, rows []string, ended bool) {
	t.Helper()
	c := answered(t, listing)
	got, err := c.List(t.Context())
	want, ok := wantScans(rows)
	if err != nil {
		checkFault(t, c, listing, err)
		if ended && ok {
			t.Errorf("LIST of %q: got %v, want %v", listing, err, want)
		}
		return
	}
	if !ended || ok && !equal(got, want) {
		t.Errorf("LIST of %q: got %v, want %v", listing, got, want)
	}
	for _, scan := range got { // whatever the blanks
		if scan.Number < 1 || scan.Number > math.MaxInt32 || scan.Octets < 0 {
			t.Errorf("LIST of %q: got %v, out of range", listing, scan)
		}
	}
}

func checkUniqueIDs(t *testing.T, listing string, rows []string, ended bool) {
	t.Helper()
	c := answered(t, listing)
	got, err := c.UIDL(t.Context())
	want, ok := wantUniqueIDs(rows)
	if err != nil {
		checkFault(t, c, listing, err)
	}
	if (err == nil) != (ended && ok) || err == nil && !equal(got, want) {
		t.Errorf("UIDL of %q: got %v, %v, want %v", listing, got, err, want)
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// FuzzCapa asks for capabilities: odd rows are no fault, only framing is.
func FuzzCapa(f *testing.F) {
	for _, listing := range []string{
		"TOP\r\nUSER\r\nSASL CRAM-MD5 KERBEROS_V4\r\nRESP-CODES\r\nLOGIN-DELAY 900\r\nPIPELINING\r\nEXPIRE 60\r\nUIDL\r\nIMPLEMENTATION Shlemazle-Plotz-v302\r\n.\r\n",
		".\r\n", "\r\n \r\n\t\r\n.\r\n", "caf\xe9 \x00\r\n.\r\n", "SASL PLAIN\r\nSASL LOGIN\r\n.\r\n", "..\r\n.\r\n", "STLS", "a\n.\n",
		strings.Repeat("X", 2047) + "\r\n.\r\n",
	} {
		f.Add(listing)
	}
	f.Fuzz(func(t *testing.T, listing string) {
		rows, ended := rowsOf(listing)
		c := answered(t, listing)
		caps, err := c.Capabilities(t.Context())
		if (err == nil) != (ended && fitting(rows)) {
			t.Errorf("%q: got %v, want success %v", listing, err, ended && fitting(rows))
		}
		if err != nil {
			checkFault(t, c, listing, err)
			return
		}
		want := map[string]string{}
		for _, row := range rows {
			if words := strings.Fields(row); len(words) > 0 {
				want[words[0]] = strings.Join(words[1:], " ")
			}
		}
		if len(caps) != len(want) {
			t.Errorf("%q: got %q, want %q", listing, caps, want)
		}
		for name, args := range caps {
			if strings.Join(args, " ") != want[name] || !caps.Has(name) {
				t.Errorf("%q: got %q, want %q", listing, caps, want)
			}
		}
	})
}
