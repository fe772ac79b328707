package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/deliver"
)

// This file says under what the journal remembers a target: what it is, not
// what it is called. A name may come to stand for another place between two
// runs, and what the old place has must not count for the new one.
//
// Journals of earlier versions have names. No place is equal to a name, so that
// what they say was delivered does not count: at worst a message is delivered
// again, to a server or a command, that cannot be asked what they have. So it is
// when a server's recipients or port, or a command's arguments, change.

// spec returns the target of a name.
func (r *run) spec(name string) (deliver.Spec, bool) {
	if name == backup && r.Backup != nil {
		return *r.Backup, true
	}
	s, ok := r.Targets[name]
	return s, ok
}

// place returns what the journal calls the target of a name; a name that there
// is not has no place, and nothing was delivered to it.
func (r *run) place(name string) string {
	place, ok := r.places[name]
	if ok {
		return place
	}
	if spec, there := r.spec(name); there {
		place = placeOf(spec)
	}
	if name == backup { // of which more is noted than that it was delivered, though a target may be the same folder
		place = "backup " + place
	}
	if r.places == nil {
		r.places = map[string]string{}
	}
	r.places[name] = place
	return place
}

// placeOf is the kind and the place of a target in one line, without user and
// sender. The arguments of a command may be secrets, and stand in it as a hash.
func placeOf(s deliver.Spec) string {
	kind := string(s.Kind) + ":"
	switch {
	case s.Kind == deliver.Pipe:
		argv, _ := json.Marshal(s.Command) // of strings: never fails
		sum := sha256.Sum256(argv)
		return kind + oneLine(s.Command[0]) + "#" + hex.EncodeToString(sum[:16])
	case s.Kind == deliver.LMTP && s.Path != "":
		return kind + "unix:" + oneLine(whole(s.Path)) + recipients(s)
	case s.Host != "":
		return kind + "//" + strings.ToLower(s.Host) + ":" + s.Port + "/" + recipients(s)
	}
	return kind + oneLine(whole(s.Path))
}

func recipients(s deliver.Spec) string {
	return "?rcpt=" + strings.Join(slices.Sorted(slices.Values(s.Recipients)), ",")
}

// whole is a path that stands for the same place in every folder.
func whole(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		return absolute
	}
	return path
}

// oneLine quotes a path that holds more than what is seen of it.
func oneLine(path string) string {
	if quoted := strconv.Quote(path); quoted != `"`+path+`"` {
		return quoted
	}
	return path
}
