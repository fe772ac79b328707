//go:build unix && !darwin

package secret

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestNoBusIsStarted: where there is no bus, the library would run dbus-launch,
// from which a program stays behind.
func TestNoBusIsStarted(t *testing.T) {
	if _, err := os.Stat(filepath.Join("/run/user", fmt.Sprint(os.Getuid()))); err == nil {
		t.Skip("there may be a bus")
	}
	bin := t.TempDir()
	ran := filepath.Join(bin, "ran")
	script := fmt.Sprintf("#!/bin/sh\ntouch %q\nexit 1\n", ran)
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	address := ""
	f := &Finder{Keyring: SystemKeyring(), Getenv: func(name string) string {
		return map[string]string{"DBUS_SESSION_BUS_ADDRESS": address}[name]
	}}
	_, err := f.Find(t.Context(), Wanted{Name: "work"})
	want := "account work: no password: looked in environment POPHERD_PASSWORD_WORK, keyring (no keyring can be used)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a bus was started")
	}
	for _, test := range []struct {
		address string
		keyring Keyring
		want    bool
	}{
		{"", SystemKeyring(), true}, {"autolaunch:", SystemKeyring(), true}, {"unix:path=/x", SystemKeyring(), false},
		{"", &bounded{Keyring: hanging{}}, false}, {"", hanging{}, false}, {"", nil, false},
	} {
		address = test.address
		if got := launches(test.keyring, f.getenv); got != test.want {
			t.Errorf("address %q, keyring %T: got %v, want %v", test.address, test.keyring, got, test.want)
		}
	}
}
