package deliver_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
	"github.com/popherd/popherd/internal/dovecottest"
)

// lmtpService is configuration for a Dovecot that takes mail at a socket.
const lmtpService = `
protocols = pop3 lmtp
postmaster_address = postmaster@example.org
service lmtp {
  unix_listener %s {
    mode = 0666
  }
}
`

// TestLMTPOfDovecot delivers the corpus to a real server, which puts fields of
// its own before a message and stores LF for CR LF.
func TestLMTPOfDovecot(t *testing.T) {
	if _, err := os.Stat("/usr/lib/dovecot/lmtp"); err != nil {
		if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
			t.Fatal("Dovecot's LMTP is not installed (Debian: apt-get install dovecot-lmtpd)")
		}
		t.Skip("Dovecot's LMTP is not installed (Debian: apt-get install dovecot-lmtpd)")
	}
	dir, err := os.MkdirTemp("", "lmtp") // a short path, for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "lmtp")
	server := dovecottest.Start(t, dovecottest.Options{Extra: fmt.Sprintf(lmtpService, socket)})
	bob, eve := server.AddUser("bob", "x"), server.AddUser("eve", "x")
	o := deliver.Options{Timeout: 30 * time.Second}
	target, err := deliver.Open(t.Context(), "lmtp:unix:"+socket+"?rcpt=bob&rcpt=eve", o)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var want [][]byte
	for i, msg := range slices.Concat(corpus(t), delivertest.Torture()) {
		_, err := delivertest.Put(t.Context(), target, deliver.Envelope{ID: delivertest.ID(i)}, msg, 1<<16)
		if (err != nil) != cannotCarry(msg) {
			t.Errorf("message %d, %.40q: %v", i, msg, err)
		}
		if err == nil {
			want = append(want, onTheWire(msg))
		}
	}
	for _, user := range []*dovecottest.User{bob, eve} {
		if bad := unlike(user.Messages(), want); len(bad) > 0 {
			t.Errorf("%s: %d of %d messages are not there unchanged, such as %.60q", user.Name, len(bad), len(want), bad[0])
		}
	}
	_, err = deliver.Open(t.Context(), "lmtp:unix:"+socket+"?rcpt=nobody", o)
	if err != nil {
		t.Fatal(err)
	}
	why := wantFault(t, send(t, "lmtp:unix:"+socket+"?rcpt=bob&rcpt=nobody", o, 1), false, "doesn't exist")
	if why.Recipient != "nobody" {
		t.Errorf("got recipient %q, want nobody", why.Recipient)
	}
}

// unlike returns the messages that are not the end of a stored one, each of its
// own. The longest choose first: a short one is the end of many.
func unlike(stored, want [][]byte) (bad [][]byte) {
	want = slices.SortedFunc(slices.Values(want), func(a, b []byte) int { return len(b) - len(a) })
	for _, msg := range want {
		i := slices.IndexFunc(stored, func(s []byte) bool { return bytes.HasSuffix(bytes.ReplaceAll(s, []byte("\n"), []byte("\r\n")), msg) })
		if i < 0 {
			bad = append(bad, msg)
			continue
		}
		stored = slices.Delete(slices.Clone(stored), i, i+1)
	}
	return bad
}
