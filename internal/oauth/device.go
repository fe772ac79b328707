package oauth

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Bounds of the device flow. RFC 8628 section 3.2: five seconds unless the
// provider says otherwise.
const (
	interval     = 5 * time.Second
	codeLife     = 15 * time.Minute // if the provider does not say
	maxCodeLife  = time.Hour
	userCodeSize = 64
)

// Device logs in by a code that a person enters at a URL, with any browser, on
// any machine (RFC 8628). show is called once, when there is something to enter;
// both texts are printable. Device returns when the tokens are stored, or with
// an *Error when the person refuses, when the code expires, or when ctx ends.
func (t *Tokens) Device(ctx context.Context, account string, show func(url, code string, expires time.Time)) error {
	return t.wrap(account, t.device(ctx, account, show))
}

func (t *Tokens) device(ctx context.Context, account string, show func(url, code string, expires time.Time)) error {
	if t.Provider.DeviceURL == "" {
		return &Error{Reason: "the provider has no login by code", advice: "log in with a browser"}
	}
	answer, err := t.askDevice(ctx)
	if err != nil {
		return err
	}
	life := codeLife
	if !answer.Expiry.IsZero() {
		life = min(time.Until(answer.Expiry).Round(time.Second), maxCodeLife)
	}
	show(answer.VerificationURI, answer.UserCode, t.now().Add(life))
	wait := interval
	if answer.Interval > 0 {
		wait = time.Duration(min(answer.Interval, int64(maxCodeLife/time.Second))) * time.Second
	}
	r, err := t.poll(ctx, answer.DeviceCode, wait, life)
	if err != nil {
		return err
	}
	return t.keep(ctx, account, r)
}

func (t *Tokens) askDevice(ctx context.Context) (*oauth2.DeviceAuthResponse, error) {
	if err := t.Provider.check(t.Provider.DeviceURL); err != nil {
		return nil, err
	}
	c := oauth2.Config{
		ClientID: t.Provider.ClientID, Scopes: t.Provider.Scopes,
		Endpoint: oauth2.Endpoint{DeviceAuthURL: t.Provider.DeviceURL},
	}
	ctx, cancel := t.with(ctx)
	defer cancel()
	answer, err := c.DeviceAuth(ctx)
	if err != nil {
		return nil, refusal(err)
	}
	if !isToken(answer.DeviceCode) || !isUserCode(answer.UserCode) ||
		!isToken(answer.VerificationURI) || checkURL(answer.VerificationURI) != nil {
		return nil, &Error{Reason: "the provider's answer is no code to enter"}
	}
	return answer, nil
}

// isUserCode wants what a person can read and type, and a terminal show.
func isUserCode(s string) bool {
	return len(s) <= userCodeSize && isToken(strings.ReplaceAll(s, " ", ""))
}

// poll asks until the person has decided, or the code is too old. It counts
// what it has slept, so that a clock which jumps changes nothing.
func (t *Tokens) poll(ctx context.Context, deviceCode string, wait, life time.Duration) (Record, error) {
	params := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {deviceCode}}
	for left := life; left > 0; {
		if err := t.sleep(ctx, min(wait, left)); err != nil {
			return Record{}, err
		}
		left -= wait
		r, err := t.grant(ctx, params)
		e, refused := errors.AsType[*Error](err)
		switch {
		case !refused:
			return r, err
		case ctx.Err() != nil:
			return Record{}, ctx.Err()
		case e.Code == "authorization_pending":
		case e.Code == "slow_down":
			wait += interval // RFC 8628 section 3.5
		case e.Temporary():
			wait *= 2 // the same: "reduce polling frequency", by doubling
		default:
			return Record{}, err
		}
	}
	return Record{}, &Error{Code: "expired_token", Reason: codes["expired_token"].reason}
}

func (t *Tokens) sleep(ctx context.Context, d time.Duration) error {
	if t.Sleep != nil {
		return t.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
