package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/doctor"
	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
)

// configures writes the configuration, and account's passwords beside it.
func (p *person) configures(text string, passwords ...string) {
	p.t.Helper()
	dir := filepath.Join(p.home, ".config", "popherd")
	p.has(filepath.Join(dir, "config.toml"), text)
	for i := 0; i+1 < len(passwords); i += 2 {
		p.has(filepath.Join(dir, "secrets", passwords[i]), passwords[i+1]+"\n")
	}
}

// reaches is an account of a server that listens on loopback.
func reaches(t *testing.T, name, address, ca string) string {
	return fmt.Sprintf("[accounts.%s]\nuser = \"anna@example.org\"\nhost = \"127.0.0.1\"\nport = %s\nca_file = %q\n", name, at(t, address), ca)
}

// All is well: one account on the embedded server, one on a Dovecot.
func TestDoctorFindsAllWell(t *testing.T) {
	embedded := annas(t, logintest.Options{})
	dovecot := dovecottest.Start(t, dovecottest.Options{})
	user := dovecot.AddUser("anna@example.org", password)
	user.Deliver([]byte("Subject: one\r\n\r\nhello\r\n"))
	p := sit(t)
	p.keyring = memory{"dovecot": secret.New(password)}
	p.configures(reaches(t, "embedded", embedded.TLSAddr(), embedded.CAFile)+
		reaches(t, "dovecot", dovecot.Addr(), dovecot.CAFile)+"tls = \"starttls\"\nkeyring = true\n"+
		"[targets]\narchive = \"maildir:"+p.home+"/archive\"\n", "embedded", password)
	p.starts("doctor")
	p.ends(exitOK)
	p.golden("doctor", embedded.CAFile, "EMBEDDED.pem", dovecot.CAFile, "DOVECOT.pem")
	p.discreet()
	if user.Count() != 1 {
		t.Errorf("got %d messages, want 1: doctor has changed the maildrop", user.Count())
	}
}

// Much is wrong: each fault is said, with what to do, and the accounts that are
// well are found well.
func TestDoctorFindsFaults(t *testing.T) {
	s := annas(t, logintest.Options{})
	closed := logintest.Start(t, logintest.Options{})
	p := sit(t)
	p.configures(
		reaches(t, "refused", s.TLSAddr(), s.CAFile)+
			reaches(t, "well", s.TLSAddr(), s.CAFile)+
			reaches(t, "stranger", s.TLSAddr(), closed.CAFile)+
			reaches(t, "asked", s.TLSAddr(), s.CAFile)+
			reaches(t, "open", s.TLSAddr(), s.CAFile)+
			reaches(t, "broken", s.TLSAddr(), s.CAFile)+"password_command = [\"false\"]\n"+
			reaches(t, "lost", s.TLSAddr(), filepath.Join(p.home, "no.pem"))+
			"[targets]\ngone = \"eml:"+p.home+"/a/b\"\nfile = \"maildir:"+p.home+"/.config/popherd/config.toml\"\n"+
			"program = 'pipe:[\"/no/such/program\"]'\nrelay = \"smtp://mail.example.org/?rcpt=a@example.org&insecure-plain-text=yes\"\n"+
			"[policy]\nbackup = \""+p.home+"/backups\"\n",
		"refused", "letmein", "well", password, "stranger", password, "open", password, "lost", password)
	if err := os.Chmod(filepath.Join(p.home, ".config", "popherd", "secrets", "open"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(p.home, ".config", "popherd", "config.toml"), 0o664); err != nil {
		t.Fatal(err)
	}
	p.has(filepath.Join(p.home, ".local", "state", "popherd", "state.db"), "no database")
	p.starts("doctor")
	p.ends(exitSomeFailed)
	p.golden("doctor-faults", s.CAFile, "CA.pem", closed.CAFile, "OTHER.pem")
	p.discreet()
	for _, attempt := range s.Attempts() {
		if attempt.User != "anna@example.org" {
			t.Errorf("got a login as %q", attempt.User)
		}
	}
}

// A configuration that cannot be read is exit status 78, and the machine is
// looked at all the same.
func TestDoctorWithAWrongConfiguration(t *testing.T) {
	p := sit(t)
	p.configures("[accounts.work]\nuser = \"anna\"\nhots = \"pop.example.org\"\nport = 99999\n")
	p.starts("doctor", "work")
	p.ends(exitConfig)
	p.golden("doctor-configuration")
}

// Without a network nobody is asked for anything, and JSON says the same as the
// table.
func TestDoctorWithoutNetwork(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	p.configures(reaches(t, "work", s.TLSAddr(), s.CAFile)+reaches(t, "home", s.TLSAddr(), s.CAFile), "work", password)
	p.starts("doctor", "--no-network", "-o", "json", "work")
	p.ends(exitOK)
	p.discreet()
	var report doctor.Report
	if err := json.Unmarshal([]byte(p.transcript()), &report); err != nil {
		t.Fatalf("%v:\n%s", err, p.transcript())
	}
	var got []string
	for _, section := range report.Sections {
		if section.Kind == doctor.Account {
			for _, f := range section.Findings {
				got = append(got, fmt.Sprintf("%s %s %s", section.Name, f.Level, f.Check))
			}
		}
	}
	if want := "work ok ca_file, work ok password, work info network"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
	if n := len(s.Attempts()) + len(s.Received()); n != 0 {
		t.Errorf("the server was asked: %q", s.Received())
	}
}

// A name that no account has is said before anything is looked at.
func TestDoctorOfNobody(t *testing.T) {
	p := sit(t)
	p.configures("[accounts.work]\nuser = \"anna\"\nhost = \"pop.example.org\"\n")
	p.starts("doctor", "wrok", "--no-network")
	p.reads(`did you mean "work"?`)
	p.ends(exitUsage)
}
