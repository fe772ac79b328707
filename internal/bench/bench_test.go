package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
)

// The program runs, on little mail. That all contestants counted the same is
// checked in every run; what they took is nothing for a test to judge.
func TestQuick(t *testing.T) {
	o, err := parse([]string{"--quick"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	results, err := measureAll(t.Context(), t, o, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(results), len(rowNames()); got != want {
		t.Errorf("got %d rows, want %d", got, want)
	}
	for _, r := range results {
		if r.Error != "" {
			t.Errorf("%s: %s", r.Row, r.Error)
		}
	}
	var table, asJSON bytes.Buffer
	if err := write(&table, "table", o.rounds, results); err != nil {
		t.Error(err)
	}
	for _, row := range rowNames() {
		if !bytes.Contains(table.Bytes(), []byte("\n"+row+" ")) {
			t.Errorf("table: no row %s in\n%s", row, &table)
		}
	}
	var decoded []result
	if err := write(&asJSON, "json", o.rounds, results); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(asJSON.Bytes(), &decoded); err != nil || len(decoded) != len(results) {
		t.Errorf("JSON: got %d rows, %v, want %d", len(decoded), err, len(results))
	}
}
