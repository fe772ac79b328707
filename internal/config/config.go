// Package config reads the configuration file: accounts, targets, policy and jobs. It
// finds the file, reads it strictly, says where what is wrong with it, adds
// accounts to it, and replaces it whole. It connects to nothing, and asks for no secret.
package config

import (
	"time"

	"github.com/popherd/popherd/internal/secret"
)

// A Config is a file that was read and checked, or the zero value for none.
type Config struct {
	Path     string // of the file; "" if there is none
	Accounts []Account
	Targets  []Target
	Policy   Policy
	Jobs     []Job
	Daemon   Daemon
}

// How a connection gets TLS.
const (
	Implicit          = "implicit"           // from the first octet
	StartTLS          = "starttls"           // by STLS, demanded
	InsecurePlaintext = "insecure-plaintext" // not at all: everybody on the way reads the password and the mail
)

// An Account is a user on a server, and where the secret is. Defaults are
// filled in, paths are absolute.
type Account struct {
	Name string // of its table: accounts.NAME
	User string
	Host string
	Port int    // 995 for Implicit, else 110, unless given
	TLS  string // Implicit, StartTLS or InsecurePlaintext
	Auth string // a login.Method's name; "auto" unless given

	Secret secret.Sources `json:"-"` // read where the secrets are, never elsewhere
	OAuth  *OAuth

	CAFile      string // PEM; in place of the system's authorities
	Fingerprint string // "sha256:" and 64 lower-case hex digits; of the server's certificate
	ClientCert  string // PEM
	ClientKey   string // PEM; "" if ClientCert holds it too
	MinTLS      string // "1.2" or "1.3"
	ServerName  string // that the certificate must have; "" for Host

	Proxy         string // socks5://HOST:PORT, or ""
	SourceAddress string // an IP address to connect from, or ""
	AddressFamily string // "any", "ipv4" or "ipv6"

	ReadAhead    bool // retr in loops is asked ahead
	NoPipelining bool
	Timeouts     Timeouts
}

// Timeouts are an account's own; 0 leaves them to the command line.
type Timeouts struct {
	Connect, Command time.Duration
}

// OAuth is where an account's access tokens come from.
type OAuth struct {
	Provider     string // "google", "microsoft", or "" with URLs of its own
	ClientID     string
	ClientSecret secret.Secret `json:"-"` // "" for public clients
	DeviceURL    string
	AuthURL      string
	TokenURL     string
	Scopes       []string
	TokenCommand []string // prints an access token; no shell. Alone, without the rest
}

// A Target is a named place for mail.
type Target struct {
	Name string
	Spec string // as deliver.Parse reads it
}

// Policy is what runs are permitted unless the command line says otherwise.
// Zero values say nothing.
type Policy struct {
	AllowNet       []string
	AllowDelete    string // as policy.ParseCap reads it
	AllowWrite     []string
	Backup         string
	BackupDays     int
	BackupMax      string
	StateDir       string
	Quarantine     *int
	Lib            []string
	ConnectTimeout time.Duration
	CommandTimeout time.Duration
	Timeout        time.Duration
	MaxMemory      string
	MaxCPU         time.Duration
	MaxSteps       int64
	MaxOutput      string
	Parallel       int // accounts at once
}
