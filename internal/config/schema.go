package config

import (
	"bytes"
	_ "embed" // for the files below
)

//go:embed schema.json
var schema []byte

//go:embed template.toml
var template []byte

// Schema returns the JSON schema of the file, for editors.
func Schema() []byte { return bytes.Clone(schema) }

// Template returns a file to begin with. It explains every key, and sets none.
func Template() []byte { return bytes.Clone(template) }
