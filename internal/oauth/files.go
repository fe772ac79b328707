package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/secret"
)

// Files returns a store of one file for each account, of mode 0600, in a folder
// of mode 0700 that is made when it is needed. Account names have the letters
// a-z, digits, and "._-", and 64 octets at most.
func Files(dir string) Store { return files{dir} }

type files struct{ dir string }

// version is that of the files' format.
const version = 1

// recordSize is the most that is read of a file, in octets.
const recordSize = 64 << 10

// recordJSON is a Record on disk, where its secrets are in clear.
type recordJSON struct {
	Version  int       `json:"version"`
	TokenURL string    `json:"token_url"`
	ClientID string    `json:"client_id"`
	Access   string    `json:"access_token"`
	Refresh  string    `json:"refresh_token,omitempty"`
	Obtained time.Time `json:"obtained"`
	Expiry   time.Time `json:"expiry,omitzero"`
}

var accountName = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// path returns a file of an account's. The ending keeps "." and ".." in the
// folder, and the kinds of files apart whatever an account is called.
func (s files) path(account, ending string) (string, error) {
	if !accountName.MatchString(account) {
		return "", fmt.Errorf("account name %q: no tokens can be kept under it", account)
	}
	return filepath.Join(s.dir, account+ending), nil
}

// Load implements Store.
func (s files) Load(account string) (Record, error) {
	path, err := s.path(account, ".json")
	if err != nil {
		return Record{}, err
	}
	text, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, ErrNoToken
	}
	if err != nil {
		return Record{}, err
	}
	var r recordJSON
	// The decoder's errors may show some of the file.
	if json.Unmarshal(text, &r) != nil || r.Version < 1 {
		return Record{}, &Error{Reason: fmt.Sprintf("file %q is damaged", path), advice: adviceLogin}
	}
	if r.Version > version {
		return Record{}, &Error{Reason: fmt.Sprintf("file %q is of a newer popherd", path)}
	}
	return Record{r.TokenURL, r.ClientID, secret.New(r.Access), secret.New(r.Refresh), r.Obtained, r.Expiry}, nil
}

// readPrivate reads a file that nobody else can read.
func readPrivate(path string) ([]byte, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("file %q is not a regular file", path) // a FIFO would be waited for
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && about.Mode()&0o077 != 0 { // Windows has no such modes
		return nil, &Error{Reason: fmt.Sprintf("others can read file %q", path), advice: fmt.Sprintf("chmod 600 %q", path)}
	}
	return io.ReadAll(io.LimitReader(f, recordSize))
}

// Save implements Store.
func (s files) Save(account string, r Record) error {
	path, err := s.path(account, ".json")
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(recordJSON{
		version, r.TokenURL, r.ClientID, r.Access.Reveal(), r.Refresh.Reveal(), r.Obtained.UTC(), r.Expiry.UTC(),
	}, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	// What a crash has left would be in the way; the lock is ours.
	if err := removeIfThere(path + partial); err != nil {
		return err
	}
	return atomicfile.Write(atomicfile.OS{}, path, partial, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// partial ends the name of a file that is being written.
const partial = ".tmp"

// Forget implements Store. The lock's file stays: to remove it would let two
// processes lock two files of one name.
func (s files) Forget(account string) error {
	path, err := s.path(account, ".json")
	if err != nil {
		return err
	}
	return errors.Join(removeIfThere(path), removeIfThere(path+partial))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// errHeld means that somebody else has the lock.
var errHeld = errors.New("another popherd is refreshing the token")

// The pause between two looks at a lock, which grows.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// Lock implements Store.
func (s files) Lock(ctx context.Context, account string) (func(), error) {
	path, err := s.path(account, ".lock")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := atomicfile.Flock(f)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, atomicfile.ErrLocked) {
			return nil, errors.Join(fmt.Errorf("file %q: lock: %w", path, err), f.Close())
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("%w: %w", errHeld, ctx.Err())
		case <-time.After(pause):
		}
	}
}
