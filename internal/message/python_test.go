package message_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/message"
)

// A reading is what one reader finds in a message: field by field, as text in
// which runs of blanks are one.
type reading map[string]string

// TestPython compares what we read in the corpus with what Python's email
// package does. testdata/python_differences.txt lists where they differ and
// who is right; the list must be complete, and no longer than that.
func TestPython(t *testing.T) {
	names := corpus(t)
	theirs := python(t, names)
	listed := differences(t)
	for _, name := range names {
		ours := ourReading(message.Parse(mail(t, name)))
		for _, field := range slices.Sorted(maps.Keys(ours)) {
			key := name + " " + field
			differ := !sameReading(ours[field], theirs[name][field])
			if differ && !listed[key] {
				t.Errorf("%s is not listed:\n\tours   %.300q\n\tPython %.300q (%s)", key, ours[field], theirs[name][field], theirs[name]["defects"])
			}
			if !differ && listed[key] {
				t.Errorf("%s is listed, but there is no difference: %.300q", key, ours[field])
			}
			delete(listed, key)
		}
	}
	for key := range listed {
		t.Errorf("%s is listed, but there is no such thing", key)
	}
}

// ourReading is what we read.
func ourReading(m *message.Message) reading {
	h := m.Header()
	list := func(name string) string {
		var all []string
		for _, a := range h.Addresses(name) {
			all = append(all, a.Address)
		}
		return strings.Join(all, " ")
	}
	r := reading{"subject": words(h.Subject()), "from": list("From"), "to": list("To"), "cc": list("Cc"), "html": words(m.HTML())}
	if date, ok := h.Date(); ok {
		r["date"] = fmt.Sprint(date.Unix())
	} else {
		r["date"] = ""
	}
	// Python makes no text of HTML; of one that has only that, HTML is compared.
	var texts []string
	for _, p := range m.Parts() {
		if p.Type == "text/plain" && !slices.Contains(m.Attachments(), p) {
			texts = append(texts, p.Text())
		}
	}
	r["text"] = words(strings.Join(texts, "\n"))
	return r
}

// sameReading lets Python raise an error where there is nothing to be found.
func sameReading(ours, theirs string) bool {
	return ours == theirs || ours == "" && strings.HasPrefix(theirs, "raises ")
}

// python asks Python's email package about messages. Where there is no Python
// the test is skipped, unless POPHERD_REAL_SERVERS demands it.
func python(t *testing.T, names []string) map[string]reading {
	t.Helper()
	const oldest = "3.10" // before, a broken date raises an error
	program, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(program, "-c", "import sys; sys.exit(sys.version_info < ("+strings.ReplaceAll(oldest, ".", ", ")+"))").Run()
	}
	if err != nil {
		if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
			t.Fatalf("python3 of %s or later is demanded: %v", oldest, err)
		}
		t.Skipf("there is no python3 of %s or later: %v", oldest, err)
	}
	cmd := exec.Command(program, "testdata/python_email.py", corpusFolder)
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, complaint.Bytes())
	}
	return readings(t, out)
}

// readings understands the lines of testdata/python_email.py.
func readings(t *testing.T, lines []byte) map[string]reading {
	t.Helper()
	all := map[string]reading{}
	for line := range bytes.Lines(lines) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		r := reading{}
		for name, value := range fields {
			r[name] = rendered(value)
		}
		all[r["name"]] = r
	}
	return all
}

// rendered is a value of Python as text.
func rendered(value any) string {
	switch v := value.(type) {
	case string:
		return words(v)
	case float64:
		return fmt.Sprintf("%.0f", v)
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, rendered(one))
		}
		return strings.Join(all, " ")
	case map[string]any:
		return "raises " + rendered(v["raises"])
	}
	return ""
}

// differences reads the list: a message, a field, and behind a colon who is
// right and why.
func differences(t *testing.T) map[string]bool {
	t.Helper()
	file, err := os.Open("testdata/python_differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	listed := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if lines.Text() == "" || strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		key, why, ok := strings.Cut(lines.Text(), ": ")
		if !ok || listed[key] || !slices.Contains([]string{"ours", "python", "either"}, strings.SplitN(why, ",", 2)[0]) {
			t.Errorf("python_differences.txt has the line %q, want one \"message field: ours|python|either, why\"", lines.Text())
		}
		listed[key] = true
	}
	return listed
}
