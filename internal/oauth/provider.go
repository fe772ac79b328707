package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/popherd/popherd/internal/secret"
)

// A Provider gives tokens to a registered client.
type Provider struct {
	Name         string // for people
	ClientID     string
	ClientSecret secret.Secret // zero for public clients
	DeviceURL    string        // "" if there is no device flow, or none for mail
	AuthURL      string        // "" if there is no browser flow; may have a query of its own
	TokenURL     string
	Scopes       []string
	Loopback     string // host of the redirect in the browser flow; "" is "127.0.0.1"
}

// Preset returns a provider that is known by name, without a client: "google"
// or "microsoft". Client IDs are the users' own.
func Preset(name string) (Provider, bool) {
	switch name {
	case "google":
		return Provider{
			Name: name,
			// No DeviceURL: Google refuses the scope for mail in the device flow.
			// offline and consent: else a second login gets no refresh token.
			AuthURL:  "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
			TokenURL: "https://oauth2.googleapis.com/token",
			Scopes:   []string{"https://mail.google.com/"},
		}, true
	case "microsoft":
		const common = "https://login.microsoftonline.com/common/oauth2/v2.0/"
		return Provider{
			Name:      name,
			DeviceURL: common + "devicecode",
			AuthURL:   common + "authorize",
			TokenURL:  common + "token",
			Scopes:    []string{"https://outlook.office.com/POP.AccessAsUser.All", "offline_access"},
			Loopback:  "localhost", // of 127.0.0.1 Microsoft does not ignore the port
		}, true
	}
	return Provider{}, false
}

var (
	errNoClient   = errors.New("no client id is configured")
	errNoEndpoint = errors.New("the provider has no such endpoint")
)

// check refuses a provider to which nothing may be sent. The endpoint is the
// one to be used beside TokenURL, or "".
func (p Provider) check(endpoint string) error {
	if p.ClientID == "" {
		return errNoClient
	}
	for _, text := range []string{p.TokenURL, endpoint} {
		if err := checkURL(text); err != nil {
			return err
		}
	}
	return nil
}

// checkURL wants https, save on this machine. It does not repeat the URL, which
// may hold a password.
func checkURL(text string) error {
	if text == "" {
		return errNoEndpoint
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.User != nil, u.Fragment != "":
		return errors.New("an endpoint is not a plain https URL")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("endpoint at %q is not https: everybody on the way would read the tokens", u.Host)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
