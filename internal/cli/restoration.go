package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/internal/state"
)

// A restoration is one restore at work.
type restoration struct {
	sh     *shell
	bar    *progress
	target deliver.Target // nil in a dry run
	all    int            // messages asked for

	restored int // that last in the target; in a dry run, that could be
	had      int // that the target had already
	open     int // that are committed, and not yet synced
	failed   int
	inARow   int   // that the target failed at, one after the other
	first    error // of those that failed

	head [64 << 10]byte // of the message at hand
}

const (
	// syncEvery is after how many messages those so far are made to last.
	syncEvery = 500
	// giveUp is at how many messages in a row the target may fail.
	giveUp = 10
	// lastSync bounds what is left to do after an interruption.
	lastSync = 30 * time.Second
)

// restore brings back what it can. What fails is named at once; the error says
// how many did.
func (r *restoration) restore(ctx context.Context, backups []state.Backup) error {
	var broken error // no message can be restored any more
	for i, b := range backups {
		r.bar.step("restore", i, len(backups))
		err := r.one(ctx, b)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			broken = r.fail(err)
		} else {
			r.inARow = 0
		}
		if broken == nil && r.open >= syncEvery {
			broken = r.sync(ctx)
		}
		if broken != nil {
			break
		}
	}
	if err := r.sync(ctx); broken == nil {
		broken = err
	}
	return r.verdict(ctx, broken)
}

// fail names what failed, or returns it if there is no use in going on.
func (r *restoration) fail(err error) error {
	var target *deliver.Error
	if !errors.As(err, &target) {
		r.inARow = 0
	} else if r.inARow++; target.Op == "begin" || r.inARow == giveUp {
		return err
	}
	r.failed++
	if r.first == nil {
		r.first = err
	}
	r.bar.hide()
	r.sh.complain(err)
	return nil
}

// sync makes what was committed last. It is also done after an interruption:
// else servers would have messages that nobody counted.
func (r *restoration) sync(ctx context.Context) error {
	if r.open == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSync)
	defer cancel()
	if ctx.Err() == nil {
		bounded = ctx
	}
	err := r.target.Sync(bounded)
	if err == nil {
		r.restored += r.open
	}
	r.open = 0
	return err
}

// verdict is the error of the command.
func (r *restoration) verdict(ctx context.Context, broken error) error {
	rest := r.all - r.restored - r.had
	switch {
	case ctx.Err() != nil && rest > r.failed:
		return withStatus(exitInterrupted, fmt.Errorf("restore: interrupted: %s not restored", are(rest)), "run it again: what is restored is found there, if the target is a Maildir, an mbox or a folder")
	case broken != nil:
		return withStatus(targetStatus(broken), broken, fmt.Sprintf("%s not restored; mend that, and run it again", are(rest)))
	case r.failed == 0:
		return nil
	case r.failed == r.all:
		return withStatus(r.status(), fmt.Errorf("restore: %s not restored", are(r.failed)), "")
	}
	return withStatus(exitSomeFailed, fmt.Errorf("restore: %s not restored; the others are", are(r.failed)), "")
}

// are is "1 message is" or "2 messages are".
func are(n int) string {
	if n == 1 {
		return "1 message is"
	}
	return messages(n) + " are"
}

func (r *restoration) status() int {
	if errors.As(r.first, new(*deliver.Error)) {
		return targetStatus(r.first)
	}
	return exitStatus(r.first)
}

// targetStatus is the exit status for a target's error.
func targetStatus(err error) int {
	var target *deliver.Error
	if errors.As(err, &target) && !target.Temporary {
		return exitOutput
	}
	return exitTryAgain
}

// one brings one message back, or in a dry run checks its backup.
func (r *restoration) one(ctx context.Context, b state.Backup) error {
	file, err := openBackup(b)
	if err != nil {
		return err
	}
	defer file.Close()
	n, err := io.ReadFull(file, r.head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &inputError{"backup", b.File, pathReason(err)}
	}
	octets := io.MultiReader(bytes.NewReader(r.head[:n]), file)
	if r.target == nil {
		if err := copyBackup(io.Discard, octets, b); err != nil {
			return err
		}
		r.restored++
		return nil
	}
	delivery, err := r.target.Begin(ctx, envelope(b, r.head[:n]))
	if errors.Is(err, deliver.ErrHave) {
		r.had++
		return nil
	}
	if err != nil {
		return err
	}
	// Nothing of it is to be seen anywhere before Commit.
	if err := copyBackup(delivery, octets, b); err != nil {
		return errors.Join(err, delivery.Abort())
	}
	if err := delivery.Commit(ctx); err != nil {
		return err
	}
	r.open++
	return nil
}

func openBackup(b state.Backup) (*os.File, error) {
	// Stat first: to open a named pipe would wait for whoever writes to it.
	info, err := os.Stat(b.File)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &inputError{"backup", b.File, "is not a file"}
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(b.File)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withStatus(exitNoInput, fmt.Errorf("backup %q of %s: it is missing", b.File, messageOf(b)), "if it was moved, put it back there")
	}
	if err != nil {
		return nil, &inputError{"backup", b.File, pathReason(err)}
	}
	return file, nil
}

// messageOf is a backup's message, for people.
func messageOf(b state.Backup) string {
	return fmt.Sprintf("message %q of %s", b.UniqueID, b.Account)
}

// copyBackup writes a backup's octets, and fails if they are not those that
// were backed up.
func copyBackup(w io.Writer, octets io.Reader, b state.Backup) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, w), io.LimitReader(octets, b.Octets+1))
	if errors.As(err, new(*deliver.Error)) {
		return err
	}
	if err != nil {
		return &inputError{"backup", b.File, pathReason(err)}
	}
	if n == b.Octets && state.Digest(sum.Sum(nil)) == b.Digest {
		return nil
	}
	return withStatus(exitInput, fmt.Errorf("backup %q of %s: it is damaged: its octets are not those that were backed up", b.File, messageOf(b)),
		"put the file back from a copy of yours")
}

// envelope is what a target must know. The id stands for the content too: what
// is not the same is never taken for it.
func envelope(b state.Backup, head []byte) deliver.Envelope {
	id := sha256.Sum256(fmt.Appendf(nil, "restore %q %q %x", b.Account, b.UniqueID, b.Digest))
	e := deliver.Envelope{ID: hex.EncodeToString(id[:16]), Octets: b.Octets, Received: b.Made}
	header := message.ParseHeader(head)
	if when, ok := header.Received(); ok {
		e.Received = when
	} else if when, ok := header.Date(); ok {
		e.Received = when
	}
	if path := header.Addresses("Return-Path"); len(path) > 0 {
		e.Sender = path[0].Address
	}
	return e
}

// password asks for that of a server.
func (r *restoration) password(ctx context.Context, s deliver.Spec) (string, error) {
	r.bar.hide()
	return r.sh.passwordPrompt(false, noInterrupt)(ctx, fmt.Sprintf("password of %s at %s: ", s.User, s.Host))
}

// report says what was done.
func (r *restoration) report(spec deliver.Spec) error {
	if r.target == nil {
		return r.sh.say("%d of %s can be restored to %s (dry run: nothing changed)", r.restored, messages(r.all), spec)
	}
	had := ""
	switch {
	case r.had == 1:
		had = "; 1 was there already"
	case r.had > 1:
		had = fmt.Sprintf("; %d were there already", r.had)
	}
	return r.sh.say("restored %d of %s to %s%s", r.restored, messages(r.all), spec, had)
}
