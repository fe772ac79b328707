//go:build !race

package cli_test

import "time"

const (
	fleetAccounts = 200
	fleetRate     = 100
	fleetLead     = 4 * time.Second
)
