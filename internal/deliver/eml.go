package deliver

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/maildir"
)

// stamp begins the names of files, so that they sort by time: UTC.
const stamp = "20060102T150405Z"

// openEML opens a folder of files, made if there is none. A file is called
// 20040105T060809Z-ID.eml; one not yet finished begins with a dot.
func openEML(ctx context.Context, spec Spec, o Options) (store, error) {
	dir := spec.Path
	if maildir.Is(dir) {
		return nil, fmt.Errorf("folder %q is a Maildir: write maildir:%s", dir, dir)
	}
	if _, err := makeDir(o.FS, dir); err != nil {
		return nil, err
	}
	s := &files{o: o, layout: layout{tmp: dir, final: dir, indexed: []string{dir}, hidden: ".", name: emlName, id: emlID}}
	return s, s.start(ctx)
}

func emlName(when time.Time, id string) string {
	return when.UTC().Format(stamp) + "-" + id + ".eml"
}

func emlID(name string) (string, bool) {
	name, ok := strings.CutSuffix(name, ".eml")
	if !ok || len(name) <= len(stamp) || name[len(stamp)] != '-' {
		return "", false
	}
	if _, err := time.Parse(stamp, name[:len(stamp)]); err != nil {
		return "", false
	}
	id := name[len(stamp)+1:]
	return id, validID(id)
}
