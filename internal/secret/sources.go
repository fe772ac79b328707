package secret

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Sources say where the secret of one account may be. Zero values leave a
// source to its default, which is silently passed over where it is not there.
type Sources struct {
	Env     string   // the variable's name; default Variable(NAME)
	Command []string // prints the secret in its first line; run without a shell
	Keyring *bool    // default true
	File    string   // absolute; of mode 0600. Default: File(Dir, NAME)
	Netrc   string   // absolute; default $NETRC, else ~/.netrc
	Literal Secret   // stands in the configuration file itself
}

// Variable returns the variable of the environment that holds an account's
// password by default: POPHERD_PASSWORD_ and the name in capitals, with _ for
// "." and "-". Names that differ in these alone share one.
func Variable(account string) string {
	return "POPHERD_PASSWORD_" + strings.NewReplacer(".", "_", "-", "_").Replace(strings.ToUpper(account))
}

// File returns the path of the file that holds an account's password by
// default: secrets/NAME in the folder of the configuration. A name that is not
// one of an account is refused, so that no name leads elsewhere.
func File(dir, account string) (string, error) {
	if err := checkName(account); err != nil {
		return "", err
	}
	return filepath.Join(dir, "secrets", account), nil
}

// maxName is the length of the longest name of an account, in octets.
const maxName = 64

// checkName holds a name to [a-z0-9._-]{1,64}, and to being no folder's name
// for itself or its parent.
func checkName(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789._-"
	if name == "" || len(name) > maxName || strings.Trim(name, letters) != "" || strings.Trim(name, ".") == "" {
		return fmt.Errorf("account name %.80q: want up to %d of a-z, 0-9, \".\", \"_\" and \"-\"", name, maxName)
	}
	return nil
}
