package pop3test_test

import "testing"

// TestStat runs the example.
func TestStat(t *testing.T) { stat(t) }
