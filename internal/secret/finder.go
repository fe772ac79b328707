package secret

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// A Finder finds the secrets of accounts. The zero value knows no defaults: it
// takes what Sources name. It may be used by several goroutines, and is not
// copied once it was used.
type Finder struct {
	Stdin   func() (Secret, error)   // what standard input or a descriptor gives; called once. Unless nil the only source asked
	Getenv  func(name string) string // nil for an empty environment. CREDENTIALS_DIRECTORY and NETRC are looked up, too
	Environ []string                 // what commands have for environment; nil for that of this program
	Dir     string                   // the folder of the configuration, for File; "" for none
	Home    string                   // for .netrc; "" for none
	Keyring Keyring                  // nil for none
	Now     func() time.Time         // nil for time.Now

	// Prompt asks a person, one at a time; nil, or an error that is ErrNobody, if
	// there is nobody to ask.
	Prompt func(ctx context.Context, prompt string) (Secret, error)

	mu      sync.Mutex
	answers map[question]*answer // of commands and of Stdin, by what was asked
	whose   *person              // Stdin's secret is
	turn    chan struct{}        // full while a person is being asked
}

// Wanted is an account whose secret is looked for.
type Wanted struct {
	Name       string // of the account. With "" or a name that File refuses, as of a URL, what goes by the name is not asked
	User, Host string
	Sources    Sources
}

// who names the account for people.
func (w Wanted) who() string {
	if w.Name != "" {
		return clean(w.Name)
	}
	return clean(w.User + "@" + w.Host)
}

// named reports whether variables, files and keys can go by the account's name.
func (w Wanted) named() bool { return checkName(w.Name) == nil }

// Found is a secret and where it was.
type Found struct {
	Secret Secret
	Source string // for people: keyring, command "pass", environment POPHERD_PASSWORD_WORK
}

// Find returns the secret of the first source that has it, in this order:
// Stdin; the service's credential popherd.NAME; the environment; the command;
// the configuration itself; the keyring; the file; netrc; a person. A source
// that Sources name, and one that is there by default but cannot be used, end
// the search with an *Error, and the rest is not asked. If nothing is there the
// error is a *NotFoundError.
func (f *Finder) Find(ctx context.Context, w Wanted) (Found, error) {
	return f.find(ctx, w, f.prompt)
}

// Has is Find that asks no person: for looking whether an account is ready. The
// command is run.
func (f *Finder) Has(ctx context.Context, w Wanted) (source string, err error) {
	found, err := f.find(ctx, w)
	return found.Source, err
}

// A step asks one source. It returns the source without a Secret if there is
// none, and nothing at all if there is no such source.
type step func(context.Context, Wanted) (Found, error)

func (f *Finder) find(ctx context.Context, w Wanted, last ...step) (Found, error) {
	steps := append([]step{f.credential, f.environment, f.command, f.literal, f.keyring, f.file, f.netrc}, last...)
	if f.Stdin != nil {
		steps = []step{f.given}
	}
	missing := &NotFoundError{Account: w.who(), hint: f.places(w)}
	for _, ask := range steps {
		if err := ctx.Err(); err != nil {
			return Found{}, fmt.Errorf("account %s: find its password: %w", w.who(), err)
		}
		found, err := ask(ctx, w)
		if err == nil && !found.Secret.IsZero() {
			found.Secret, err = proper(found.Secret)
		}
		switch {
		case err != nil:
			return Found{}, &Error{Account: w.who(), Source: found.Source, Err: err}
		case !found.Secret.IsZero():
			return found, nil
		case found.Source != "":
			missing.Tried = append(missing.Tried, found.Source)
		}
	}
	return Found{}, missing
}

// places says where a password may be put.
func (f *Finder) places(w Wanted) string {
	if !w.named() {
		return "give it with --password-stdin, or add the account to the configuration"
	}
	hint := fmt.Sprintf("popherd accounts set-password %s puts it into the keyring", w.Name)
	if path, err := File(f.Dir, w.Name); f.Dir != "" && err == nil {
		hint += fmt.Sprintf("; or put it into %q, for you alone to read (chmod 600)", path)
	}
	return hint + "; or set password_command"
}

var errUnset = errors.New("it is not set, or empty")

func (f *Finder) environment(_ context.Context, w Wanted) (Found, error) {
	name := w.Sources.Env
	if name == "" && w.named() {
		name = Variable(w.Name)
	}
	if name == "" {
		return Found{}, nil
	}
	found := Found{New(f.getenv(name)), "environment " + clean(name)}
	if w.Sources.Env != "" && found.Secret.IsZero() {
		return found, errUnset
	}
	return found, nil
}

func (f *Finder) getenv(name string) string {
	if f.Getenv == nil {
		return ""
	}
	return f.Getenv(name)
}

func (f *Finder) literal(_ context.Context, w Wanted) (Found, error) {
	if w.Sources.Literal.IsZero() {
		return Found{}, nil
	}
	return Found{w.Sources.Literal, "configuration"}, nil
}

func (f *Finder) keyring(_ context.Context, w Wanted) (Found, error) {
	found, asked := Found{Source: "keyring"}, w.Sources.Keyring != nil
	if !w.named() || asked && !*w.Sources.Keyring || !asked && f.Keyring == nil {
		return Found{}, nil
	}
	err := ErrNoKeyring
	if f.Keyring != nil && (asked || !launches(f.Keyring, f.getenv)) {
		found.Secret, err = f.Keyring.Get(Service, w.Name)
	}
	switch {
	case err == nil && found.Secret.IsZero():
		return found, errEmpty
	case err == nil:
		return found, nil
	case !asked: // whoever has no keyring has the password elsewhere
		return Found{Source: fmt.Sprintf("keyring (%v)", err)}, nil
	case errors.Is(err, ErrNotInKeyring):
		return found, advise(err, "popherd accounts set-password %s puts it there", w.Name)
	}
	return found, advise(err, "keyring = true in the configuration asks for it; popherd can have the password from password_command, too")
}

// credential is what a service manager hands to a service: systemd's
// LoadCredential=popherd.NAME:FILE.
func (f *Finder) credential(_ context.Context, w Wanted) (Found, error) {
	dir := f.getenv("CREDENTIALS_DIRECTORY")
	if dir == "" || !w.named() {
		return Found{}, nil
	}
	path := filepath.Join(dir, Service+"."+w.Name)
	found := Found{Source: fmt.Sprintf("credential %q", path)}
	if !filepath.IsAbs(dir) {
		return found, errRelative
	}
	var err error
	found.Secret, err = readFile(path, handed)
	if absent(path, err) {
		return found, nil
	}
	return found, err
}

func (f *Finder) file(_ context.Context, w Wanted) (Found, error) {
	path, named := w.Sources.File, w.Sources.File != ""
	if !named {
		var err error
		if path, err = File(f.Dir, w.Name); f.Dir == "" || err != nil {
			return Found{}, nil
		}
	}
	found := Found{Source: fmt.Sprintf("file %q", path)}
	if named && !filepath.IsAbs(path) {
		return found, errRelative
	}
	var err error
	found.Secret, err = readFile(path, ours)
	if !named && absent(path, err) {
		return found, nil
	}
	return found, err
}
