package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
)

// exportState writes the state to a new file, or to standard output.
func (sh *shell) exportState(ctx context.Context, flag string, args []string) error {
	store, damage, err := sh.openToSave(ctx, flag)
	if err != nil {
		return err
	}
	defer store.Close()
	if len(args) == 0 {
		return saved(cmp.Or(store.Export(ctx, output{sh.Stdout}), damage), "on standard output")
	}
	path := args[0]
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &usageError{object: fmt.Sprintf("export %q", path), reason: "there is such a file already", hint: "nothing is overwritten: name another"}
	}
	if err != nil {
		return &inputError{"export", path, pathReason(err)}
	}
	err = store.Export(ctx, file)
	lasting := errors.Join(file.Sync(), file.Close())
	if lasting != nil || err != nil && !errors.As(err, new(*state.DamagedError)) {
		os.Remove(path) // half an export is none
		return cmp.Or(err, lasting)
	}
	if err := saved(cmp.Or(err, damage), "in "+path); err != nil {
		return err
	}
	return sh.say("exported the state to %s", path)
}

// openToSave opens the state even if it is damaged, which it then says.
func (sh *shell) openToSave(ctx context.Context, flag string) (store *state.Store, damage, err error) {
	store, err = sh.openState(ctx, flag)
	if !errors.As(err, new(*state.DamagedError)) {
		return store, nil, err
	}
	dir, wrong := sh.stateDir(flag)
	if wrong != nil {
		return nil, nil, wrong
	}
	damage = err
	if store, wrong = state.Open(ctx, dir, state.Options{ReadOnly: true}); wrong != nil {
		return nil, nil, damage
	}
	return store, damage, nil
}

// saved says of a damaged state what became of its export.
func saved(err error, where string) error {
	if !errors.As(err, new(*state.DamagedError)) {
		return err
	}
	return withStatus(exitInput, err, "what could still be read of it is "+where+"; move the state away, and make a new one of that with popherd state import")
}

// importState makes a state of an export.
func (sh *shell) importState(ctx context.Context, flag, path string) error {
	dir, err := sh.stateDir(flag)
	if err != nil {
		return err
	}
	in := sh.Stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return &inputError{"export", path, pathReason(err)}
		}
		defer file.Close()
		in = file
	}
	err = state.Import(ctx, dir, in)
	target := filepath.Join(dir, state.FileName)
	switch {
	case err == nil:
		return sh.say("made %s of %s", target, path)
	case errors.Is(err, fs.ErrExist):
		return &usageError{object: "state " + target, reason: "there is one already", hint: "move it away, or name another folder with --state-dir"}
	case errors.As(err, new(*fs.PathError)), exitStatus(stateFault(err)) != exitNoInput:
		return err
	}
	return withStatus(exitInput, fmt.Errorf("export %q: %w", path, err), "it must be all that popherd state export has written")
}

// forgetAccount forgets an account and says what that was.
func (sh *shell) forgetAccount(ctx context.Context, flag, account string) error {
	store, err := sh.openState(ctx, flag)
	if err != nil {
		return err
	}
	defer store.Close()
	if account, err = sh.remembered(account); err != nil {
		return err
	}
	rows, names, err := recollect(ctx, store, account)
	if err != nil {
		return err
	}
	if !slices.Contains(names, account) {
		return unknownAccount(account, names)
	}
	if err := store.Forget(ctx, account, sh.clock()); err != nil {
		return err
	}
	kept := ""
	if n := rows["backup"]; n > 0 {
		kept = fmt.Sprintf("; its %s, and where they are, stay", plural(n, "backup"))
	}
	return sh.say("forgot account %s: %s, %s, %s%s", account,
		messages(rows["message"]), plural(rows["run"], "run"), plural(rows["value"], "value"), kept)
}

// unknownAccount says what a name may have meant.
func unknownAccount(account string, names []string) error {
	hint := "popherd log shows those that there are"
	if similar := luabind.Suggest(account, names); similar != "" && luabind.Suggest(owner(account), []string{owner(similar)}) != "" {
		hint = "did you mean " + similar + "?"
	}
	return withStatus(exitNoInput, fmt.Errorf("account %q: nothing is remembered of it", account), hint)
}

// owner is the user of user@host: that of somebody else is not suggested.
func owner(account string) string {
	user, _, _ := strings.Cut(account, "@")
	return user
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// recollect counts what is remembered of an account, by table, and names all
// accounts. It reads an export, since nothing else tells of an account whose
// runs have been forgotten.
func recollect(ctx context.Context, store *state.Store, account string) (rows map[string]int, names []string, err error) {
	exported, w := io.Pipe()
	go func() { w.CloseWithError(store.Export(ctx, w)) }()
	defer exported.Close()
	in := json.NewDecoder(exported)
	rows = map[string]int{}
	id := any(-1.0) // the account's, by which all but backups name it
	for {
		var line struct {
			Table string
			Row   map[string]any
		}
		if err := in.Decode(&line); errors.Is(err, io.EOF) {
			return rows, names, nil
		} else if err != nil {
			return nil, nil, err
		}
		name, _ := line.Row["name"].(string)
		owner := line.Row["account"]
		if line.Table == "account" {
			names = append(names, name)
		}
		if line.Table == "account" && name == account {
			id = line.Row["id"]
		}
		if owner == id || owner == account {
			rows[line.Table]++
		}
	}
}

// vacuum forgets what is old, and makes the file small.
func (sh *shell) vacuum(ctx context.Context, flag, older string) error {
	age, err := parseAge(older)
	if err != nil {
		return err
	}
	store, err := sh.openState(ctx, flag)
	if err != nil {
		return err
	}
	defer store.Close()
	dir, err := sh.stateDir(flag)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, state.FileName)
	octets := fileOctets(file)
	before, err := store.Runs(ctx, state.Query{})
	if err != nil {
		return err
	}
	if err := store.Purge(ctx, sh.clock().Add(-age)); err != nil {
		return err
	}
	after, err := store.Runs(ctx, state.Query{})
	if err != nil {
		return err
	}
	if err := store.Vacuum(ctx); err != nil {
		return err
	}
	return sh.say("forgot %s older than %s; %s has %d octets, and had %d", plural(max(len(before)-len(after), 0), "run"), older,
		file, fileOctets(file), octets)
}

// fileOctets is how large the database is with what stands beside it; 0 if
// that is not known.
func fileOctets(file string) (octets int64) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(file + suffix); err == nil {
			octets += info.Size()
		}
	}
	return octets
}

// parseAge reads an age such as 365d.
func parseAge(text string) (time.Duration, error) {
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	digits := strings.TrimRight(text, "hdw")
	n, err := strconv.ParseUint(digits, 10, 14) // 16383 weeks still are a time.Duration
	unit := units[text[len(digits):]]
	if err != nil || n == 0 || unit == 0 {
		return 0, &usageError{object: "--older-than", reason: fmt.Sprintf("%q is not an age", text), hint: "as in --older-than 365d"}
	}
	return time.Duration(n) * unit, nil
}
