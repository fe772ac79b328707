package secret

import (
	"errors"
	"fmt"
	"log/slog"
	"unique"
)

// A Secret is a password, a token or a key. No way of formatting shows it, and
// no encoder takes it: only Reveal gives it out, which is easy to search for.
// The zero value is no secret. Two Secrets are == if they hold the same text.
type Secret struct {
	// Not a string: fmt goes behind Format and String where a Secret is in an
	// unexported field, and for the verb %p. There it now finds an address.
	text unique.Handle[string]
}

// New makes a Secret; of "", the zero value.
func New(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the secret itself, for the wire and for nothing else.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.text.Value()
}

// IsZero reports whether there is none.
func (s Secret) IsZero() bool { return s == Secret{} }

// hidden stands where a secret stood.
const hidden = "***"

// String implements fmt.Stringer: three asterisks, or nothing for none.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// Format implements fmt.Formatter, so that no verb reaches the text.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

var errEncoded = errors.New("a secret cannot be encoded")

// MarshalText implements encoding.TextMarshaler by refusing: what is encoded
// is on its way to a file or another process.
func (s Secret) MarshalText() ([]byte, error) { return nil, errEncoded }
