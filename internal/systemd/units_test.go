package systemd_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/systemd"
)

var update = flag.Bool("update", false, "write what the tests got to their golden files")

// optionsOfAll are the daemon and a job, for the system and for a user, by the
// folders of their golden files.
func optionsOfAll() map[string]systemd.UnitOptions {
	all := map[string]systemd.UnitOptions{}
	timer := &systemd.Timer{
		Job: "nightly", Schedule: "30 4 1,15 * mon-fri", Zone: "Europe/Berlin", Local: time.UTC, From: now, Jitter: 15 * time.Minute, CatchUp: "once",
	}
	for folder, t := range map[string]*systemd.Timer{"daemon": nil, "job": timer} {
		all[folder+"-system"] = systemd.UnitOptions{
			Program: "/usr/local/bin/popherd", Config: "/etc/popherd/config.toml",
			Reads:       []string{"/etc/popherd/rules.lua"},
			Writes:      []string{"/srv/mail archive", "/var/lib/popherd/backup"},
			Credentials: []systemd.Credential{{Account: "work", File: "/etc/popherd/secrets/work"}},
			Timer:       t,
		}
		all[folder+"-user"] = systemd.UnitOptions{
			Program: "/opt/popherd", Config: "/home" + "/anna/.config/popherd/config.toml", StateHome: "/var/state of/anna",
			User: true, Timer: t,
		}
	}
	return all
}

func TestUnits(t *testing.T) {
	for folder, o := range optionsOfAll() {
		files, err := systemd.Units(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			golden := filepath.Join("testdata", folder, f.Name)
			got := strings.ReplaceAll(f.Text, "/home"+"/anna", "HOME")
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s: got\n%s\nwant\n%s", golden, got, want)
			}
		}
	}
}

// with is the daemon of the system, but for some of it.
func with(change func(*systemd.UnitOptions)) systemd.UnitOptions {
	o := optionsOfAll()["daemon-system"]
	change(&o)
	return o
}

// TestConfinementFitsPaths: the service sees what the configuration names.
func TestConfinementFitsPaths(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      systemd.UnitOptions
		want   []string
		absent string
	}{
		{"ordinary", with(func(o *systemd.UnitOptions) {}), []string{"ProtectHome=yes", "PrivateTmp=yes", `ReadWritePaths="/srv/mail archive"`}, "ReadWritePaths=/var/lib"},
		{"a script in a home", with(func(o *systemd.UnitOptions) { o.Reads = []string{"/home" + "/anna/rules.lua"} }), []string{"ProtectHome=read-only", "PrivateTmp=yes"}, "ProtectHome=yes"},
		{"popherd in a home", with(func(o *systemd.UnitOptions) { o.Program = "/root" + "/go/bin/popherd" }), []string{"ProtectHome=read-only"}, "ProtectHome=yes"},
		{"a target in a home", with(func(o *systemd.UnitOptions) { o.Writes = []string{"/home" + "/anna/Mail"} }), []string{"ProtectHome=read-only", "ReadWritePaths=/home" + "/anna/Mail"}, "ProtectHome=yes"},
		{"what begins like a home", with(func(o *systemd.UnitOptions) { o.Reads = []string{"/homes/x", "/tmpx"} }), []string{"ProtectHome=yes", "PrivateTmp=yes"}, "read-only"},
		{"temporary files", with(func(o *systemd.UnitOptions) { o.Writes = []string{"/var/tmp/mail"} }), []string{"PrivateTmp=no"}, "PrivateTmp=yes"},
		{"a path with %", with(func(o *systemd.UnitOptions) { o.Config = "/etc/100%/$x/c.toml" }), []string{`--config "/etc/100%%/$$x/c.toml" daemon`}, "100%/"},
		{"many accounts", with(func(o *systemd.UnitOptions) {
			for len(o.Credentials) < 1000 {
				o.Credentials = append(o.Credentials, o.Credentials[0])
			}
		}), []string{"# and so on"}, strings.Repeat("#LoadCredential=popherd.work:/etc/popherd/secrets/work\n", 21)},
	} {
		files, err := systemd.Units(c.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(files[0].Text, want+"\n") {
				t.Errorf("%s: there is no line with %s in\n%s", c.name, want, files[0].Text)
			}
		}
		if strings.Contains(files[0].Text, c.absent) {
			t.Errorf("%s: there is %s in\n%s", c.name, c.absent, files[0].Text)
		}
	}
}

func TestUnitsThatCannotBeWritten(t *testing.T) {
	timer := func(jitter time.Duration, text string) *systemd.Timer {
		return &systemd.Timer{Job: "x", Schedule: text, Local: time.UTC, From: now, Jitter: jitter, CatchUp: "once"}
	}
	for _, c := range []struct {
		o    systemd.UnitOptions
		want string
	}{
		{with(func(o *systemd.UnitOptions) { o.Program = "" }), `program "": not an absolute path`},
		{with(func(o *systemd.UnitOptions) { o.Program = "popherd" }), `program "popherd": not an absolute path`},
		{with(func(o *systemd.UnitOptions) { o.Program = `/opt/a"b` }), `program "/opt/a\"b": systemd takes no quotes`},
		{with(func(o *systemd.UnitOptions) { o.Config = "config.toml" }), `configuration "config.toml": not an absolute path`},
		{with(func(o *systemd.UnitOptions) { o.Config = "/etc/a\nExecStartPre=/bin/x" }), "systemd takes no such characters"},
		{with(func(o *systemd.UnitOptions) { o.Writes = []string{"/srv/\xff"} }), "systemd takes no such characters"},
		{with(func(o *systemd.UnitOptions) { o.Credentials[0].File = "/srv/\r" }), "systemd takes no such characters"},
		{with(func(o *systemd.UnitOptions) { o.Config = "/home" + "/anna/config.toml" }), "a service of the system has no business in a home"},
		{with(func(o *systemd.UnitOptions) { o.User, o.StateHome = true, "/x\n" }), "systemd takes no such characters"},
		{with(func(o *systemd.UnitOptions) { o.Timer = timer(0, "@every 7m") }), "a day is no multiple of it"},
		{with(func(o *systemd.UnitOptions) { o.Timer = timer(20*time.Minute, "*/15 * * * *") }), "jitter 20m0s: the job's times are 15m0s apart"},
	} {
		_, err := systemd.Units(c.o)
		e, ok := err.(*systemd.Error)
		if !ok || !strings.Contains(e.Error(), c.want) || e.Hint() == "" {
			t.Errorf("got %v, want %s and a hint", err, c.want)
		}
	}
}

// TestTimerSaysCatchUpAndJitter looks at what the golden files do not have.
func TestTimerSaysCatchUpAndJitter(t *testing.T) {
	for _, c := range []struct {
		catchUp string
		jitter  time.Duration
		want    []string
	}{
		{"once", 0, []string{"Persistent=true"}},
		{"skip", 90 * time.Second, []string{"Persistent=false", "RandomizedDelaySec=90s"}},
		{"all", time.Hour, []string{"Persistent=true", "RandomizedDelaySec=60min", "# Of runs that were missed systemd makes up for the last one only, not for all."}},
		{"once", 1500 * time.Millisecond, []string{"RandomizedDelaySec=1500000us"}},
	} {
		files, err := systemd.Units(with(func(o *systemd.UnitOptions) {
			o.Timer = &systemd.Timer{Job: "x", Schedule: "0 4 * * *", Local: time.UTC, From: now, Jitter: c.jitter, CatchUp: c.catchUp}
		}))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(files[1].Text, "\n"+want+"\n") {
				t.Errorf("%s, %v: there is no line %s in\n%s", c.catchUp, c.jitter, want, files[1].Text)
			}
		}
	}
}
