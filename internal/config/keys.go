package config

import "slices"

// A key is one that a table may have.
type key[T any] struct {
	name string
	own  bool // of an account alone: not in [defaults]
	read func(*reader, *T, *node)
}

// tables are those at the top of the file.
var tables = []string{"defaults", "accounts", "targets", "policy", "jobs", "daemon"}

// names returns the names of keys, sorted.
func names[T any](keys []key[T]) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	slices.Sort(all)
	return all
}

// read reads the keys of a table into what they are for. Those that are passed
// over are not looked at.
func read[T any](r *reader, table *node, keys []key[T], into *T) {
	for _, n := range table.children {
		if r.full() {
			return
		}
		i := slices.IndexFunc(keys, func(k key[T]) bool { return k.name == n.name })
		if i < 0 {
			r.unknown(n, names(keys))
			continue
		}
		keys[i].read(r, into, n)
	}
}

// config reads the whole tree.
func (r *reader) config(root *node) *Config {
	c := &Config{}
	r.made, r.named = c, map[string]bool{}
	for _, n := range root.children {
		if !slices.Contains(tables, n.name) && !r.full() {
			r.unknownTop(n)
		}
	}
	defaults := r.defaults(root.child("defaults"))
	if accounts := root.child("accounts"); accounts != nil && r.isTable(accounts, "accounts.NAME") {
		variables := map[string]string{} // an account's name by that of its variable
		for _, n := range accounts.children {
			if r.full() {
				break
			}
			r.alone(n, variables)
			r.named[n.name] = true
			c.Accounts = append(c.Accounts, r.account(n, defaults))
		}
	}
	if targets := root.child("targets"); targets != nil && r.isTable(targets, "targets") {
		for _, n := range targets.children {
			if r.full() {
				break
			}
			c.Targets = append(c.Targets, r.target(n))
		}
	}
	if policy := root.child("policy"); policy != nil && r.isTable(policy, "policy") {
		r.policy(policy, &c.Policy)
	}
	r.jobs(root.child("jobs"))
	c.Daemon = r.daemon(root.child("daemon"))
	return c
}

// isTable reports whether a value is a table; if not, that is a fault.
func (r *reader) isTable(n *node, header string) bool {
	if n.isTable() {
		return true
	}
	what := kinds[n.kind]
	if what == "" {
		what = "a date or time"
	}
	r.faultKey(n, "is "+what+", not a table", "write ["+header+"] on a line of its own, and its keys below")
	return false
}

// unknownTop says where what stands at the top of the file belongs.
func (r *reader) unknownTop(n *node) {
	_, known := examples[n.name]
	switch {
	case n.isTable() && n.child("host") != nil && n.child("user") != nil:
		r.faultKey(n, "no such table", "an account's name follows a word: write [accounts."+bareOrQuoted(n.name)+"]")
	case n.isTable() && n.child("script") != nil && n.child("schedule") != nil:
		r.faultKey(n, "no such table", "a job's name follows a word: write [jobs."+bareOrQuoted(n.name)+"]")
	case known && slices.Contains(names(policyKeys()), n.name) && !slices.Contains(names(accountKeys()), n.name):
		r.faultKey(n, "stands in no table", "write [policy] above it")
	case known && slices.Contains(names(jobKeys()), n.name):
		r.faultKey(n, "stands in no table", "write [jobs.NAME] above it")
	case known && slices.Contains(names(notifyKeys()), n.name):
		r.faultKey(n, "stands in no table", "write [jobs.NAME.notify] above it")
	case known && slices.Contains(names(daemonKeys()), n.name):
		r.faultKey(n, "stands in no table", "write [daemon] above it")
	case known:
		r.faultKey(n, "stands in no table", "write [accounts.NAME] above it, or [defaults] for all accounts")
	default:
		r.unknown(n, tables)
	}
}
