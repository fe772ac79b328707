package maildir

import (
	"strconv"
	"strings"
	"time"
)

// mark stands where the convention has the host: it tells our names from
// those of others, and a delivery id is unique without a host.
const mark = "popherd"

// Name returns the unique name of a message that came at this time and has
// this delivery id, which holds letters and digits only: "1700000000.ID.popherd".
func Name(received time.Time, id string) string {
	return strconv.FormatInt(max(0, received.Unix()), 10) + "." + id + "." + mark
}

// ID returns the delivery id in the name of a file that Name named, whatever
// flags a reader has given it since, and whatever a synchroniser has put
// behind it ("1700000000.ID.popherd,U=7:2,FS", of mbsync).
func ID(file string) (id string, ok bool) {
	seconds, rest, ok := strings.Cut(file, ".")
	if !ok || seconds == "" || strings.Trim(seconds, "0123456789") != "" {
		return "", false
	}
	id, host, ok := strings.Cut(rest, ".")
	if !ok || id == "" || !strings.HasPrefix(host, mark) {
		return "", false
	}
	rest = host[len(mark):]
	return id, rest == "" || strings.IndexByte(",:;!", rest[0]) >= 0
}
