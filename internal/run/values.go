package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
)

// values are what a script set, by name, until its session commits: a script
// that fails, and a dry run, change none.
type values map[string]state.Value

// Values gives the script what is remembered for the account whose session was
// opened last.
func (r *run) values() (luabind.Values, error) {
	for _, s := range slices.Backward(r.sessions) {
		if s.ended {
			continue
		}
		if err := s.load(r.ctx); err != nil {
			return nil, err
		}
		return scriptValues{s}, nil
	}
	return nil, &Stop{kind: "policy", reason: "state: it is kept for each account, and no session is open", hint: "log in first"}
}

// scriptValues are a session's values as its script sees them.
type scriptValues struct{ s *session }

// Get implements luabind.Values.
func (v scriptValues) Get(ctx context.Context, name string) (string, bool, error) {
	value, ok, err := v.get(ctx, name)
	return string(value.Value), ok, err
}

func (v scriptValues) get(ctx context.Context, name string) (state.Value, bool, error) {
	j := v.s.journal
	if set, ok := j.values[name]; ok {
		now := v.s.run.now()
		return set, set.Value != nil && (set.Expires.IsZero() || set.Expires.After(now)), nil
	}
	return j.account.Get(ctx, v.s.run.now(), name)
}

// Set implements luabind.Values.
func (v scriptValues) Set(_ context.Context, name string, value *string, expires time.Time) error {
	set := state.Value{Name: name, Expires: expires}
	if value != nil {
		set.Value = []byte(*value)
	}
	if len(name) > state.MaxName || len(set.Value) > state.MaxValue {
		return &Stop{kind: "limit", reason: fmt.Sprintf("state: a name has at most %d octets, a value %d", state.MaxName, state.MaxValue)}
	}
	v.put(set)
	return nil
}

func (v scriptValues) put(set state.Value) {
	j := v.s.journal
	if j.values == nil {
		j.values = values{}
	}
	j.values[set.Name] = set
}

// Incr implements luabind.Values.
func (v scriptValues) Incr(ctx context.Context, name string, by int64) (int64, error) {
	value, ok, err := v.get(ctx, name)
	if err != nil {
		return 0, err
	}
	var sum int64
	if ok {
		if sum, err = strconv.ParseInt(string(value.Value), 10, 64); err != nil {
			return 0, fmt.Errorf("state %q: is no whole number", name)
		}
	}
	if by > 0 && sum+by < sum || by < 0 && sum+by > sum {
		return 0, fmt.Errorf("state %q: the sum is too large", name)
	}
	sum += by
	if !ok {
		value = state.Value{Name: name}
	}
	value.Value = strconv.AppendInt(nil, sum, 10)
	v.put(value)
	return sum, nil
}

// Expire implements luabind.Values.
func (v scriptValues) Expire(ctx context.Context, name string, at time.Time) (bool, error) {
	value, ok, err := v.get(ctx, name)
	if ok && err == nil {
		value.Expires = at
		v.put(value)
	}
	return ok, err
}

// keepValues makes what the script set last, once its session has committed.
func (s *session) keepValues(ctx context.Context) {
	if s.journal == nil || len(s.journal.values) == 0 {
		return
	}
	set := make([]state.Value, 0, len(s.journal.values))
	for _, name := range slices.Sorted(maps.Keys(s.journal.values)) {
		set = append(set, s.journal.values[name])
	}
	if err := s.journal.account.Set(context.WithoutCancel(ctx), s.run.now(), set...); err != nil {
		s.run.log("error", "state: "+err.Error())
	}
}

// save writes an attachment to a granted folder; a dry run only says its name.
func (r *run) save(_ context.Context, folder, suggested string, octets []byte) (string, error) {
	if r.DryRun {
		return suggested, nil
	}
	return r.Save(folder, suggested, octets)
}
