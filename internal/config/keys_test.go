package config

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The keys that are read, those of the schema, those of the template and those
// that advice knows are the same.
func TestKeysAreTheSameEverywhere(t *testing.T) {
	type object struct{ Properties map[string]any }
	var schema struct {
		Properties map[string]object
		Defs       map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	var shared []string
	for _, k := range accountKeys() {
		if !k.own {
			shared = append(shared, k.name)
		}
	}
	slices.Sort(shared)
	all := map[string]bool{}
	for _, tt := range []struct {
		name      string
		got, want []string
	}{
		{"account", keysOfSchema(schema.Defs["account"].Properties), names(accountKeys())},
		{"oauth", keysOfSchema(schema.Defs["oauth"].Properties), names(oauthKeys())},
		{"job", keysOfSchema(schema.Defs["job"].Properties), names(jobKeys())},
		{"notify", keysOfSchema(schema.Defs["notify"].Properties), names(notifyKeys())},
		{"daemon", keysOfSchema(schema.Properties["daemon"].Properties), names(daemonKeys())},
		{"policy", keysOfSchema(schema.Properties["policy"].Properties), names(policyKeys())},
		{"defaults", keysOfSchema(schema.Properties["defaults"].Properties), shared},
		{"top", keysOfSchema(schema.Properties), slices.Sorted(slices.Values(tables))},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: the schema has %v, want %v", tt.name, tt.got, tt.want)
		}
		if tt.name == "top" || tt.name == "defaults" {
			continue
		}
		for _, key := range tt.want {
			all[key] = true
			if !strings.Contains(string(Template()), key) {
				t.Errorf("%s is not in the template", key)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(examples)), slices.Sorted(maps.Keys(all)); !slices.Equal(got, want) {
		t.Errorf("there are examples of %v, want %v", got, want)
	}
}

func keysOfSchema[T any](properties map[string]T) []string {
	return slices.Sorted(maps.Keys(properties))
}
