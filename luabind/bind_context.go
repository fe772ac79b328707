package luabind

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A TLSContext is what a script asks of TLS: pop3.create_default_context. It
// cannot ask for less than verified certificates and TLS 1.2. Files are named
// and not yet opened: whether a script may have them read is the host's to say.
type TLSContext struct {
	CAFile      string // PEM; trusted instead of the system's authorities; empty for those
	CertFile    string // PEM; the client's certificate chain, if it has one
	KeyFile     string // PEM; its key; empty if CertFile holds it too
	MinVersion  uint16 // tls.VersionTLS12 or tls.VersionTLS13
	Fingerprint string // "sha256:" and 64 lower-case hex digits of the server's certificate, or empty
}

// Config makes a configuration of the context. readFile reads the files it
// names; nil refuses them. A Fingerprint alone trusts the one certificate that
// has it, whoever signed it, for whatever name; beside a CAFile both must hold.
func (c *TLSContext) Config(readFile func(name string) ([]byte, error)) (*tls.Config, error) {
	config := &tls.Config{MinVersion: max(c.MinVersion, tls.VersionTLS12)}
	if err := c.authorities(config, readFile); err != nil {
		return nil, err
	}
	if err := c.certificate(config, readFile); err != nil {
		return nil, err
	}
	if c.Fingerprint != "" {
		config.InsecureSkipVerify = c.CAFile == "" // VerifyConnection does the work instead
		config.VerifyConnection = c.verify
	}
	return config, nil
}

func (c *TLSContext) authorities(config *tls.Config, readFile func(string) ([]byte, error)) error {
	if c.CAFile == "" {
		return nil
	}
	octets, err := read("cafile", c.CAFile, readFile)
	if err != nil {
		return err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(octets) {
		return &fileError{"cafile", c.CAFile, errors.New("holds no certificate")}
	}
	return nil
}

func (c *TLSContext) certificate(config *tls.Config, readFile func(string) ([]byte, error)) error {
	if c.CertFile == "" {
		return nil
	}
	chain, err := read("certfile", c.CertFile, readFile)
	if err != nil {
		return err
	}
	key := chain
	if c.KeyFile != "" {
		if key, err = read("keyfile", c.KeyFile, readFile); err != nil {
			return err
		}
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return &fileError{"certfile", c.CertFile, err}
	}
	config.Certificates = []tls.Certificate{pair}
	return nil
}

// verify compares the server's certificate with Fingerprint.
func (c *TLSContext) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	if have := "sha256:" + hex.EncodeToString(sum[:]); have != c.Fingerprint {
		return fmt.Errorf("the certificate's fingerprint is %s, not %s", have, c.Fingerprint)
	}
	return nil
}

func read(argument, name string, readFile func(string) ([]byte, error)) ([]byte, error) {
	if readFile == nil {
		return nil, &Error{Kind: KindPolicy, Message: argument + " " + name + ": reading files is not granted here"}
	}
	octets, err := readFile(name)
	if err != nil {
		return nil, &fileError{argument, name, err}
	}
	return octets, nil
}

// fileError is a file of a TLSContext that cannot be used.
type fileError struct {
	argument, name string
	err            error
}

func (e *fileError) Error() string { return e.argument + " " + e.name + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// Kind is the cause's own, if it has one, such as "policy", and else "tls".
func (e *fileError) Kind() string {
	var kinded interface{ Kind() string }
	if errors.As(e.err, &kinded) {
		return kinded.Kind()
	}
	return KindTLS
}

// verified is why certificates cannot go unchecked.
const verified = "certificates are always verified; for a server of your own use cafile= or fingerprint="

// createDefaultContext is pop3.create_default_context.
func (b *binding) createDefaultContext(L *lua.LState) int {
	table, ok := L.Get(1).(*lua.LTable)
	if L.GetTop() == 0 {
		table = L.CreateTable(0, 0)
	} else if !ok || L.GetTop() > 1 {
		raise(L, KindValueError, "create_default_context: wants named arguments in a table, such as create_default_context{cafile=...}")
	}
	a := namedArguments(L, "create_default_context", table, keys(contextFields())...)
	for _, name := range []string{"verify", "check_hostname"} {
		switch a.get(name) {
		case lua.LNil, lua.LTrue:
		case lua.LFalse:
			raise(L, KindPolicy, "create_default_context: "+name+"=false: "+verified)
		default:
			a.refuse("%s must be true, got %s", name, describe(a.get(name)))
		}
	}
	c := &TLSContext{
		CAFile:      a.text("cafile"),
		CertFile:    a.text("certfile"),
		KeyFile:     a.text("keyfile"),
		MinVersion:  minVersion(a),
		Fingerprint: fingerprint(a),
	}
	checkKey(L, c)
	L.Push(b.newContext(L, c))
	return 1
}

// checkKey refuses a key without the certificate it is for, as ssl does.
func checkKey(L *lua.LState, c *TLSContext) {
	if c.KeyFile != "" && c.CertFile == "" {
		raise(L, KindValueError, "certfile must be specified")
	}
}

func minVersion(a arguments) uint16 {
	v := a.get("min_version")
	switch lua.LVAsString(v) {
	case "1.2":
		return tls.VersionTLS12
	case "1.3":
		return tls.VersionTLS13
	case "1", "1.0", "1.1":
		raise(a.L, KindPolicy, a.call+": min_version "+lua.LVAsString(v)+": TLS older than 1.2 is never spoken")
	}
	if v != lua.LNil {
		a.refuse("min_version must be \"1.2\" or \"1.3\", got %s", describe(v))
	}
	return tls.VersionTLS12
}

// fingerprint reads "sha256:" and 64 hex digits, in either case, with the
// colons that openssl writes or without.
func fingerprint(a arguments) string {
	given := a.text("fingerprint")
	if given == "" && a.get("fingerprint") == lua.LNil {
		return ""
	}
	digits, ok := strings.CutPrefix(strings.ToLower(given), "sha256:")
	digits = strings.ReplaceAll(digits, ":", "")
	if sum, err := hex.DecodeString(digits); !ok || err != nil || len(sum) != sha256.Size {
		a.refuse("fingerprint must be \"sha256:\" and 64 hex digits, got %s", quote(given))
	}
	return "sha256:" + digits
}

// newContext makes the userdata of a context.
func (b *binding) newContext(L *lua.LState, c *TLSContext) *lua.LUserData {
	object := L.NewUserData()
	object.Value = c
	meta := L.NewTypeMetatable("popherd.tlscontext")
	if meta.RawGetString("__index") == lua.LNil {
		meta.RawSetString("__index", b.function(L, contextIndex))
		meta.RawSetString("__newindex", b.function(L, contextNewIndex))
		meta.RawSetString("__tostring", b.function(L, contextToString))
		meta.RawSetString("__metatable", lua.LString("TLS context"))
	}
	object.Metatable = meta
	return object
}

// contextFields are the fields of contexts, and the arguments that make one.
func contextFields() map[string]func(*TLSContext) lua.LValue {
	return map[string]func(*TLSContext) lua.LValue{
		"cafile":         func(c *TLSContext) lua.LValue { return optional(c.CAFile) },
		"certfile":       func(c *TLSContext) lua.LValue { return optional(c.CertFile) },
		"keyfile":        func(c *TLSContext) lua.LValue { return optional(c.KeyFile) },
		"fingerprint":    func(c *TLSContext) lua.LValue { return optional(c.Fingerprint) },
		"check_hostname": func(*TLSContext) lua.LValue { return lua.LTrue },
		"verify":         func(*TLSContext) lua.LValue { return lua.LTrue },
		"min_version": func(c *TLSContext) lua.LValue {
			return lua.LString(fmt.Sprintf("1.%d", c.MinVersion-tls.VersionTLS10))
		},
	}
}

// contextValue returns the TLSContext behind v, or nil.
func contextValue(v lua.LValue) *TLSContext {
	if object, ok := v.(*lua.LUserData); ok {
		c, _ := object.Value.(*TLSContext)
		return c
	}
	return nil
}

func contextIndex(L *lua.LState) int {
	c, key := contextValue(L.Get(1)), L.Get(2).String()
	fields := contextFields()
	field, ok := fields[key]
	if c == nil || !ok {
		raise(L, KindValueError, unknownName("TLS context", "field", key, keys(fields)))
	}
	L.Push(field(c))
	return 1
}

// contextNewIndex refuses what Python's users write to switch checks off.
func contextNewIndex(L *lua.LState) int {
	switch key := L.Get(2).String(); key {
	case "check_hostname", "verify", "verify_mode":
		raise(L, KindPolicy, key+": "+verified)
	}
	raise(L, KindValueError, "the fields of a TLS context are read-only; give them to create_default_context")
	return 0
}

func contextToString(L *lua.LState) int {
	L.Push(lua.LString("TLS context"))
	return 1
}
