package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/emersion/go-smtp"
)

// server hands messages to an SMTP or LMTP server, over one connection, made
// when the first message comes. What the server accepted it has; there is
// nothing to sync.
type server struct {
	spec   Spec
	o      Options
	conn   *conn        // nil if there is none
	client *smtp.Client // over conn
	spool  spool
}

func openServer(spec Spec, o Options) *server {
	s := &server{spec: spec, o: o}
	s.spool = spool{fs: o.FS, most: o.Memory, path: o.temporary}
	return s
}

// temporary names a file in the folder for temporary files.
func (o Options) temporary() (string, error) {
	dir := o.Temp
	if dir == "" {
		dir = os.TempDir()
	}
	nonce, err := random(o.Random, 16)
	return filepath.Join(dir, nonce+".popherd-tmp"), err
}

func (s *server) have(context.Context, string) (bool, error) { return false, nil }

func (s *server) sync(context.Context) error { return nil }

// begin connects, so that no message is retrieved in vain while the server is
// away.
func (s *server) begin(ctx context.Context, e Envelope) (draft, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return &letter{s: s, e: e}, s.spool.reset()
}

// letter is a message in the spool, looked at on its way there.
type letter struct {
	s       *server
	e       Envelope
	content content
}

func (l *letter) Write(p []byte) (int, error) {
	if err := l.content.see(p); err != nil {
		return 0, err
	}
	return l.s.spool.Write(p)
}

func (l *letter) abort() error { return l.s.spool.reset() }

func (l *letter) commit(ctx context.Context) error {
	err := l.content.end()
	if err == nil {
		err = l.s.send(ctx, l)
	}
	return errors.Join(err, l.s.spool.reset())
}

// send sends a message. A connection that turns out to be dead before anything
// of the message was sent is made anew, once: servers close idle ones.
func (s *server) send(ctx context.Context, l *letter) error {
	waited := s.conn != nil && s.conn.used
	for {
		if err := s.connect(ctx); err != nil {
			return err
		}
		stop := s.conn.closeAt(ctx)
		sent, err := s.transact(l)
		stop()
		s.conn.used = true
		alive := !lost(err)
		if !alive || ctx.Err() != nil {
			s.drop()
		}
		if alive || sent || !waited || ctx.Err() != nil {
			return errors.Join(err, canceled(ctx, err))
		}
		waited = false
	}
}

// lost reports whether an error means that the connection is of no more use.
func lost(err error) bool {
	var reply *smtp.SMTPError
	var word *refusal
	if errors.As(err, &reply) {
		return reply.Code == 421 // "closing transmission channel"
	}
	return errors.As(err, &word) // else it was refused on our side
}

// canceled is the reason of an error that came because ctx has ended.
func canceled(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return ctx.Err()
}

// transact sends one message and reports whether any of it was sent.
func (s *server) transact(l *letter) (sent bool, err error) {
	from, options, err := s.options(l)
	if err != nil {
		return false, err
	}
	if err := s.client.Mail(from, options); err != nil {
		return false, refused("", err)
	}
	recipients := s.recipients(l.e.Had)
	for _, r := range recipients {
		// All or none, as far as it lies with us.
		if err := s.client.Rcpt(r, nil); err != nil {
			return false, errors.Join(refused(r, err), s.client.Reset())
		}
	}
	data, err := s.client.Data()
	if err != nil {
		return false, errors.Join(refused("", err), s.client.Reset())
	}
	if _, err := io.Copy(data, s.spool.reader()); err != nil {
		s.drop() // without the final dot the server has nothing
		return true, refused("", err)
	}
	if s.spec.Kind == LMTP {
		_, err = data.CloseWithLMTPResponse()
		return true, outcome(recipients, l.e.Had, err)
	}
	_, err = data.CloseWithResponse()
	return true, unknown(refused("", err))
}

// recipients returns those that do not have the message yet.
func (s *server) recipients(had []string) []string {
	var left []string
	for _, r := range s.spec.Recipients {
		if !contains(had, r) {
			left = append(left, r)
		}
	}
	return left
}

// options returns the sender and the parameters of MAIL, or why this server
// cannot take this message unchanged.
func (s *server) options(l *letter) (from string, o *smtp.MailOptions, err error) {
	o = &smtp.MailOptions{Size: s.spool.size}
	utf8, _ := s.client.Extension("SMTPUTF8")
	from = s.spec.From
	if from == "" && isAddress(l.e.Sender, false) && (utf8 || ascii(l.e.Sender)) {
		from = l.e.Sender
	}
	for _, address := range append([]string{from}, s.spec.Recipients...) {
		if !ascii(address) && !utf8 {
			return "", nil, fmt.Errorf("the server does not take addresses such as %q: it offers no SMTPUTF8", address)
		}
		o.UTF8 = o.UTF8 || !ascii(address)
	}
	if most, ok := s.client.MaxMessageSize(); ok && most > 0 && s.spool.size > int64(most) {
		return "", nil, fmt.Errorf("the message has %d octets, and the server takes %d", s.spool.size, most)
	}
	if ok, _ := s.client.Extension("8BITMIME"); l.content.eight && !ok {
		return "", nil, errors.New("the message has 8-bit octets, and the server offers no 8BITMIME: it cannot be sent unchanged")
	}
	return from, o, nil
}

// close takes leave, without insisting on an answer.
func (s *server) close() error {
	err := s.spool.reset()
	if s.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), min(s.o.Timeout, leave))
		defer cancel()
		defer s.conn.closeAt(ctx)()
		_ = s.client.Quit()
		s.drop()
	}
	return err
}
