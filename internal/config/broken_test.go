package config_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
)

var update = flag.Bool("update", false, "write what the tests got to their golden files")

// options are those of all tests.
var options = config.Options{Home: "/u/anna", Getenv: func(name string) string {
	return map[string]string{"MAIL_PASSWORD": "hunter2", "DOMAIN": "example.org"}[name]
}}

// told is an error as cli shows it.
func told(err error) string {
	var faults *config.Errors
	if !errors.As(err, &faults) {
		return fmt.Sprintf("not *config.Errors: %v\n", err)
	}
	var b strings.Builder
	for _, fault := range faults.List {
		fmt.Fprintln(&b, fault.Error())
		if fault.Excerpt != "" {
			fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(fault.Excerpt, "\n", "\n  "))
		}
		if fault.Hint() != "" {
			fmt.Fprintln(&b, "hint:", fault.Hint())
		}
	}
	if faults.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", faults.More)
	}
	return b.String()
}

// Every broken file is refused in words that say where and why, and none of
// them repeats the password, which is hunter2 in all of them.
func TestBroken(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.toml")
	if err != nil || len(files) < 50 {
		t.Fatalf("got %d broken files, %v, want 50", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = config.Parse("config.toml", text, options)
			if err == nil {
				t.Fatal("it was taken")
			}
			got := told(err)
			for _, bad := range []string{"hunter", "\x1b", "\x00", "\r"} {
				if strings.Contains(got, bad) || strings.Contains(err.Error(), bad) {
					t.Errorf("%q is in the error:\n%q", bad, got)
				}
			}
			golden(t, strings.TrimSuffix(file, ".toml")+".golden", got)
		})
	}
}

// golden compares with a golden file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(got)) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
