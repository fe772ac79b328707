package discover_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/discover"
)

// file is an autoconfig file around servers.
func file(servers string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1"><emailProvider id="example.org"><domain>example.org</domain>` +
		servers + `</emailProvider></clientConfig>`
}

// pop3 is a server of an autoconfig file.
func pop3(host, port, socket, more string) string {
	return fmt.Sprintf(`<incomingServer type="pop3"><hostname>%s</hostname><port>%s</port><socketType>%s</socketType>%s</incomingServer>`, host, port, socket, more)
}

// canned answers every request with one text.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(c))), Request: r}, nil
}

// withFile are options with which every domain has that autoconfig file.
func withFile(text string) discover.Options {
	return discover.Options{HTTP: &http.Client{Transport: canned(text)}}
}

const source = " from autoconfig file https://autoconfig.example.org/mail/config-v1.1.xml"

func TestAutoconfigFile(t *testing.T) {
	const password = "<authentication>password-cleartext</authentication>"
	text := file(`<incomingServer type="imap"><hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer>` +
		pop3("pop.%EMAILDOMAIN%", "995", "SSL", "<username>%EMAILADDRESS%</username>"+password) +
		pop3("pop.example.org", "110", "STARTTLS", "<username>%EMAILLOCALPART%</username>"+password) +
		pop3("clear.example.org", "110", "plain", "<username>%EMAILADDRESS%</username>"+password) +
		pop3("unsaid.example.org", "110", "", password) +
		pop3("other.example.org", " 995 ", " ssl ", "<username>%NOBODY%</username><authentication>OAuth2</authentication>"+password) +
		pop3("oauth.example.org", "995", "SSL", "<authentication>OAuth2</authentication>") +
		pop3("cert.example.org", "995", "SSL", "<authentication>TLS-client-cert</authentication>") +
		pop3("kerberos.example.org", "995", "SSL", "<authentication>GSSAPI</authentication>") +
		pop3("127.0.0.1", "995", "SSL", password) + pop3("localhost", "995", "SSL", password) + pop3("high.example.org", "65536", "SSL", password))
	find(t, "ann@example.org", withFile(text),
		"pop.example.org:995 implicit user=ann@example.org auth=auto oauth="+source,
		"pop.example.org:110 starttls user=ann auth=auto oauth="+source,
		"other.example.org:995 implicit user=ann@example.org auth=auto oauth="+source,
		"oauth.example.org:995 implicit user=ann@example.org auth=xoauth2 oauth="+source,
		"cert.example.org:995 implicit user=ann@example.org auth=external oauth="+source)
}

func TestAutoconfigOAuthIssuer(t *testing.T) {
	server := pop3("pop.example.org", "995", "SSL", "<authentication>OAuth2</authentication>")
	for issuer, want := range map[string]string{"accounts.google.com": "google", "login.microsoftonline.com": "microsoft", "login.example.org": ""} {
		oauth := "<oAuth2><issuer>" + issuer + "</issuer></oAuth2>"
		for _, text := range []string{file(server + oauth), strings.Replace(file(server), "</clientConfig>", oauth+"</clientConfig>", 1)} {
			find(t, "ann@example.org", withFile(text), "pop.example.org:995 implicit user=ann@example.org auth=xoauth2 oauth="+want+source)
		}
	}
}

func TestAutoconfigThatIsNone(t *testing.T) {
	server := pop3("pop.example.org", "995", "SSL", "")
	for name, text := range map[string]string{
		"nothing":      "",
		"a page":       "<!DOCTYPE html><html><body>Welcome<br></body></html>",
		"broken":       file(server)[:150],
		"an entity":    strings.Replace(`<!DOCTYPE x [<!ENTITY h "pop.example.org">]>`+file(pop3("&h;", "995", "SSL", "")), "?><", "?>\n<", 1),
		"too large":    file(strings.Repeat(" ", 300<<10) + server),
		"another root": strings.ReplaceAll(file(server), "clientConfig", "clientConfigs"),
	} {
		got, err := discover.Find(t.Context(), "ann@example.org", withFile(text))
		var missing *discover.NotFoundError
		if !errors.As(err, &missing) {
			t.Errorf("%s: got %s, %v, want nothing", name, lines(got), err)
		}
	}
}

func TestAutoconfigIsAskedOverHTTPSOnly(t *testing.T) {
	clear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Error("asked in the clear:", r.URL) }))
	t.Cleanup(clear.Close)
	var asked []string
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		http.Redirect(w, r, clear.URL, http.StatusFound)
	}))
	t.Cleanup(secure.Close)
	for _, link := range []string{clear.URL, secure.URL + "/x"} {
		o := discover.Options{HTTP: secure.Client(), Base: func(string) []string { return []string{link} }}
		if _, err := discover.Find(t.Context(), "a&b+c@example.org", o); err == nil || !strings.Contains(err.Error(), "not an https address") {
			t.Errorf("%s: got %v, want that it is not https", link, err)
		}
	}
	if want := []string{"/x?emailaddress=a%26b%2Bc%40example.org"}; !slices.Equal(asked, want) {
		t.Errorf("got asked %q, want %q", asked, want)
	}
}

func TestAutoconfigSecondURL(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/second":
			http.Redirect(w, r, "/moved", http.StatusFound)
		case "/moved":
			_, _ = fmt.Fprint(w, file(pop3("pop.example.org", "995", "SSL", "")))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	base := func(paths ...string) discover.Options {
		return discover.Options{HTTP: server.Client(), Base: func(string) (list []string) {
			for _, path := range paths {
				list = append(list, server.URL+path)
			}
			return list
		}}
	}
	find(t, "ann@example.org", base("/first", "/second"),
		"pop.example.org:995 implicit user=ann@example.org auth=auto oauth= from autoconfig file "+server.URL+"/second")
	if _, err := discover.Find(t.Context(), "ann@example.org", base("/loop")); err == nil || !strings.Contains(err.Error(), "too many redirects") {
		t.Errorf("got %v, want too many redirects", err)
	}
}

// FuzzAutoconfig: whatever a file says, what comes of it has TLS, a host that
// a certificate can have, and nothing that could leave its line.
func FuzzAutoconfig(f *testing.F) {
	f.Add(file(pop3("pop.example.org", "995", "SSL", "<username>%EMAILADDRESS%</username>")))
	f.Add(file(pop3("%EMAILLOCALPART%.example.org", "110", "STARTTLS", "<username>&#13;&#10;DELE 1</username>")))
	f.Add(file(pop3("pop.example.org", "110", "plain", "")))
	f.Fuzz(func(t *testing.T, text string) {
		got, err := discover.Find(t.Context(), "ann@example.org", withFile(text))
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("got %v, %v", got, err)
		}
		for _, c := range got {
			if c.TLS != discover.Implicit && c.TLS != discover.StartTLS {
				t.Errorf("got TLS %q", c.TLS)
			}
			if c.Host == "" || strings.Trim(c.Host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" || !strings.Contains(c.Host, ".") {
				t.Errorf("got host %q", c.Host)
			}
			if c.Port < 1 || c.Port > 65535 || c.User == "" || strings.ContainsAny(c.User, "\r\n\x00") {
				t.Errorf("got port %d, user %q", c.Port, c.User)
			}
		}
	})
}
