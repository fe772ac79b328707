// Package maildrop serves local mail as a maildrop: an mbox file, a Maildir,
// or a folder of .eml files, as sessions of a pop3server. Any user and any
// password open it.
//
// The source is never changed. DELE and QUIT succeed, so that a run can be
// rehearsed whole, but every file stays, and the next session starts from the
// full source again; Options.RememberDeletions lets deletions last as long as
// the Source, in memory.
//
// # Octets
//
// A message is served with the octets it is stored with. Line ends are not
// rewritten, be they CR LF or bare LF, unless Options.CanonicalLines wants it.
// POP3 cannot carry a message that does not end with CR LF: the server adds
// CR LF to such a one, and only an empty message stays empty. The sizes
// announced include what will be added. What an mbox cannot hold is told in
// package mbox.
//
// # Unique-ids
//
// They are the same from run to run and do not depend on message-numbers:
//
//   - Maildir: the unique name, the file name without flags;
//   - folder: the file name, ",S=" and the size, since exports often use the
//     same names for other mail;
//   - mbox: half the SHA-256 of the message, as 32 hex digits.
//
// A name that POP3 cannot carry (over 70 octets, or any octet outside 0x21 to
// 0x7E) is replaced by "h." and its hash. What would be equal gets ".2", ".3"
// and so on, in order; only these depend on the messages before them.
package maildrop

import (
	"context"
	"io"
	"os"
	"sync"

	"github.com/popherd/popherd/internal/maildir"
	"github.com/popherd/popherd/internal/mbox"
	"github.com/popherd/popherd/pop3/pop3server"
)

// Options of a Source. The zero value serves a snapshot, to every session the
// whole of it.
type Options struct {
	// Quoting of an mbox file; the zero value is mbox.Auto.
	Quoting mbox.Quoting

	// RememberDeletions hides what a session has deleted from the sessions
	// that begin later, by unique-id, until the Source is dropped.
	RememberDeletions bool

	// CanonicalLines sends CR LF for every bare LF, as RFC 1939 wants it:
	// clients that take a lone dot between bare LFs for the end of a message
	// need that. Listing then reads every message.
	CanonicalLines bool

	// Relist lists the source anew for each session, so that mail that
	// arrives meanwhile is seen. Without it a Source shows what was there
	// when it was opened.
	Relist bool
}

// A Source is local mail that was recognised and listed. It holds no
// descriptors and needs no Close. Its methods may be called from several
// goroutines.
type Source struct {
	path    string
	options Options

	mu      sync.Mutex
	drop    drop
	deleted map[string]bool // unique-ids
}

// drop is a listed source of one kind. It does not change.
type drop interface {
	messages() []pop3server.Message
	open(index int) (io.ReadCloser, error)
	current() bool // the source is known not to have changed
}

// Open recognises and lists the mail at path: an mbox file, a Maildir (it has
// cur or new), or a folder of .eml or .msg files, one message each as RFC 5322
// has it (Outlook's own .msg is another format, and is served as it is). The
// contents of an mbox are read once, of other files only the last two octets.
// Errors are of type *Error, and are ErrUnreadable or ErrNotMaildrop.
func Open(path string) (*Source, error) { return OpenWith(path, Options{}) }

// OpenWith is Open with options.
func OpenWith(path string, options Options) (*Source, error) {
	drop, err := list(path, options)
	if err != nil {
		return nil, err
	}
	return &Source{path: path, options: options, drop: drop, deleted: map[string]bool{}}, nil
}

// list recognises the source at path and lists it.
func list(path string, options Options) (drop, error) {
	d, err := recognise(path, options.Quoting)
	if err == nil && options.CanonicalLines {
		d = newCanonical(d)
	}
	return d, err
}

func recognise(path string, quoting mbox.Quoting) (drop, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case info.Mode().IsRegular():
		return listMbox(path, quoting)
	case !info.IsDir():
		return nil, notMaildrop(path, "neither a file nor a folder", remedy)
	case maildir.Is(path):
		return listMaildir(path)
	default:
		return listFiles(path)
	}
}

// Len returns how many messages the next session would show.
func (s *Source) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.remaining())
}

// NewSession returns a session of the whole source, for Server.NewSession.
func (s *Source) NewSession(pop3server.Conn) (pop3server.Session, error) {
	return &session{source: s}, nil
}

// begin returns what a session shows: a drop, and the indexes in it that no
// earlier session deleted.
func (s *Source) begin(ctx context.Context) (drop, []int, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Relist && !s.drop.current() {
		drop, err := list(s.path, s.options)
		if err != nil {
			return nil, nil, err
		}
		s.drop = drop
	}
	return s.drop, s.remaining(), nil
}

// remaining returns the indexes that no session deleted; s.mu is held.
func (s *Source) remaining() []int {
	messages := s.drop.messages()
	indexes := make([]int, 0, len(messages))
	for i, m := range messages {
		if !s.deleted[m.UniqueID] {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// forget notes the deletions of one session.
func (s *Source) forget(ids []string) {
	if !s.options.RememberDeletions {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		s.deleted[id] = true
	}
}
