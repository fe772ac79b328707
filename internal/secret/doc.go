// Package secret holds passwords, tokens and keys, and finds them: on standard
// input or a descriptor, among a service's credentials, in the environment, by
// a command, in the keyring, in a file, in netrc, or by asking a person. It
// keeps them out of core files.
package secret
