package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/deliver"
)

// placeLimit bounds a look at files, which may lie on a server that is gone.
const placeLimit = 10 * time.Second

// OfTarget looks at where a target delivers. No server is contacted, and no
// command run.
func OfTarget(t config.Target) Check {
	return Check{kind: Target, name: t.Name, limit: placeLimit, look: func(_ context.Context, n *notes) {
		spec, err := deliver.Parse(t.Spec)
		if err != nil {
			n.failed("spec", err, "popherd config edit")
			return
		}
		n.target(spec)
	}}
}

func (n *notes) target(spec deliver.Spec) {
	switch spec.Kind {
	case deliver.Maildir, deliver.EML:
		n.folder(string(spec.Kind), spec.Path)
	case deliver.Mbox:
		n.file(string(spec.Kind), spec.Path)
	case deliver.Pipe:
		n.command(spec.Command[0])
	case deliver.LMTP:
		if spec.Path != "" {
			n.socket(spec.Path)
			return
		}
		n.server(spec)
	default:
		n.server(spec)
	}
}

// server says what is known of a server that is not contacted.
func (n *notes) server(spec deliver.Spec) {
	text := fmt.Sprintf("%s at %s:%s is not contacted", strings.ToUpper(string(spec.Kind)), spec.Host, spec.Port)
	if spec.Plain && !loopback(spec.Host) {
		n.warn("server", text+"; mail goes there without TLS", "everybody on the way reads it: take insecure-plain-text=yes out if the server has STARTTLS")
		return
	}
	n.info("server", text, "")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// OfFolder looks at a folder that popherd writes to, such as that of backups.
func OfFolder(what, path string) Check {
	return Check{kind: Folder, name: what, limit: placeLimit, look: func(_ context.Context, n *notes) {
		n.folder("folder", path)
		n.room(path)
	}}
}

// folder looks whether files can be made in a folder, or else the folder itself.
func (n *notes) folder(check, path string) {
	found, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.parent(check, path, filepath.Dir(path))
	case err != nil:
		n.fail(check, path+": "+reason(err), "let the user who runs popherd into it")
	case !found.IsDir():
		n.fail(check, path+" is a file, not a folder", "move it away, or name another folder")
	case !writable(path):
		n.fail(check, path+" cannot be written to", "let the user who runs popherd write to it")
	default:
		n.ok(check, path+" can be written to")
		n.foldersMode(check, path, found.Mode())
	}
}

// foldersMode warns of a folder with mail that everybody can look into.
func (n *notes) foldersMode(check, path string, mode fs.FileMode) {
	if hasModes && mode.Perm()&0o002 != 0 && mode&fs.ModeSticky == 0 {
		n.warn(check, fmt.Sprintf("%s can be written to by everybody (mode %04o)", path, mode.Perm()), "chmod o-w "+path)
	}
}

// parent looks whether what is not there can be made in a folder.
func (n *notes) parent(check, path, parent string) {
	if found, err := os.Stat(parent); err != nil || !found.IsDir() {
		n.fail(check, path+" is not there, nor the folder that it would be in", "mkdir -p "+parent)
		return
	}
	if !writable(parent) {
		n.fail(check, path+" is not there, and cannot be made", "make it, and let the user who runs popherd write to it")
		return
	}
	n.info(check, path+" is not there yet; it is made when it is needed", "")
}

// file looks whether a file can be appended to, or else made.
func (n *notes) file(check, path string) {
	found, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		n.parent(check, path, filepath.Dir(path))
	case err != nil:
		n.fail(check, path+": "+reason(err), "let the user who runs popherd read and write it")
	case !found.Mode().IsRegular():
		n.fail(check, path+" is no file", "name a file")
	case !writable(path):
		n.fail(check, path+" cannot be written to", "let the user who runs popherd write to it")
	default:
		n.ok(check, path+" can be written to")
	}
}

// command looks whether a program is there and can be run.
func (n *notes) command(path string) {
	found, err := os.Stat(path)
	switch {
	case err != nil:
		n.fail("command", path+": "+reason(err), "install it, or name where it is")
	case found.IsDir() || hasModes && found.Mode()&0o111 == 0:
		n.fail("command", path+" cannot be run", "chmod +x "+path)
	default:
		n.ok("command", path+" is there; it is not run")
	}
}

// socket looks whether somebody may listen.
func (n *notes) socket(path string) {
	found, err := os.Stat(path)
	switch {
	case err != nil:
		n.fail("socket", path+": "+reason(err), "start the server that listens there, or name where it does")
	case found.Mode()&fs.ModeSocket == 0:
		n.fail("socket", path+" is no socket", "name the socket that the server listens on")
	default:
		n.ok("socket", path+" is there; it is not contacted")
	}
}

// littleRoom is less than a run over a large maildrop may need, in octets.
const littleRoom = 100 << 20

// room looks how much free room the disk of a folder has.
func (n *notes) room(path string) {
	free, known := freeRoom(existing(path))
	switch {
	case !known:
	case free < littleRoom:
		n.warn("disk", size(free)+" free", "make room: mail that cannot be stored is not deleted either")
	default:
		n.ok("disk", size(free)+" free")
	}
}

// existing is a path, or the first folder above it that is there.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// size is a number of octets for people.
func size(octets uint64) string {
	switch {
	case octets >= 10<<30:
		return fmt.Sprintf("%d GB", octets>>30)
	case octets >= 10<<20:
		return fmt.Sprintf("%d MB", octets>>20)
	case octets >= 10<<10:
		return fmt.Sprintf("%d kB", octets>>10)
	}
	return plural(int(octets), "octet")
}

// reason is an error of the file system without the path, which is said before.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
