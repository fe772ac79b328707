package secret

import (
	"strings"
	"testing"
)

func TestNetrc(t *testing.T) {
	for _, test := range []struct{ text, want, fault string }{
		{"machine h login u password p", "p", ""},
		{"machine H. login u password p\n", "p", ""},
		{"machine\th\n\tlogin u\r\n\tpassword p\r\n", "p", ""},
		{"machine h user u passwd p account a", "p", ""},
		{"machine h port 995 login u protocol pop3 password p", "p", ""},
		{"machine h password p login u", "p", ""},
		{`machine h login u password "p q\"\\r"`, `p q"\r`, ""},
		{`machine h login "u" password p\ q`, "p q", ""},
		{"machine h login u password #p#q # the rest", "#p#q", ""},
		{"# machine h login u password x\nmachine h login u password p", "p", ""},
		{"#machine h login u password x\nmachine h login u password p", "p", ""},
		{"machine h login u password machine", "machine", ""},
		{"machine h login u password \"\"\nmachine h login u password p", "p", ""},
		{"machine h login v password x\nmachine h login u password p\nmachine h login u password y", "p", ""},
		{"machine a login u password x machine h login u password p default login u password y", "p", ""},
		{"machine h\nmacdef init\ncd /\nmachine h login u password x\n\nmachine h login u password p", "p", ""},
		{"macdef init\r\nmachine h login u password x\r\n\r\nmachine h login u password p", "p", ""},
		// There is none.
		{"", "", ""},
		{"default login u password x", "", ""},
		{"machine h login u password p2 extra", "", "line 1"},
		{"\n\nmachine h login u password correct horse battery", "", "line 3"},
		{"machine h login u password p \"q\"", "", "line 1"},
		{"machine x login u password a b\nmachine h login u password p", "p", ""},
		{"machine h password x", "", ""},
		{"machine h login U password x", "", ""},
		{"machine h login u", "", ""},
		{"machine h login u password", "", ""},
		{"machine hh login u password x", "", ""},
		{"machine login u password x", "", ""},
		{`"machine" h login u password x`, "", ""},
		{"macdef init\nmachine h login u password x\n", "", ""},
		{"machine h macdef login u password x", "", ""},
	} {
		s, err := lookUp(test.text, "h", "u")
		if s.Reveal() != test.want || (err != nil) != (test.fault != "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%q\ngot  %q, %v\nwant %q %s", test.text, s.Reveal(), err, test.want, test.fault)
		}
	}
}

// FuzzNetrc: any text is read to its end, and what is wrong with it does not
// show what is in it.
func FuzzNetrc(f *testing.F) {
	f.Add("machine h login u password p")
	f.Add("machine h login u password \"p\\\" # \nmacdef x\n\n")
	f.Add("macdef\n\n\ndefault login u\\")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := lookUp("machine a login b password Zq7word "+text, "h", "u")
		if !s.IsZero() && !strings.Contains(text, "h") {
			t.Errorf("%q: a password for a host that is not there", text)
		}
		if err != nil && (strings.Contains(err.Error(), "Zq7") || len(err.Error()) > 200) {
			t.Errorf("%q: %v", text, err)
		}
		mine, err := lookUp("machine h login u password Zq7word\nmachine a "+text, "h", "u")
		if err != nil || mine.Reveal() != "Zq7word" {
			t.Errorf("%q: got %q, %v", text, mine.Reveal(), err)
		}
	})
}
