//go:build !linux

package main

import "time"

// ownCPU is not known here: there is no Dovecot to measure against either.
func ownCPU() time.Duration { return 0 }

// watch sees nothing here.
func watch(int) func() int64 { return func() int64 { return 0 } }
