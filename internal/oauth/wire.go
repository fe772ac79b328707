package oauth

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/popherd/popherd/internal/secret"
)

// Limits of an answer.
const (
	answerLimit = 30 * time.Second
	answerSize  = 1 << 20
	tokenSize   = 16 << 10 // of one token, in octets
)

// grant asks the token endpoint once. The error is an *Error.
//
// Of the library, clientcredentials alone sends one request of any grant type
// with just the parameters it is given. The client authenticates by parameters,
// never by trial: a trial would send a refresh token twice.
func (t *Tokens) grant(ctx context.Context, params url.Values) (Record, error) {
	if err := t.Provider.check(t.Provider.TokenURL); err != nil {
		return Record{}, &Error{Err: err}
	}
	c := clientcredentials.Config{
		ClientID: t.Provider.ClientID, ClientSecret: t.Provider.ClientSecret.Reveal(), TokenURL: t.Provider.TokenURL,
		EndpointParams: params, AuthStyle: oauth2.AuthStyleInParams,
	}
	ctx, cancel := t.with(ctx)
	defer cancel()
	asked := t.now() // the token's life may begin before the answer is here
	tok, err := c.Token(ctx)
	if err != nil {
		return Record{}, refusal(err)
	}
	return t.record(tok, asked)
}

// record judges an answer. What goes into a command of a mail server must not
// be able to end it.
func (t *Tokens) record(tok *oauth2.Token, asked time.Time) (Record, error) {
	if !isToken(tok.AccessToken) || tok.RefreshToken != "" && !isToken(tok.RefreshToken) {
		return Record{}, &Error{Reason: "the provider's answer holds what is no token"}
	}
	if !strings.EqualFold(tok.Type(), "Bearer") {
		return Record{}, &Error{Reason: "the provider gives tokens of another type than Bearer"}
	}
	r := Record{
		TokenURL: t.Provider.TokenURL, ClientID: t.Provider.ClientID,
		Access: secret.New(tok.AccessToken), Refresh: secret.New(tok.RefreshToken),
		Obtained: asked,
	}
	if !tok.Expiry.IsZero() {
		r.Expiry = asked.Add(time.Until(tok.Expiry).Round(time.Second))
	}
	return r, nil
}

// isToken holds a token against RFC 6749 appendix A.12, without the space.
func isToken(s string) bool {
	return s != "" && len(s) <= tokenSize && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// numbered is how Microsoft numbers its errors, in their text.
var numbered = regexp.MustCompile(`^AADSTS[0-9]{4,8}\b`)

// refusal makes an *Error of the library's, whose text is the provider's.
func refusal(err error) *Error {
	if e, ok := errors.AsType[*wireError](err); ok {
		return &Error{Reason: "the exchange with the provider failed", Err: e.err, temporary: true}
	}
	e, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return &Error{Reason: "the provider's answer is none of OAuth's"}
	}
	if known, ok := codes[e.ErrorCode]; ok {
		reason := known.reason
		if number := numbered.FindString(e.ErrorDescription); number != "" {
			reason += " (" + number + ")"
		}
		return &Error{Code: e.ErrorCode, Reason: reason}
	}
	status := e.Response.StatusCode
	return &Error{
		Reason:    strings.TrimSpace(fmt.Sprintf("the provider answered %d %s", status, http.StatusText(status))),
		temporary: status == http.StatusTooManyRequests || status >= 500,
	}
}

// with returns a context for one exchange, under which the library uses our
// client.
func (t *Tokens) with(ctx context.Context) (context.Context, context.CancelFunc) {
	client := http.Client{}
	if t.HTTP != nil {
		client = *t.HTTP
	}
	if client.Transport == nil {
		client.Transport = &http.Transport{
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
			DisableKeepAlives: true, // nobody would close what is idle
		}
	}
	limit := answerLimit
	if client.Timeout > 0 {
		limit = min(limit, client.Timeout)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	client.Transport = &carrier{ctx, client.Transport}
	// A redirect would carry the refresh token with it.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return context.WithValue(ctx, oauth2.HTTPClient, &client), cancel
}

// carrier makes up for what the library leaves out: its DeviceAuth forgets the
// context, leaves the answer open, and panics on the answer "null".
type carrier struct {
	ctx  context.Context
	next http.RoundTripper
}

// wireError is why there is no answer, without the provider's words.
type wireError struct{ err error }

func (e *wireError) Error() string { return e.err.Error() }
func (e *wireError) Unwrap() error { return e.err }

// RoundTrip implements http.RoundTripper.
func (c *carrier) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent atomic.Bool
	ctx := httptrace.WithClientTrace(c.ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	resp, err := c.next.RoundTrip(req.WithContext(ctx))
	if err == nil {
		err = readWhole(resp)
	}
	switch {
	case err == nil:
		return resp, nil
	case c.ctx.Err() != nil:
		err = c.ctx.Err()
	case sent.Load():
		err = wordless(err)
	}
	return nil, &wireError{err}
}

var (
	errTooLong = errors.New("the answer is longer than 1 MiB")
	errNoJSON  = errors.New("the answer is not JSON") // but a page, such as that of a hotel's network
)

// readWhole replaces an answer's body by its content. A refusal may be a page,
// for its status says enough.
func readWhole(resp *http.Response) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerSize+1))
	if err != nil {
		return err
	}
	if len(body) > answerSize {
		return errTooLong
	}
	switch object := bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")); {
	case object:
		resp.Header.Set("Content-Type", "application/json") // some say text/plain
	case resp.StatusCode < 300:
		return errNoJSON
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// wordless keeps those errors that cannot repeat what the other side wrote: for
// one, net/http shows a status line that is none.
func wordless(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	for _, known := range []error{errTooLong, errNoJSON, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New("the answer is not HTTP")
}
