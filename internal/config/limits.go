package config

import (
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/worker"
)

// policyKeys are the keys of [policy]: the flags of run, with _ for -.
func policyKeys() []key[Policy] {
	return []key[Policy]{
		{"allow_net", false, func(r *reader, p *Policy, n *node) { p.AllowNet = r.hosts(n) }},
		{"allow_delete", false, func(r *reader, p *Policy, n *node) { p.AllowDelete = r.deletions(n) }},
		{"allow_write", false, func(r *reader, p *Policy, n *node) { p.AllowWrite = r.paths(n) }},
		{"backup", false, func(r *reader, p *Policy, n *node) { p.Backup = r.path(n) }},
		{"backup_days", false, func(r *reader, p *Policy, n *node) { p.BackupDays = int(r.whole(n, 0, 36500)) }},
		{"backup_max", false, func(r *reader, p *Policy, n *node) { p.BackupMax = r.size(n, 1) }},
		{"state_dir", false, func(r *reader, p *Policy, n *node) { p.StateDir = r.path(n) }},
		{"quarantine", false, func(r *reader, p *Policy, n *node) {
			runs := int(r.whole(n, 0, 1000))
			p.Quarantine = &runs
		}},
		{"lib", false, func(r *reader, p *Policy, n *node) { p.Lib = r.paths(n) }},
		{"connect_timeout", false, func(r *reader, p *Policy, n *node) { p.ConnectTimeout = r.duration(n) }},
		{"command_timeout", false, func(r *reader, p *Policy, n *node) { p.CommandTimeout = r.duration(n) }},
		{"timeout", false, func(r *reader, p *Policy, n *node) { p.Timeout = r.duration(n) }},
		{"max_memory", false, func(r *reader, p *Policy, n *node) { p.MaxMemory = r.size(n, worker.MinMemory>>20) }},
		{"max_cpu", false, func(r *reader, p *Policy, n *node) { p.MaxCPU = r.duration(n) }},
		{"max_steps", false, func(r *reader, p *Policy, n *node) { p.MaxSteps = r.whole(n, 1, 1<<62) }},
		{"max_output", false, func(r *reader, p *Policy, n *node) { p.MaxOutput = r.size(n, 1) }},
		{"parallel", false, func(r *reader, p *Policy, n *node) { p.Parallel = int(r.whole(n, 1, 1000)) }},
	}
}

// flagOnly are flags of run that no file can set: a person says such things,
// each time.
var flagOnly = []string{"allow_raw", "allow_plaintext", "deny_net", "deny_plaintext", "deny_delete", "deny_raw", "dry_run", "audit", "output"}

// policy reads [policy].
func (r *reader) policy(n *node, p *Policy) {
	known := policyKeys()
	for _, name := range flagOnly {
		known = append(known, key[Policy]{name: name, read: func(r *reader, _ *Policy, n *node) {
			r.faultKey(n, "is said on the command line alone", "run popherd with --"+strings.ReplaceAll(name, "_", "-"))
		}})
	}
	read(r, n, known, p)
}

// paths reads a list of paths.
func (r *reader) paths(n *node) (paths []string) {
	r.each(n, func(element *node) {
		if path := r.path(element); path != "" {
			paths = append(paths, path)
		}
	})
	return paths
}

// hosts reads a list of HOST or HOST:PORT.
func (r *reader) hosts(n *node) (hosts []string) {
	r.each(n, func(element *node) {
		text := r.single(element)
		if text == "" {
			return
		}
		if _, err := policy.ParseHosts(text); err != nil {
			r.fault(element, r.quoted(element)+" is "+inner(err, "not a host with a port from 1 to 65535"), write(n.name))
			return
		}
		hosts = append(hosts, text)
	})
	return hosts
}

// deletions reads how many deletions are allowed.
func (r *reader) deletions(n *node) string {
	text := n.content
	if n.kind != unstable.Integer {
		if text = r.single(n); text == "" {
			return ""
		}
	}
	if _, err := policy.ParseCap(text); err != nil {
		r.fault(n, r.quoted(n)+" is not a number of deletions", `write 10, "5%", "most" or "all"`)
		return ""
	}
	return text
}

// size reads a size such as 256M or 2G, of least MiB or more.
func (r *reader) size(n *node, least int64) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	upper := strings.ToUpper(text)
	digits := strings.TrimRight(upper, "MG")
	amount, err := strconv.ParseInt(digits, 10, 32)
	if strings.HasSuffix(upper, "G") {
		amount <<= 10
	}
	switch {
	case err != nil || len(upper) != len(digits)+1:
		r.fault(n, r.quoted(n)+" is not a size", write(n.name)+"; M is MiB, and G is GiB")
	case amount < least:
		r.fault(n, r.quoted(n)+" is less than "+strconv.FormatInt(least, 10)+"M", write(n.name))
	default:
		return text
	}
	return ""
}
