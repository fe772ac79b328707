package oauth

import (
	"errors"
	"strings"
)

// An Error says why there is no token for an account. It never repeats what a
// provider wrote, which may hold the very secrets it was asked with: of its
// text, only the codes of the RFCs and Microsoft's numbers are taken over.
type Error struct {
	Account string
	Code    string // of RFC 6749 section 5.2 or 4.1.2.1, or RFC 8628 section 3.5; "" for none
	Reason  string // for people; "" if Err says it all
	Err     error  // the cause, or nil

	advice    string
	temporary bool
}

// Error implements error: "account work: oauth: invalid_grant: ...".
func (e *Error) Error() string {
	parts := []string{"account " + e.Account, "oauth"}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same may work later.
func (e *Error) Temporary() bool { return e.temporary || codes[e.Code].temporary }

// Hint says what to do, or "".
func (e *Error) Hint() string {
	advice := e.advice
	if advice == "" {
		advice = codes[e.Code].advice
	}
	switch {
	case errors.Is(e.Err, ErrNoToken):
		advice = adviceLogin
	case errors.Is(e.Err, errNoClient):
		advice = adviceClient
	case errors.Is(e.Err, errNoRefresh):
		advice = "ask for the scope that gives one, often offline_access"
	}
	return strings.ReplaceAll(advice, "NAME", e.Account)
}

const (
	adviceLogin  = "log in: popherd accounts login NAME"
	adviceClient = "see client_id and client_secret in the oauth table of accounts.NAME"
)

// code is an error code that is known, and what it means.
type code struct {
	reason, advice string
	temporary      bool
}

// codes are those of RFC 6749 and RFC 8628; all others are treated as unknown.
var codes = map[string]code{
	"access_denied":             {reason: "the login was refused"},
	"authorization_pending":     {reason: "nobody has entered the code yet", advice: adviceLogin},
	"expired_token":             {reason: "nobody entered the code in time", advice: adviceLogin},
	"interaction_required":      {reason: "the provider wants to see a person", advice: adviceLogin}, // Microsoft's
	"invalid_client":            {reason: "the provider does not know the client, or its secret", advice: adviceClient},
	"invalid_grant":             {reason: "the provider does not accept the login any more", advice: adviceLogin},
	"invalid_request":           {reason: "the provider does not understand the request"},
	"invalid_scope":             {reason: "the provider does not know a scope", advice: "see scopes in the oauth table of accounts.NAME"},
	"server_error":              {reason: "the provider has a fault", temporary: true},
	"slow_down":                 {reason: "the provider was asked too often", temporary: true},
	"temporarily_unavailable":   {reason: "the provider is busy", temporary: true},
	"unauthorized_client":       {reason: "the provider does not permit this to the client", advice: adviceClient},
	"unsupported_grant_type":    {reason: "the provider does not have this way to log in"},
	"unsupported_response_type": {reason: "the provider does not have this way to log in"},
}

// wrap makes an *Error of what went wrong with an account.
func (t *Tokens) wrap(account string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Err: err, temporary: errors.Is(err, errHeld)}
	}
	e.Account = account
	return e
}
