package deliver

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what sort of target a spec names.
type Kind string

// The kinds, as specs begin.
const (
	Maildir Kind = "maildir" // maildir:DIR
	Mbox    Kind = "mbox"    // mbox:FILE
	EML     Kind = "eml"     // eml:DIR
	SMTP    Kind = "smtp"    // smtp://[USER@]HOST[:PORT]/?from=ADDRESS&rcpt=ADDRESS: STARTTLS is demanded
	SMTPS   Kind = "smtps"   // smtps://..., TLS from the start
	LMTP    Kind = "lmtp"    // lmtp://HOST:PORT/?rcpt=ADDRESS or lmtp:unix:PATH?rcpt=ADDRESS
	Pipe    Kind = "pipe"    // pipe:["/path/of/command", "argument"]
)

// A Spec is a target as somebody wrote it, checked.
type Spec struct {
	Kind       Kind
	Path       string   // of a folder, a file, a socket
	Host, Port string   // of a server
	User       string   // to log in as; "" does not log in
	From       string   // MAIL FROM; "" takes Envelope.Sender
	Recipients []string // RCPT TO, in order
	StartTLS   bool     // TLS is demanded after STARTTLS
	Plain      bool     // "insecure-plain-text": everybody on the way may read and change the mail
	Command    []string // argv
	text       string
}

// String returns the spec as it was given, which holds no password.
func (s Spec) String() string { return s.text }

// known is for errors.
const known = `"maildir:DIR", "mbox:FILE", "eml:DIR", "smtp://HOST/?rcpt=ADDRESS", "smtps://HOST/?rcpt=ADDRESS", "lmtp://HOST:PORT/?rcpt=ADDRESS", "lmtp:unix:PATH?rcpt=ADDRESS" or "pipe:[\"/PATH/OF/COMMAND\", \"ARGUMENT\"]"`

// Parse reads a spec. Errors name what is wrong in it and what would be right.
// Nothing is opened or looked up.
func Parse(spec string) (Spec, error) {
	kind, rest, ok := strings.Cut(spec, ":")
	s := Spec{Kind: Kind(kind), text: spec}
	var err error
	switch s.Kind {
	case Maildir, Mbox, EML:
		s.Path, err = parsePath(rest)
	case SMTP, SMTPS:
		err = s.parseURL(spec)
	case LMTP:
		if path, unix := strings.CutPrefix(rest, "unix:"); unix {
			err = s.parseSocket(path)
		} else {
			err = s.parseURL(spec)
		}
	case Pipe:
		s.Command, err = parseCommand(rest)
	default:
		ok = false
	}
	if !ok {
		// It may hold a password: it is not repeated.
		return Spec{}, fmt.Errorf("target: the kind is not known: write %s", known)
	}
	if err != nil {
		return Spec{}, fmt.Errorf("target %s: %w", kind, err)
	}
	return s, nil
}

func parsePath(path string) (string, error) {
	switch {
	case path == "":
		return "", fmt.Errorf("no path: write a file or folder behind the colon")
	case strings.ContainsRune(path, 0):
		return "", fmt.Errorf("path %q holds a NUL", path)
	case path == "~" || strings.HasPrefix(path, "~/"):
		return "", fmt.Errorf("path %q: %q stands for no folder here: write $HOME, or the whole path", path, "~")
	}
	return filepath.Clean(path), nil
}

func parseCommand(text string) ([]string, error) {
	var argv []string
	if err := json.Unmarshal([]byte(text), &argv); err != nil || len(argv) == 0 {
		return nil, fmt.Errorf(`command %s is not a list of texts: write ["/path/of/command", "argument"]; there is no shell`, text)
	}
	if !filepath.IsAbs(argv[0]) {
		return nil, fmt.Errorf("command %q is not a whole path: write where it is, such as %q", argv[0], "/usr/bin/"+filepath.Base(argv[0]))
	}
	if slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }) {
		return nil, fmt.Errorf("command %q holds a NUL", argv[0])
	}
	return argv, nil
}

// parseURL reads a server's URL.
func (s *Spec) parseURL(spec string) error {
	u, err := url.Parse(spec)
	if err != nil {
		return fmt.Errorf("not a URL: write %s://HOST:PORT/?rcpt=ADDRESS", s.Kind) // err repeats the spec
	}
	if _, has := u.User.Password(); has {
		return fmt.Errorf("a password stands in the URL, where others can read it: take it out, and give it as a secret")
	}
	s.User, s.Host, s.Port = u.User.Username(), u.Hostname(), u.Port()
	switch {
	case s.Host == "":
		return fmt.Errorf("no host: write %s://HOST:PORT/?rcpt=ADDRESS", s.Kind)
	case u.Path != "" && u.Path != "/", u.Fragment != "", u.Opaque != "":
		return fmt.Errorf("host %q: nothing but ?from=ADDRESS&rcpt=ADDRESS may follow", s.Host)
	case strings.IndexFunc(s.User, control) >= 0 || strings.IndexFunc(s.Host, control) >= 0:
		return fmt.Errorf("host %q: user and host hold no control characters", s.Host)
	}
	if err := s.parsePort(); err != nil {
		return err
	}
	return s.parseQuery(u.RawQuery)
}

func (s *Spec) parsePort() error {
	if s.Port == "" {
		s.Port = map[Kind]string{SMTP: "587", SMTPS: "465"}[s.Kind]
	}
	if s.Port == "" {
		return fmt.Errorf("host %q: no port: write lmtp://%s:24/?rcpt=ADDRESS", s.Host, s.Host)
	}
	if n, err := strconv.ParseUint(s.Port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("host %q: port %q is not 1 to 65535", s.Host, s.Port)
	}
	return nil
}

// parseSocket reads what follows "lmtp:unix:".
func (s *Spec) parseSocket(text string) (err error) {
	path, query, _ := strings.Cut(text, "?")
	if s.Path, err = parsePath(path); err != nil {
		return err
	}
	return s.parseQuery(query)
}

const maxRecipients = 100 // which every server takes at once, RFC 5321 section 4.5.3.1.8

func (s *Spec) parseQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("query %q: %w", query, err)
	}
	for name, list := range values {
		switch name {
		case "rcpt":
			s.Recipients = list
		case "from":
			s.From = list[0]
		case "starttls":
			s.StartTLS = list[0] == "yes"
		case "insecure-plain-text":
			s.Plain = list[0] == "yes"
		default:
			return fmt.Errorf("query %q is not known: there are rcpt, from, starttls=yes and insecure-plain-text=yes", name)
		}
	}
	switch {
	case len(s.Recipients) == 0:
		return fmt.Errorf("no recipient: add ?rcpt=ADDRESS")
	case len(s.Recipients) > maxRecipients:
		return fmt.Errorf("%d recipients, more than %d", len(s.Recipients), maxRecipients)
	case s.From != "" && !isAddress(s.From, false):
		return fmt.Errorf("from %q is not an address", s.From)
	case s.StartTLS && s.Plain:
		return fmt.Errorf("starttls and insecure-plain-text exclude each other")
	}
	for i, r := range s.Recipients {
		if !isAddress(r, s.Kind == LMTP) {
			return fmt.Errorf("recipient %q is not an address", r)
		}
		if slices.Contains(s.Recipients[:i], r) {
			return fmt.Errorf("recipient %q is named twice", r)
		}
	}
	if s.Kind == LMTP && (s.StartTLS || s.Path == "" && !s.Plain && !loopback(s.Host)) {
		return fmt.Errorf("host %q: LMTP is spoken here without TLS, so only to this machine: use smtps, or lmtp:unix:PATH", s.Host)
	}
	// Away from this machine, mail is not sent in clear by default.
	s.StartTLS = s.StartTLS || s.Kind != SMTPS && s.Path == "" && !s.Plain && !loopback(s.Host)
	return nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func (s Spec) address() string { return net.JoinHostPort(s.Host, s.Port) }

const maxAddress = 254 // octets, RFC 5321 section 4.5.3.1.3

// isAddress reports whether text can stand between < and > of a command and
// is taken there for what it is; bare allows a user without domain.
func isAddress(text string, bare bool) bool {
	local, domain := text, ""
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		local, domain = text[:at], text[at+1:]
	} else if !bare {
		return false
	}
	return local != "" && (bare || domain != "") && len(text) <= maxAddress &&
		strings.IndexFunc(text, func(c rune) bool {
			return c <= ' ' || c == 0x7f || strings.ContainsRune("<>\\\",;:", c) && !literal(domain, c) || c == 0xfffd || control(c)
		}) < 0
}

// literal reports whether a colon stands in an address literal, [IPv6:...].
func literal(domain string, c rune) bool { return c == ':' && strings.HasPrefix(domain, "[") }

func control(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }
