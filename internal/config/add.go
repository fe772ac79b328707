package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// A NewAccount is one to be added to a file. Zero values are left out. It holds
// no secret: that goes where the file says.
type NewAccount struct {
	Name, User, Host string
	Port             int
	TLS              string
	Auth             string
	PasswordCommand  []string
	PasswordFile     string
	OAuthProvider    string
	OAuthClientID    string
	TokenCommand     []string
	CAFile           string
	Fingerprint      string
	Comments         []string // lines above the table, without #
}

// AddAccount appends a table for an account to the file at path, which is made,
// read by its owner alone, if it is not there. What is in the file stays as it
// is, octet for octet. A name that is there is refused, with an [*Error], and
// so is what could not be read afterwards; the file is then as it was.
func AddAccount(path string, a NewAccount) error {
	if err := CheckName(a.Name); err != nil {
		return err
	}
	place, err := placeOf(path)
	if err != nil {
		return err
	}
	unlock, err := lock(place)
	if err != nil {
		return fmt.Errorf("config %s: %w", path, cause(err))
	}
	defer unlock()
	text, mode, err := present(place)
	if err != nil {
		return err
	}
	before, err := parse(path, text, reader{blind: true})
	if err != nil {
		return err
	}
	if _, err := before.Account(a.Name); err == nil {
		return &Error{Path: path, Key: "accounts." + a.Name, Reason: "is there already", Advice: "take another name, or edit the file"}
	}
	text = appended(text, a.table())
	if _, err := parse(path, text, reader{blind: true}); err != nil {
		return fmt.Errorf("config %s: account %s cannot be added: %w", path, a.Name, err)
	}
	return put(path, place, text, mode)
}

// present returns what is in the file, or what a new one begins with.
func present(place string) (text []byte, mode fs.FileMode, err error) {
	text, mode, err = load(place)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte("# Configuration of popherd.\n"), 0o600, nil
	}
	return text, mode.Perm(), err
}

// CheckName refuses what cannot be an account's name, with an [*Error].
func CheckName(name string) error {
	if reason := badName(name); reason != "" {
		return &Error{Key: "accounts." + bareOrQuoted(name), Reason: reason, Advice: "take a name such as work"}
	}
	return nil
}

// appended adds lines to text, parted by an empty one, with the line ends that
// text has.
func appended(text []byte, lines []string) []byte {
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	text = bytes.Clone(text)
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, end...)
	}
	if len(text) > 0 {
		text = append(text, end...)
	}
	for _, line := range lines {
		text = append(append(text, line...), end...)
	}
	return text
}

// table returns the lines of the account's table.
func (a NewAccount) table() []string {
	var lines []string
	for _, comment := range a.Comments {
		lines = append(lines, strings.TrimRight("# "+cleanLine(comment), " "))
	}
	lines = append(lines, "[accounts."+tomlName(a.Name)+"]")
	set := func(name, value, comment string) {
		if comment != "" {
			value += "   # " + comment
		}
		lines = append(lines, name+" = "+value)
	}
	set("user", text(a.User), "")
	set("host", text(a.Host), "")
	if a.Port != 0 {
		set("port", strconv.Itoa(a.Port), "")
	}
	if a.TLS != "" {
		set("tls", text(a.TLS), map[string]string{Implicit: "from the beginning", StartTLS: "demanded", InsecurePlaintext: "everybody on the way reads the password and the mail"}[a.TLS])
	}
	for _, optional := range []struct{ name, value string }{
		{"auth", a.Auth}, {"password_file", a.PasswordFile}, {"ca_file", a.CAFile}, {"fingerprint", a.Fingerprint},
	} {
		if optional.value != "" {
			set(optional.name, text(optional.value), "")
		}
	}
	if len(a.PasswordCommand) > 0 {
		set("password_command", texts(a.PasswordCommand), "no shell; the first line is taken")
	}
	switch {
	case len(a.TokenCommand) > 0:
		set("oauth", "{ token_command = "+texts(a.TokenCommand)+" }", "")
	case a.OAuthProvider != "":
		set("oauth", "{ provider = "+text(a.OAuthProvider)+", client_id = "+text(a.OAuthClientID)+" }", "")
	}
	return lines
}

// cleanLine makes foreign text fit for a comment, which has no control
// characters.
func cleanLine(s string) string {
	return strings.Map(func(c rune) rune {
		if control(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, ""))
}

// text writes a text as TOML, in which ${ is ${ itself.
func text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "${", "$${")
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case control(c):
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String() + `"`
}

// texts writes a list of texts as TOML.
func texts(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = text(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
