package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Kinds of notices.
const (
	Failure = "failure" // the run failed, and will not be tried again by itself
	Over    = "over"    // it plans, or made, more deletions than Notice.Over
	Paused  = "paused"  // its job is paused for the account, because it failed too often
)

// A Notice is what somebody is told of a run. Its texts may come from a server,
// or from a message: JSON, Mail and Send show them on one line each, without
// what steers a terminal or turns a line around, and cut to a bearable length.
type Notice struct {
	Kind      string    `json:"kind"`           // Failure, Over or Paused
	Job       string    `json:"job"`            // its name
	Account   string    `json:"account"`        // its name
	Run       int64     `json:"run"`            // its number
	Fire      time.Time `json:"fire,omitzero"`  // what the run is for; none: it was made by hand
	Ended     time.Time `json:"ended,omitzero"` // when the run was over
	DryRun    bool      `json:"dry_run"`        // nothing was delivered or deleted
	Outcome   string    `json:"outcome"`        // the word of the run's history for it
	Message   string    `json:"message"`        // why
	Planned   int       `json:"planned"`        // messages to delete
	Deleted   int       `json:"deleted"`        // messages that were
	Delivered int       `json:"delivered"`      // messages that targets took
	Kept      int       `json:"kept"`           // messages that stay on the server
	Over      int       `json:"over"`           // the number of deletions above which somebody is told
	More      int       `json:"more"`           // notices that were held back before this one, as a Gate counts them
	URL       string    `json:"url"`            // of the run on the status page, or ""
}

// JSON returns what a command reads: one object on one line, with the fields
// of a Notice under the names of their tags. Moments are in UTC as in RFC 3339,
// and left out where there is none; everything else is always there.
func (n Notice) JSON() []byte {
	text, err := json.Marshal(n.safe())
	if err != nil { // which only a moment could make, and safe has seen to those
		return nil
	}
	return append(text, '\n')
}

const (
	longestName    = 200   // letters
	longestMessage = 4_000 // letters
)

// safe returns the notice as it may be shown.
func (n Notice) safe() Notice {
	for _, name := range []*string{&n.Kind, &n.Job, &n.Account, &n.Outcome} {
		*name = clean(*name, longestName)
	}
	n.Message, n.URL = clean(n.Message, longestMessage), clean(n.URL, longestMessage)
	for _, moment := range []*time.Time{&n.Fire, &n.Ended} {
		if *moment = moment.UTC(); moment.Year() < 1 || moment.Year() > 9999 { // RFC 3339 has no others
			*moment = time.Time{}
		}
	}
	return n
}

// id is the same for the same notice, whenever and to whomever it is told, so
// that a target that has it says so.
func (n Notice) id() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d %d", n.Kind, n.Job, n.Account, n.Run, n.Fire.UnixNano(), n.Ended.UnixNano()))
	return hex.EncodeToString(sum[:16])
}

// clean makes one line of a text, of at most some letters and all of them
// visible.
func clean(text string, most int) string {
	var b strings.Builder
	letters := 0
	for _, c := range text {
		if letters++; letters > most {
			return b.String() + "..."
		}
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			c = ' '
		case !unicode.IsPrint(c):
			c = '?'
		}
		b.WriteRune(c)
	}
	return b.String()
}
