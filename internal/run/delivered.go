package run

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
)

// This file journals deliveries: what is on its way, what arrived, and where.

// noteAtOnce journals what went to a target that cannot be asked whether it has
// a message: a server, a command. Of one that failed, recipients may have it.
func (s *session) noteAtOnce(ctx context.Context, e *errand, failed map[string]error) error {
	k := s.known(e.number)
	if k.Key == 0 {
		return nil
	}
	var reached []string
	for _, name := range e.targets {
		place := s.run.place(name)
		if name == backup || !forgetful(s.run.Targets[name].Kind) {
			continue
		}
		if failed[name] == nil {
			reached = append(reached, place)
			continue
		}
		if partly := (*deliver.Error)(nil); errors.As(failed[name], &partly) {
			for _, recipient := range partly.Had {
				reached = append(reached, place+" "+recipient)
			}
		}
	}
	if len(reached) == 0 {
		return nil
	}
	return s.note(ctx, func(j *state.Journal) {
		for _, place := range reached {
			j.Delivered(k.Key, place, e.digest)
		}
	})
}

// had are the recipients of a target that have a message from an earlier run.
func had(known state.Known, place string) []string {
	var recipients []string
	for _, reached := range known.Targets() {
		if recipient, ok := strings.CutPrefix(reached, place+" "); ok {
			recipients = append(recipients, recipient)
		}
	}
	return recipients
}

// forgetful reports whether targets of a kind cannot be asked what they have.
func forgetful(kind deliver.Kind) bool {
	return kind == deliver.SMTP || kind == deliver.SMTPS || kind == deliver.LMTP || kind == deliver.Pipe
}

// noteSent journals the content of what is about to last in a target: should the
// run be cut off now, the target has messages that the journal does not know to
// be delivered, and the next run must not take others for them.
func (s *session) noteSent(ctx context.Context, done []*errand) error {
	return s.note(ctx, func(j *state.Journal) {
		for _, e := range done {
			if k := s.known(e.number); k.Key != 0 && e.passed {
				j.Sent(k.Key, e.digest)
			}
		}
	})
}

// noteDelivered journals what lasts now, and where the backups are.
func (s *session) noteDelivered(ctx context.Context, done []*errand) error {
	return s.note(ctx, func(j *state.Journal) {
		for _, e := range done {
			k := s.known(e.number)
			for _, name := range e.targets {
				if name == backup {
					s.noteBackup(j, e)
				}
				if k.Key != 0 {
					j.Delivered(k.Key, s.run.place(name), e.digest)
				}
			}
		}
	})
}

// noteEarlier finds out which targets got nothing now, since they had it from an
// earlier run: by the journal, or as they said in one of these errands.
func (s *session) noteEarlier(errands []*errand) {
	sent := map[int][]string{}
	for _, e := range errands {
		sent[e.number] = e.sent
	}
	s.earlier = map[int][]string{}
	for m, d := range s.plan.All() {
		names := slices.DeleteFunc(slices.Clone(d.Deliver), func(name string) bool { return slices.Contains(sent[m.Number], name) })
		if len(names) > 0 {
			s.earlier[m.Number] = names
		}
	}
}

// rehearseEarlier is noteEarlier for a run that sends nothing: the journal alone
// is asked.
func (s *session) rehearseEarlier() {
	if s.plan == nil {
		return
	}
	var errands []*errand
	for m, d := range s.plan.All() {
		if len(d.Deliver) > 0 {
			errands = append(errands, &errand{number: m.Number, sent: s.pending(d, s.known(m.Number))})
		}
	}
	s.noteEarlier(errands)
}

func (s *session) noteBackup(j *state.Journal, e *errand) {
	m, _ := s.plan.Find(e.number)
	file := filepath.Join(s.run.Backup.Path, s.run.started.UTC().Format("20060102T150405Z")+"-"+e.id+".eml")
	if e.had { // by a run that was killed before it could say so
		if found, _ := filepath.Glob(filepath.Join(s.run.Backup.Path, "*-"+e.id+".eml")); len(found) > 0 {
			file = found[0]
		}
	}
	j.BackedUp(state.Backup{UniqueID: m.UniqueID, Octets: e.octets, Digest: e.digest, File: file})
}
