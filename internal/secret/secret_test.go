package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/popherd/popherd/internal/secret"
)

// planted is a secret that no text holds by chance.
const planted = "Zq7-tr0ub4dor&3%s\"x"

// leaks reports whether a text holds the planted secret, in one of the ways
// that formats have of writing octets.
func leaks(text string) bool {
	quoted := fmt.Sprintf("%q", planted)
	inJSON, _ := json.Marshal(planted)
	decimal := strings.Trim(fmt.Sprint([]byte(planted[:6])), "[]")
	for _, form := range []string{
		planted, "Zq7-tr0ub4dor", strings.Trim(quoted, `"`), strings.Trim(string(inJSON), `"`),
		fmt.Sprintf("%x", planted[:6]), fmt.Sprintf("%X", planted[:6]), fmt.Sprintf("% x", planted[:6]), decimal,
		fmt.Sprintf("%#v", []byte(planted[:6]))[len("[]byte{") : len("[]byte{")+20],
	} {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}

func TestLeaksAreKnown(t *testing.T) {
	for _, verb := range []string{"%s", "%q", "%x", "%X", "% x", "%v", "%#v", "%+v"} {
		for _, value := range []any{planted, []byte(planted), struct{ s string }{planted}} {
			if text := fmt.Sprintf(verb, value); !leaks(text) {
				t.Errorf("%s of a %T is %q, which is not taken for a leak", verb, value, text)
			}
		}
	}
}

// holders are a secret in every place that it may have in a value.
func holders() []any {
	s := secret.New(planted)
	type open struct{ S secret.Secret }
	type closed struct {
		name string
		s    secret.Secret
		p    *secret.Secret
	}
	return []any{
		s, &s, []secret.Secret{s}, [1]secret.Secret{s}, map[string]secret.Secret{"a": s}, map[secret.Secret]int{s: 1},
		open{s}, &open{s}, closed{"a", s, &s}, &closed{"a", s, &s}, []closed{{"a", s, &s}}, struct{ c any }{closed{"a", s, &s}},
		secret.Found{Secret: s, Source: "keyring"}, secret.Sources{Literal: s}, secret.Wanted{Sources: secret.Sources{Literal: s}},
		fmt.Errorf("wrapped: %v", s),
	}
}

func TestNoVerbShowsASecret(t *testing.T) {
	extra := strings.Clone("no verb") // vet would not permit the constant
	verbs := []string{"%10.3s", "%-20q", "%+x", "%#X", "% x", "%+v", "%#v", "%[2]*[1]d", "%!", "%z"}
	for c := 'A'; c <= 'z'; c++ {
		verbs = append(verbs, "%"+string(c), "%#"+string(c), "%+"+string(c))
	}
	for _, holder := range holders() {
		for _, verb := range verbs {
			if text := fmt.Sprintf(verb, holder); leaks(text) {
				t.Errorf("%s of a %T shows it: %s", verb, holder, text)
			}
		}
		if text := fmt.Sprint(holder) + fmt.Sprintln(holder) + fmt.Sprintf(extra, holder); leaks(text) {
			t.Errorf("printing a %T shows it: %s", holder, text)
		}
	}
	if got := fmt.Sprintf("%s|%v|%q|%d|%#v", secret.New("a"), secret.New("b"), secret.New("c"), secret.New("d"), secret.Secret{}); got != "***|***|***|***|" {
		t.Errorf("got %s", got)
	}
}

func TestNoEncoderTakesASecret(t *testing.T) {
	for _, holder := range holders() {
		var text bytes.Buffer
		octets, err := json.Marshal(holder)
		text.Write(octets)
		fmt.Fprint(&text, err, gob.NewEncoder(&text).Encode(holder), xml.NewEncoder(&text).Encode(holder))
		fmt.Fprint(&text, template.Must(template.New("").Parse("{{.}} {{printf \"%v %p\" . .}}")).Execute(&text, holder))
		if leaks(text.String()) {
			t.Errorf("an encoded %T shows it: %q", holder, text.String())
		}
	}
	s := secret.New(planted)
	if _, err := json.Marshal(s); err == nil {
		t.Error("JSON takes it")
	}
	if err := gob.NewEncoder(&bytes.Buffer{}).Encode(s); err == nil {
		t.Error("gob takes it")
	}
	if err := xml.NewEncoder(&bytes.Buffer{}).Encode(s); err == nil {
		t.Error("XML takes it")
	}
}

func TestNoLogShowsASecret(t *testing.T) {
	var text bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&text, nil), slog.NewTextHandler(&text, nil)} {
		for _, holder := range holders() {
			slog.New(handler).With("before", holder).WithGroup("g").Error("hello", "secret", holder, slog.Group("h", "x", holder))
		}
	}
	if leaks(text.String()) {
		t.Errorf("a log shows it: %s", text.String())
	}
	if !strings.Contains(text.String(), `"secret":"***"`) || !strings.Contains(text.String(), `secret=***`) {
		t.Errorf("it is not to be seen that there was a secret: %s", text.String())
	}
}

func TestASecretIsWhatItWas(t *testing.T) {
	s := secret.New(planted)
	if got := s.Reveal(); got != planted {
		t.Errorf("got %q, want %q", got, planted)
	}
	if s != secret.New(strings.Clone(planted)) || s == secret.New("other") || s == (secret.Secret{}) || secret.New("") != (secret.Secret{}) {
		t.Error("== does not compare what is kept")
	}
	if none := (secret.Secret{}); !none.IsZero() || none.Reveal() != "" || none.String() != "" || s.IsZero() {
		t.Error("the zero value is not no secret")
	}
}
