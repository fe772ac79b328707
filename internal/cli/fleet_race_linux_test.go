//go:build race

package cli_test

import "time"

// The race detector makes a run take ten times as long.
const (
	fleetAccounts = 60
	fleetRate     = 60
	fleetLead     = 15 * time.Second
)
