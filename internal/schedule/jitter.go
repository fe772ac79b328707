package schedule

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"time"
)

// Jitter returns how long after a fire the job named so begins: at least 0 and
// less than the spread, so that many jobs of one hour do not begin at once. It
// comes from a hash of name and fire: every machine says the same, and the same
// job gets another one each time. It is 0 unless the spread is positive.
func Jitter(name string, fire time.Time, spread time.Duration) time.Duration {
	if spread <= 0 {
		return 0
	}
	text := binary.BigEndian.AppendUint64(nil, uint64(fire.Unix()))
	sum := sha256.Sum256(append(text, name...))
	high, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:]), uint64(spread))
	return time.Duration(high)
}
