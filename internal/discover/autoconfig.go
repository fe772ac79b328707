package discover

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Limits of autoconfig files; real ones have a few KiB and up to four POP3
// servers.
const (
	maxFile      = 256 << 10
	maxServers   = 8
	maxRedirects = 3
)

// errNotHTTPS keeps the address, and what comes of it, from being read or
// changed on the way.
var errNotHTTPS = errors.New("not an https address")

// autoconfigURLs are where a domain has its file, by Thunderbird's rules. The
// central database that Thunderbird asks after these is not asked.
func autoconfigURLs(domain string) []string {
	return []string{
		"https://autoconfig." + domain + "/mail/config-v1.1.xml",
		"https://" + domain + "/.well-known/autoconfig/mail/config-v1.1.xml",
	}
}

// askAutoconfig asks all URLs at once, and takes the best one that answers.
func askAutoconfig(ctx context.Context, a address, o Options) answer {
	if o.HTTP == nil {
		return answer{}
	}
	base := o.Base
	if base == nil {
		base = autoconfigURLs
	}
	client := httpsOnly(o.HTTP)
	var pending []<-chan answer
	for _, link := range base(a.domain) {
		pending = append(pending, begin(ctx, func(ctx context.Context) answer { return a.fromURL(ctx, client, link) }))
	}
	var failed answer
	for _, p := range pending {
		select {
		case got := <-p:
			if len(got.candidates) > 0 {
				return got
			}
			if failed.err == nil {
				failed.err = got.err
			}
		case <-ctx.Done():
			return answer{err: ctx.Err()}
		}
	}
	return failed
}

// httpsOnly returns a copy of a client that keeps no cookies and leaves https
// for no redirect.
func httpsOnly(client *http.Client) *http.Client {
	c := *client
	c.Jar = nil
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Scheme != "https" {
			return errNotHTTPS
		}
		if len(via) > maxRedirects {
			return errors.New("too many redirects")
		}
		return nil
	}
	return &c
}

// fromURL reads one file. That there is none, mostly because there is no such
// host, is no error.
func (a address) fromURL(ctx context.Context, client *http.Client, link string) answer {
	text, err := get(ctx, client, link+"?"+url.Values{"emailaddress": {a.String()}}.Encode())
	if err != nil {
		if absent(err) {
			err = nil
		}
		return answer{err: err}
	}
	candidates, err := a.fromXML(text)
	if err != nil {
		return answer{err: fmt.Errorf("read %s: %w", link, err)}
	}
	for i := range candidates {
		candidates[i].Source = "autoconfig file " + link
	}
	return answer{candidates: candidates}
}

// get returns a file's octets, none if the server says that it has none.
func get(ctx context.Context, client *http.Client, link string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	if request.URL.Scheme != "https" {
		return nil, errNotHTTPS
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxFile+1))
	if len(text) > maxFile {
		return nil, errors.New("autoconfig file is larger than 256 KiB")
	}
	return text, err
}

// clientConfig is the part of an autoconfig file that is about POP3.
type clientConfig struct {
	XMLName   xml.Name      `xml:"clientConfig"`
	Incoming  []incoming    `xml:"emailProvider>incomingServer"`
	OAuth2    []oauthIssuer `xml:"oAuth2"`
	OAuth2Old []oauthIssuer `xml:"emailProvider>oAuth2"`
}

type incoming struct {
	Type           string   `xml:"type,attr"`
	Hostname       string   `xml:"hostname"`
	Port           int      `xml:"port"`
	SocketType     string   `xml:"socketType"`
	Username       string   `xml:"username"`
	Authentication []string `xml:"authentication"`
}

type oauthIssuer struct {
	Issuer string `xml:"issuer"`
}

// fromXML reads an autoconfig file. Entities other than XML's own five, which
// could make a small file large, are an error; so is any encoding but UTF-8. A
// file without a server that can be used is none.
func (a address) fromXML(text []byte) (list []Candidate, err error) {
	if len(bytes.TrimSpace(text)) == 0 || !bytes.Contains(text, []byte("<clientConfig")) {
		return nil, nil // many servers answer with a page for people
	}
	var file clientConfig
	if err := xml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	preset := issuer(append(file.OAuth2, file.OAuth2Old...))
	for _, server := range file.Incoming {
		if c, ok := a.fromServer(server, preset); ok && len(list) < maxServers {
			list = append(list, c)
		}
	}
	return list, nil
}

// fromServer makes a candidate of a server that has POP3 with TLS.
func (a address) fromServer(s incoming, preset string) (Candidate, bool) {
	host, ok := hostname(a.fill(s.Hostname))
	if !ok || !strings.EqualFold(s.Type, "pop3") || s.Port < 1 || s.Port > 65535 {
		return Candidate{}, false
	}
	c := Candidate{Host: host, Port: s.Port, User: a.fill(s.Username)}
	switch strings.ToUpper(strings.TrimSpace(s.SocketType)) {
	case "SSL", "TLS":
		c.TLS = Implicit
	case "STARTTLS":
		c.TLS = StartTLS
	default: // "plain", or nothing
		return Candidate{}, false
	}
	if c.User == "" || len(c.User) > 254 || strings.ContainsFunc(c.User, unicode.IsControl) || strings.Contains(c.User, "%") {
		c.User = a.String()
	}
	c.Auth, c.OAuth, ok = method(s.Authentication, preset)
	if c.Auth == "xoauth2" && c.OAuth == "" {
		c.Advice = []string{"OAuth2 only, of a provider that popherd has no preset for: its addresses have to be configured."}
	}
	return c, ok
}

// fill replaces the placeholders of the format.
func (a address) fill(text string) string {
	return strings.NewReplacer("%EMAILADDRESS%", a.String(), "%EMAILLOCALPART%", a.local, "%EMAILDOMAIN%", a.domain).Replace(strings.TrimSpace(text))
}

// method returns what to log in with, of the ways a server takes: a password if
// it takes one. The ways that popherd does not have, such as GSSAPI, leave none.
func method(ways []string, preset string) (auth, oauth string, ok bool) {
	takes := func(want string) bool {
		return slices.ContainsFunc(ways, func(way string) bool { return strings.EqualFold(strings.TrimSpace(way), want) })
	}
	if !takes("OAuth2") {
		preset = ""
	}
	switch {
	case len(ways) == 0, takes("password-cleartext"), takes("password-encrypted"), takes("plain"), takes("secure"):
		return "auto", preset, true
	case takes("OAuth2"):
		return "xoauth2", preset, true
	case takes("TLS-client-cert"):
		return "external", "", true
	}
	return "", "", false
}

// issuer returns the preset of a file's OAuth2 issuer, empty for one that has
// none.
func issuer(list []oauthIssuer) string {
	for _, i := range list {
		switch strings.TrimSpace(i.Issuer) {
		case "accounts.google.com":
			return "google"
		case "login.microsoftonline.com":
			return "microsoft"
		}
	}
	return ""
}
