package cli

import (
	"encoding/json"
	"errors"

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
	User, Password, Token []byte // octets: JSON would change what is not UTF-8
	Failure               *credentialError
}

// credentialError is a credential that could not be had.
type credentialError struct{ Message, Advice, Class string }

func (e *credentialError) Error() string { return e.Message }
func (e *credentialError) Hint() string  { return e.Advice }
func (e *credentialError) Kind() string  { return e.Class }

func sealCredential(c login.Credential, err error) ([]byte, error) {
	a := credentialAnswer{User: []byte(c.User), Password: []byte(c.Password.Reveal()), Token: []byte(c.Token.Reveal())}
	if err != nil {
		class := "auth"
		if kinded := (interface{ Kind() string })(nil); errors.As(err, &kinded) {
			class = kinded.Kind()
		}
		a = credentialAnswer{Failure: &credentialError{err.Error(), hintOf(err), class}}
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
	return login.Credential{User: string(a.User), Password: secret.New(string(a.Password)), Token: secret.New(string(a.Token))}, nil
}
