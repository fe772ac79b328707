package discover_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/discover"
)

func TestSRVRecords(t *testing.T) {
	z := zone{srv: map[string][]*net.SRV{
		// In the order that net.Resolver made of priority and weight.
		"pop3 example.org":  {{Target: "b.example.org.", Port: 110}},
		"pop3s example.org": {{Target: "A.example.org.", Port: 995, Priority: 1}, {Target: "a2.example.org.", Port: 1995, Priority: 2}},
	}}
	find(t, "ann@example.org", discover.Options{Resolver: z},
		"a.example.org:995 implicit user=ann@example.org auth=auto oauth= from SRV record _pop3s._tcp.example.org",
		"a2.example.org:1995 implicit user=ann@example.org auth=auto oauth= from SRV record _pop3s._tcp.example.org",
		"b.example.org:110 starttls user=ann@example.org auth=auto oauth= from SRV record _pop3._tcp.example.org")
}

func TestSRVTargetDotIsNoService(t *testing.T) {
	z := zone{
		srv: map[string][]*net.SRV{
			"pop3 example.org":  {{Target: "."}},
			"pop3s example.org": {{Target: "pop.example.org.", Port: 995}},
			"pop3 example.net":  {{Target: "."}},
			"pop3s example.net": {{Target: "."}},
		},
		mx:   map[string][]string{"example.net": {"aspmx.l.google.com."}},
		host: []string{"pop.example.net", "mail.example.net"},
	}
	find(t, "ann@example.org", discover.Options{Resolver: z},
		"pop.example.org:995 implicit user=ann@example.org auth=auto oauth= from SRV record _pop3s._tcp.example.org")
	_, err := discover.Find(t.Context(), "ann@example.net", discover.Options{Resolver: z})
	var none *discover.NoPOP3Error
	if want := "domain example.net: its SRV records say that it has no POP3"; !errors.As(err, &none) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSRVTargetElsewhereIsSaid(t *testing.T) {
	z := zone{srv: map[string][]*net.SRV{"pop3s example.org": {
		{Target: "mail.example.net.", Port: 995},
		{Target: "mail.notexample.org.", Port: 995},
		{Target: "mail.example.org.", Port: 995},
		{Target: "outlook.office365.com.", Port: 995},
	}}}
	got, err := discover.Find(t.Context(), "ann@example.org", discover.Options{Resolver: z})
	if err != nil || len(got) != 4 {
		t.Fatalf("got %v, %v, want four candidates", got, err)
	}
	for i, outside := range []bool{true, true, false, false} {
		if said := strings.Contains(strings.Join(got[i].Advice, " "), "outside of example.org"); said != outside {
			t.Errorf("%s: got advice %q, want that it is outside: %v", got[i].Host, got[i].Advice, outside)
		}
	}
	// A known server is known under a foreign record, too.
	if got[3].Auth != "xoauth2" || got[3].OAuth != "microsoft" || len(got[3].Advice) == 0 {
		t.Errorf("got %+v, want what is known about Outlook", got[3])
	}
}

func TestSRVNonsenseIsDropped(t *testing.T) {
	z := zone{srv: map[string][]*net.SRV{"pop3s example.org": {
		{Target: "localhost.", Port: 995},
		{Target: "127.0.0.1", Port: 995},
		{Target: "pop example.org", Port: 995},
		{Target: "pop\r\n.example.org", Port: 995},
		{Target: "pop.example.org", Port: 0},
		{Target: strings.Repeat("a", 64) + ".example.org", Port: 995},
	}}}
	got, err := discover.Find(t.Context(), "ann@example.org", discover.Options{Resolver: z})
	var missing *discover.NotFoundError
	if !errors.As(err, &missing) {
		t.Errorf("got %v, %v, want nothing", lines(got), err)
	}
}

func TestMXOfKnownProviders(t *testing.T) {
	for exchanger, want := range map[string]string{
		"ASPMX.L.google.com.":                       "pop.gmail.com:995 implicit user=ann@example.org auth=auto oauth=google from MX record aspmx.l.google.com (Gmail)",
		"example-org.mail.protection.outlook.com.":  "outlook.office365.com:995 implicit user=ann@example.org auth=xoauth2 oauth=microsoft from MX record example-org.mail.protection.outlook.com (Outlook)",
		"example-org.a-v1.mx.microsoft.":            "outlook.office365.com:995 implicit user=ann@example.org auth=xoauth2 oauth=microsoft from MX record example-org.a-v1.mx.microsoft (Outlook)",
		"mx00.ionos.de.":                            "pop.ionos.de:995 implicit user=ann@example.org auth=auto oauth= from MX record mx00.ionos.de (IONOS)",
		"in1-smtp.messagingengine.com.":             "pop.fastmail.com:995 implicit user=ann@example.org auth=auto oauth= from MX record in1-smtp.messagingengine.com (Fastmail)",
		"mx.zoho.eu.":                               "poppro.zoho.eu:995 implicit user=ann@example.org auth=auto oauth= from MX record mx.zoho.eu (Zoho Mail)",
		"smtpin.rzone.de.":                          "pop3.strato.de:995 implicit user=ann@example.org auth=auto oauth= from MX record smtpin.rzone.de (STRATO)",
		"mxext1.mailbox.org.":                       "pop3.mailbox.org:995 implicit user=ann@example.org auth=auto oauth= from MX record mxext1.mailbox.org (mailbox.org)",
		"mail.protection.outlook.com.evil.example.": "mail.example.org:995 implicit user=ann@example.org auth=auto oauth= from guess",
		"evilgoogle.com.":                           "mail.example.org:995 implicit user=ann@example.org auth=auto oauth= from guess",
	} {
		z := zone{mx: map[string][]string{"example.org": {exchanger}}, host: []string{"mail.example.org"}}
		find(t, "ann@example.org", discover.Options{Resolver: z}, want)
	}
}

func TestGuessesAreCalledGuesses(t *testing.T) {
	z := zone{host: []string{"mail.example.org", "pop.example.org"}}
	got := find(t, "ann@example.org", discover.Options{Resolver: z},
		"pop.example.org:995 implicit user=ann@example.org auth=auto oauth= from guess",
		"mail.example.org:995 implicit user=ann@example.org auth=auto oauth= from guess")
	for _, c := range got {
		if !strings.Contains(strings.Join(c.Advice, " "), "guess") {
			t.Errorf("%s: got advice %q, want that it is a guess", c.Host, c.Advice)
		}
	}
}
