package host

import "testing"

func TestLookup(t *testing.T) {
	addresses, err := Lookup(t.Context(), "127.0.0.1")
	if err != nil || len(addresses) != 1 {
		t.Errorf("got %v, %v", addresses, err)
	}
}
