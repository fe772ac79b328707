package run

import (
	"context"
	"fmt"

	"github.com/popherd/popherd/internal/deliver"
)

// target opens a target, once.
func (r *run) target(ctx context.Context, name string) (deliver.Target, error) {
	if t := r.targets[name]; t != nil {
		return t, nil
	}
	spec, ok := r.spec(name)
	if !ok {
		return nil, noTarget(name)
	}
	t, err := spec.Open(ctx, deliver.Options{Now: r.now, FS: r.Files})
	if err != nil {
		return nil, err
	}
	if r.targets == nil {
		r.targets = map[string]deliver.Target{}
	}
	r.targets[name] = t
	return t, nil
}

func noTarget(name string) error {
	return &Stop{kind: "policy", usage: true, reason: fmt.Sprintf("deliver: there is no target %q", name), hint: fmt.Sprintf("name it, as in --target %s=maildir:DIR, or under [targets] of the configuration, whose targets get no local mail", name)}
}
