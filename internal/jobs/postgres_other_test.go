//go:build !linux

package jobs

import "errors"

// startPostgres needs a kernel that ends it when the tests are killed.
func startPostgres(string) (stop func(), err error) {
	return nil, errors.New("these tests start it on Linux alone")
}
