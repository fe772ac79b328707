package maildir

import (
	"testing"
	"time"
)

func TestADeliveryIsFoundByItsName(t *testing.T) {
	name := Name(time.Unix(1700000000, 5), "0a1b2c")
	if want := "1700000000.0a1b2c.popherd"; name != want {
		t.Errorf("got name %q, want %q", name, want)
	}
	for _, added := range []string{"", ":2,", ":2,FRS", ",S=12,W=13:2,S", ",U=7:2,S", ";2,S", "!2,S"} {
		if id, ok := ID(name + added); id != "0a1b2c" || !ok {
			t.Errorf("ID(%q) = %q, %t", name+added, id, ok)
		}
	}
}

func TestNamesOfOthersHaveNoID(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "1", "1.a", "1.a.host", "1.a.popherds", "1.a.popherd.example", "a.b.popherd", ".b.popherd",
		"1..popherd", "1.M2P3.popherd-host:2,S", "-1.a.popherd",
	} {
		if id, ok := ID(name); ok {
			t.Errorf("ID(%q) = %q, want none", name, id)
		}
	}
}

func TestANameBefore1970(t *testing.T) {
	if got, want := Name(time.Time{}, "a"), "0.a.popherd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
