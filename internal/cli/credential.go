package cli

import (
	"encoding/json"

	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/secret"
)

// What a worker logs in with comes from its supervisor, by the pipe between
// them and by nothing else: the worker has neither the environment nor the
// programs to find it.

// credentialQuestion asks for what an account logs in with.
type credentialQuestion struct {
	Account string
	Refused bool // the server refused the last token
}

// credentialAnswer is a login.Credential on its way through the pipe, or why
// there is none.
type credentialAnswer struct {
	User, Password, Token string
	Failure               *credentialError
}

// credentialError is a credential that could not be had.
type credentialError struct{ Message, Advice string }

func (e *credentialError) Error() string { return e.Message }
func (e *credentialError) Hint() string  { return e.Advice }
func (e *credentialError) Kind() string  { return "auth" }

func sealCredential(c login.Credential, err error) ([]byte, error) {
	a := credentialAnswer{User: c.User, Password: c.Password.Reveal(), Token: c.Token.Reveal()}
	if err != nil {
		a = credentialAnswer{Failure: &credentialError{err.Error(), hintOf(err)}}
	}
	return json.Marshal(a)
}

func openCredential(octets []byte) (login.Credential, error) {
	var a credentialAnswer
	if err := json.Unmarshal(octets, &a); err != nil {
		return login.Credential{}, err
	}
	if a.Failure != nil {
		return login.Credential{}, a.Failure
	}
	return login.Credential{User: a.User, Password: secret.New(a.Password), Token: secret.New(a.Token)}, nil
}
