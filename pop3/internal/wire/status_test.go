package wire_test

import (
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/internal/wire"
)

func TestParseStatus(t *testing.T) {
	long := strings.Repeat("X", 65)
	for line, want := range map[string]wire.Status{
		"+OK":                      {OK: true},
		"+OK ":                     {OK: true},
		"+OK POP3 ready":           {OK: true, Text: "POP3 ready"},
		"+ok ready":                {OK: true, Text: "ready"},
		"+":                        {OK: true},
		"+ cont":                   {OK: true, Text: "cont"},
		"+OKAY":                    {OK: true},
		"+OK [X] y":                {OK: true, Code: "X", Text: "y"},
		"-ERR":                     {},
		"-err no":                  {Text: "no"},
		"-ERRno":                   {Text: "no"},
		"-ERR   no":                {Text: "no"},
		"-ERR [IN-USE] locked":     {Code: "IN-USE", Text: "locked"},
		"-ERR [in-use] locked":     {Code: "IN-USE", Text: "locked"},
		"-ERR [SYS/TEMP]":          {Code: "SYS/TEMP"},
		"-ERR [SYS/TEMP/X]y":       {Code: "SYS/TEMP/X", Text: "y"},
		"-ERR []":                  {Text: "[]"},
		"-ERR [/]":                 {Text: "[/]"},
		"-ERR [A//B]":              {Text: "[A//B]"},
		"-ERR [A B]":               {Text: "[A B]"},
		"-ERR [A":                  {Text: "[A"},
		"-ERR A]":                  {Text: "A]"},
		"-ERR [[A]]":               {Text: "[[A]]"},
		"-ERR [\xc3\xa9]":          {Text: "[\xc3\xa9]"},
		"-ERR [A\x00]":             {Text: "[A\x00]"},
		"-ERR [" + long + "]":      {Text: "[" + long + "]"},
		"-ERR [" + long[1:] + "] ": {Code: long[1:]},
	} {
		if got, err := wire.ParseStatus(line); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", line, got, err, want)
		}
	}
	for _, line := range []string{"", " ", "OK", "ERR", "-", "-ER", " +OK", "*", ".", "220 ready", "\x00+OK", "-OK"} {
		if got, err := wire.ParseStatus(line); err != wire.ErrNoStatus {
			t.Errorf("%q: got %+v, %v, want ErrNoStatus", line, got, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		in             string
		number, octets int64 // -1 for refused
	}{
		{"0", 0, 0}, {"1", 1, 1}, {"10", 10, 10},
		{"2147483647", 2147483647, 2147483647},
		{"2147483648", -1, 2147483648},
		{"4294967297", -1, 4294967297},
		{"9223372036854775807", -1, 9223372036854775807},
		{"9223372036854775808", -1, -1},
		{"18446744073709551617", -1, -1},
		{"999999999999999999999999999999", -1, -1},
		{"01", -1, 1}, {"00", -1, 0},
		{"", -1, -1}, {"-1", -1, -1}, {"+1", -1, -1}, {" 1", -1, -1}, {"1 ", -1, -1}, {"1.0", -1, -1},
		{"0x1", -1, -1}, {"1e3", -1, -1}, {"1_0", -1, -1}, {"\u0661", -1, -1}, {"1\x00", -1, -1},
	} {
		n, ok := wire.ParseNumber(test.in)
		if got := result(int64(n), ok); got != test.number {
			t.Errorf("number %q: got %d, want %d", test.in, got, test.number)
		}
		octets, ok := wire.ParseOctets(test.in)
		if got := result(octets, ok); got != test.octets {
			t.Errorf("octets %q: got %d, want %d", test.in, got, test.octets)
		}
	}
}

func result(n int64, ok bool) int64 {
	if !ok {
		return -1
	}
	return n
}
