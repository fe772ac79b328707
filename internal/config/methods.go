package config

import "github.com/popherd/popherd/internal/login"

// methods are the names of login's methods.
func methods() []string {
	var names []string
	for _, m := range login.Methods() {
		names = append(names, string(m))
	}
	return names
}
