package discover

import (
	"fmt"
	"strings"
)

// An AddressError is a mail address that is none.
type AddressError struct {
	Address string // as given, perhaps shortened
	Reason  string // "has no @"
}

// Error implements error.
func (e *AddressError) Error() string { return fmt.Sprintf("address %q: %s", e.Address, e.Reason) }

// Hint says what to do.
func (e *AddressError) Hint() string { return "give the whole address, such as user@example.com" }

// A NoPOP3Error is a domain that has no POP3 server, as its provider is known to
// say or its own DNS records do.
type NoPOP3Error struct {
	Domain   string   // ASCII
	Provider string   // "iCloud Mail"; empty if the domain itself says so
	Advice   []string // sentences for people; may be empty
}

// Error implements error.
func (e *NoPOP3Error) Error() string {
	if e.Provider == "" {
		return fmt.Sprintf("domain %s: its SRV records say that it has no POP3", e.Domain)
	}
	return fmt.Sprintf("domain %s: its provider, %s, has no POP3", e.Domain, e.Provider)
}

// Hint says what to do; it is empty if nothing is known.
func (e *NoPOP3Error) Hint() string { return strings.Join(e.Advice, " ") }

// A NotFoundError is a domain whose server nobody knows.
type NotFoundError struct {
	Domain string // ASCII
	Err    error  // why the best source could not be asked; nil if all could
}

// Error implements error.
func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("domain %s: no POP3 server found", e.Domain)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *NotFoundError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *NotFoundError) Hint() string {
	return "ask the provider for the name of its POP3 server, and give that yourself"
}
