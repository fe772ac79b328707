package deliver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"
)

// refused makes a refusal of a server's reply. What is no reply is a fault of
// the connection, which may pass.
func refused(recipient string, err error) error {
	if err == nil {
		return nil
	}
	var reply *smtp.SMTPError
	temporary := !errors.As(err, &reply) || reply.Temporary()
	return &refusal{temporary: temporary, recipient: recipient, err: err}
}

// unknown marks an error that came between the final dot and the reply.
func unknown(err error) error {
	var reply *smtp.SMTPError
	if err == nil || errors.As(err, &reply) {
		return err
	}
	return &refusal{temporary: true, err: fmt.Errorf("%w: %w", ErrUnknown, err)}
}

// outcome says what became of a message that an LMTP server answers for each
// recipient.
func outcome(recipients, had []string, err error) error {
	if err == nil {
		return nil
	}
	var replies smtp.LMTPDataError
	if !errors.As(err, &replies) {
		return unknown(&refusal{temporary: true, err: err, had: had})
	}
	r := &refusal{had: slices.Clone(had), err: err}
	for _, name := range recipients {
		reply, refused := replies[name]
		switch {
		case !refused:
			r.had = append(r.had, name)
			continue
		case r.recipient == "":
			r.recipient = name
		}
		r.temporary = r.temporary || reply.Temporary()
	}
	return r
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

func ascii(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c >= 0x80 }) < 0
}

// content looks at a message for what SMTP cannot carry as it is. RFC 5321
// section 2.3.8 forbids bare CR and LF; servers differ in what they make of
// them, which has been used to smuggle mail.
type content struct {
	octets int64
	cr     bool // the last octet was CR
	eight  bool // there were octets above 127
}

// see looks at more of the message.
func (c *content) see(p []byte) error {
	for i, octet := range p {
		switch {
		case c.cr != (octet == '\n'):
			if c.cr {
				return c.cannot("bare CR", i-1)
			}
			return c.cannot("bare LF", i)
		case octet == 0:
			return c.cannot("NUL", i)
		}
		c.cr = octet == '\r'
		c.eight = c.eight || octet >= 0x80
	}
	c.octets += int64(len(p))
	return nil
}

// end looks at how the message ends.
func (c *content) end() error {
	if c.cr {
		return c.cannot("bare CR", -1)
	}
	return nil
}

func (c *content) cannot(what string, i int) error {
	return fmt.Errorf("the message has a %s at octet %d: SMTP cannot carry it unchanged", what, c.octets+int64(i))
}
