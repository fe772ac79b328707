package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/popherd/popherd/internal/config"
)

// compiled is the schema.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:popherd:config", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("urn:popherd:config")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is TOML as editors show it to a schema.
func asJSON(text []byte) (any, error) {
	var value any
	if err := toml.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &value); err != nil {
		return nil, err
	}
	octets, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(octets))
}

// What is taken is right by the schema, too.
func TestSchemaTakesWhatParseTakes(t *testing.T) {
	schema := compiled(t)
	files, err := filepath.Glob("testdata/good/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{"template": config.Template()}
	for _, file := range files {
		if texts[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		value, err := asJSON(text)
		if err != nil {
			t.Fatal(name, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Unknown keys and wrong types, which are what editors can see, are wrong by
// the schema. How values fit together it does not know.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	schema := compiled(t)
	for _, name := range []string{
		"unknown-key", "unknown-key-password", "unknown-key-of-oauth", "unknown-key-of-policy", "unknown-table", "account-at-top", "key-at-top",
		"array-of-accounts", "accounts-not-table", "account-not-table", "name-dotted", "name-upper", "name-all", "name-path", "port-text", "port-range",
		"port-fraction", "host-empty", "tls-word", "tls-false", "tls-typo", "plaintext-defaults", "auth-unknown", "password-number", "password-command-text",
		"password-command-empty", "password-env-value", "password-in-defaults", "keyring-text", "oauth-provider", "fingerprint-short", "min-tls-number",
		"min-tls-old", "duration-number", "duration-unit", "duration-negative", "target-name", "policy-values", "flag-only", "no-user-no-host",
		"job-empty", "job-account", "job-accounts-text", "job-accounts-empty", "job-args", "job-args-text", "job-jitter", "job-catch-up", "job-numbers",
		"job-retries-text", "job-disabled", "job-state-dir", "job-parallel", "job-flag-only", "job-unknown-key", "job-name",
		"job-name-dotted", "jobs-not-table", "job-not-table", "jobs-array", "job-zone-local", "notify-empty", "notify-not-table", "notify-on", "notify-on-text",
		"notify-over-negative", "notify-unknown-key", "daemon-unknown-key", "daemon-not-table", "daemon-numbers", "daemon-token-short", "daemon-token-list",
		"daemon-token-env", "daemon-db-mysql", "daemon-db-sqlite-url", "daemon-db-memory", "daemon-db-settings", "daemon-db-folder", "daemon-db-bool",
		"daemon-db-empty", "daemon-listen-number", "daemon-listen-port-alone", "daemon-listen-no-host", "daemon-listen-no-port",
		"daemon-listen-url",
	} {
		text, err := os.ReadFile("testdata/broken/" + name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		value, err := asJSON(text)
		if err != nil {
			t.Fatal(name, err)
		}
		if schema.Validate(value) == nil {
			t.Errorf("%s is right by the schema", name)
		}
	}
}

// The schema belongs to nobody's site, and describes every key.
func TestSchemaExplains(t *testing.T) {
	if text := config.Schema(); bytes.Contains(text, []byte(`"$id": "http`)) {
		t.Error("the id is a URL")
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]map[string]any
		} `json:"$defs"`
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"account", "job", "notify"} {
		for name, property := range schema.Defs[table].Properties {
			if property["description"] == nil && property["$ref"] == nil {
				t.Errorf("%s is not described", name)
			}
		}
	}
}

// commented are the keys of the template.
var commented = regexp.MustCompile(`(?m)^#([a-z_]+) = .*|^#\[([a-z.]+)\]`)

// needed are lines without which none of a table's lines is right.
var needed = map[string][]string{
	"[accounts.work]": {"user = 'anna'", "host = 'pop.example.org'", "client_cert = 'x'"},
	"[jobs.nightly]":  {"script = '@older-than'", "accounts = ['all']", "schedule = '@daily'"},
}

// The template sets nothing, and each of its lines is right when its # is
// removed.
func TestTemplate(t *testing.T) {
	if c := parse(t, string(config.Template())); len(c.Accounts)+len(c.Targets)+len(c.Jobs) > 0 || c.Policy.AllowDelete != "" {
		t.Errorf("got %+v", c)
	}
	table, seen := "", 0
	for _, found := range commented.FindAllSubmatch(config.Template(), -1) {
		line, key := string(found[0][1:]), string(found[1])
		if key == "" {
			table = line
			continue
		}
		seen++
		text := table + "\n" + line + "\n"
		for _, other := range needed[table] {
			if !strings.HasPrefix(other, key+" ") {
				text += other + "\n"
			}
		}
		if table == "[jobs.nightly]" {
			text += "[accounts.work]\nuser = 'anna'\nhost = 'pop.example.org'\n[targets]\narchive = 'mbox:/m'\n"
		}
		parse(t, text)
	}
	if seen < 70 {
		t.Errorf("got %d keys", seen)
	}
}
