package deliver_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
)

func TestParse(t *testing.T) {
	for spec, want := range map[string]deliver.Spec{
		"maildir:Mail/in":                             {Kind: deliver.Maildir, Path: filepath.FromSlash("Mail/in")},
		"mbox:/var/mail/ann":                          {Kind: deliver.Mbox, Path: filepath.FromSlash("/var/mail/ann")},
		"eml:a:b":                                     {Kind: deliver.EML, Path: "a:b"},
		"smtp://mx.example/?rcpt=a@b":                 {Kind: deliver.SMTP, Host: "mx.example", Port: "587", StartTLS: true},
		"smtp://127.0.0.1:25?rcpt=a@b":                {Kind: deliver.SMTP, Host: "127.0.0.1", Port: "25"},
		"smtp://[::1]:25?rcpt=a@b":                    {Kind: deliver.SMTP, Host: "::1", Port: "25"},
		"smtps://ann@mx/?rcpt=a@b":                    {Kind: deliver.SMTPS, Host: "mx", Port: "465", User: "ann"},
		"lmtp://localhost:24/?rcpt=a@b":               {Kind: deliver.LMTP, Host: "localhost", Port: "24"},
		"lmtp:unix:/run/lmtp?rcpt=a@b":                {Kind: deliver.LMTP, Path: filepath.FromSlash("/run/lmtp")},
		"smtp://mx/?rcpt=a@b&from=c%2Bd@e":            {Kind: deliver.SMTP, Host: "mx", Port: "587", StartTLS: true, From: "c+d@e"},
		"smtp://mx/?rcpt=a@b&insecure-plain-text=yes": {Kind: deliver.SMTP, Host: "mx", Port: "587", Plain: true},
	} {
		got, err := deliver.Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		if got.Kind != want.Kind || got.Path != want.Path || got.Host != want.Host || got.Port != want.Port || got.User != want.User ||
			got.From != want.From || got.StartTLS != want.StartTLS || got.Plain != want.Plain || got.String() != spec {
			t.Errorf("%s: got %+v, want %+v", spec, got, want)
		}
	}
	if got, err := deliver.Parse(`pipe:["/bin/x", "a b"]`); err != nil || strings.Join(got.Command, "|") != "/bin/x|a b" {
		t.Errorf("got %v, %v", got.Command, err)
	}
}

func TestParseNamesWhatIsWrong(t *testing.T) {
	for spec, words := range map[string]string{
		"":                                   "kind is not known",
		"/var/mail/ann":                      `write "maildir:DIR"`,
		"imap://h/":                          "kind is not known",
		"maildir:":                           "no path",
		"mbox:a\x00b":                        "NUL",
		"maildir:~/Mail":                     "$HOME",
		"smtp://ann:hush@mx/?rcpt=a@b":       "password",
		"smtp://mx/":                         "no recipient",
		"smtp:///?rcpt=a@b":                  "no host",
		"smtp://mx:0/?rcpt=a@b":              "port",
		"smtp://mx:x/?rcpt=a@b":              "not a URL",
		"smtp://mx/path?rcpt=a@b":            "nothing but",
		"smtp://mx/?rcpt=a@b&rcpt=a@b":       "twice",
		"smtp://mx/?rcpt=a@b&tls=no":         `"tls" is not known`,
		"smtp://mx/?rcpt=a":                  "not an address",
		"smtp://mx/?rcpt=%3Ca@b%3E":          "not an address",
		"smtp://mx/?rcpt=a@b%0d%0aDATA":      "not an address",
		"smtp://mx/?rcpt=a@b%20SIZE=1":       "not an address",
		"smtp://mx/?rcpt=a@b&from=%22a%22@b": "not an address",
		"smtp://mx/?rcpt=a@b&from=a@b%c2%85": "not an address",
		"smtp://a%0ab@mx/?rcpt=a@b":          "control",
		"lmtp://mx/?rcpt=a@b":                "no port",
		"lmtp://mx:24/?rcpt=a@b":             "without TLS",
		"lmtp:unix:?rcpt=a":                  "no path",
		"lmtp:unix:/x":                       "no recipient",
		"pipe:cat":                           "no shell",
		"pipe:[]":                            "list of texts",
		`pipe:["cat"]`:                       `"/usr/bin/cat"`,
		`pipe:["/bin/cat", "a\u0000"]`:       "NUL",
		"smtps://mx/?" + strings.Repeat("rcpt=a@b&", 101): "more than 100",
	} {
		_, err := deliver.Parse(spec)
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got error %v, want %q", spec, err, words)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, spec := range []string{"maildir:a", "smtp://a@b:1/?rcpt=a@b&from=c@d", "lmtp:unix:/a?rcpt=b", `pipe:["/a"]`, "smtps://[::1]/?rcpt=a@[IPv6:::1]"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		s, err := deliver.Parse(spec)
		if err != nil {
			return
		}
		for _, address := range append(s.Recipients, s.From) {
			if strings.ContainsAny(address, "\r\n\x00 <>\t") {
				t.Errorf("address %q would steer a server", address)
			}
		}
	})
}
