package doctor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/popherd/popherd/internal/state"
)

// stateLimit bounds a look at the state, of which every row is read.
const stateLimit = 20 * time.Second

// OfState looks at the folder of the state, and reads the whole database.
func OfState(dir string) Check {
	return Check{kind: State, limit: stateLimit, look: func(ctx context.Context, n *notes) {
		if above := existing(dir); above != dir { // all of the path is made at once
			n.parent("folder", dir, above)
		} else {
			n.folder("folder", dir)
		}
		n.database(ctx, dir)
		n.room(dir)
	}}
}

// database reads all that is remembered, without changing or repairing it.
func (n *notes) database(ctx context.Context, dir string) {
	file := filepath.Join(dir, state.FileName)
	found, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.info("database", "there is none yet; the first run makes it", "")
		return
	case err != nil:
		n.fail("database", file+": "+reason(err), "let the user who runs popherd read it")
		return
	case hasModes && found.Mode().Perm()&0o077 != 0:
		n.warn("database", file+" has subjects and addresses, and others can read it", "chmod 600 "+file)
	}
	store, err := state.Open(ctx, dir, state.Options{ReadOnly: true})
	if err == nil {
		defer store.Close()
		err = store.Export(ctx, io.Discard)
	}
	switch {
	case err == nil:
		n.ok("database", size(uint64(found.Size()))+", sound")
	case ctx.Err() != nil:
		n.info("database", size(uint64(found.Size()))+", too large to read all of it in time", "popherd state vacuum checks it, and makes it smaller")
	default:
		n.failed("database", err, "")
	}
}
