package cli

import (
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
)

// policyPairs are what a policy says, by the configuration's keys.
func policyPairs(p config.Policy) (pairs []pair) {
	for _, s := range settings(p) {
		if len(s.values) > 0 {
			pairs = append(pairs, pair{strings.ReplaceAll(s.flag, "-", "_"), strings.Join(s.values, ", ")})
		}
	}
	return pairs
}

// jobPairs are what is set for a job, with what [policy] permits it.
func jobPairs(j config.Job) []pair {
	pairs := []pair{
		{"script", j.Script}, {"args", strings.Join(j.Args, " ")}, {"accounts", strings.Join(j.Accounts, ", ")},
		{"schedule", j.Schedule}, {"zone", j.Zone}, {"jitter", duration(j.Jitter)}, {"deadline", duration(j.Deadline)},
		{"catch_up", j.CatchUp}, {"first_run", j.FirstRun}, {"retries", j.Retries}, {"pause_after", j.PauseAfter}, {"enabled", j.Enabled},
	}
	pairs = append(pairs, policyPairs(j.Policy)...)
	if j.Notify != nil {
		pairs = append(pairs, pair{"notify", notifyText(j.Notify)})
	}
	return onlySet(pairs)
}

// duration is d as people write it; "" is none.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// notifyText says who is told, and of what. The arguments of a command may hold
// what others should not see.
func notifyText(n *config.Notify) string {
	var of, whom []string
	if n.Failure {
		of = append(of, "failure")
	}
	if n.Over != nil {
		of = append(of, "more than "+plural(*n.Over, "deletion"))
	}
	if len(n.Command) > 0 {
		whom = append(whom, "command "+n.Command[0]+arguments(len(n.Command)-1))
	}
	if n.Target != "" {
		whom = append(whom, "target "+n.Target)
	}
	return strings.Join(of, ", ") + ": " + strings.Join(whom, ", ")
}

// daemonPairs are what is set for the daemon, without its secrets.
func daemonPairs(d config.Daemon) []pair {
	pairs := []pair{
		{"db", d.DB}, {"listen", d.Listen}, {"token", d.Token.Literal.String()}, {"token_file", d.Token.File}, {"token_env", d.Token.Env},
	}
	if d.Workers > 0 { // else there is no configuration
		pairs = append(pairs, pair{"workers", d.Workers}, pair{"history_days", d.HistoryDays})
	}
	return onlySet(pairs)
}
