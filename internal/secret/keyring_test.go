package secret

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

func TestSystemKeyring(t *testing.T) {
	keyring.MockInit()
	k := SystemKeyring()
	if _, err := k.Get(Service, "work"); !errors.Is(err, ErrNotInKeyring) {
		t.Errorf("got %v, want %v", err, ErrNotInKeyring)
	}
	if err := k.Set(Service, "work", New("word")); err != nil {
		t.Error(err)
	}
	if s, err := k.Get(Service, "work"); err != nil || s.Reveal() != "word" {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	if err := k.Delete(Service, "work"); err != nil {
		t.Error(err)
	}
	if err := k.Delete(Service, "work"); !errors.Is(err, ErrNotInKeyring) {
		t.Errorf("got %v, want %v", err, ErrNotInKeyring)
	}
}

func TestAKeyringThatFailsTellsNothing(t *testing.T) {
	keyring.MockInitWithError(errors.New("cannot keep Zq7word\x1b[31m"))
	t.Cleanup(keyring.MockInit)
	k := SystemKeyring()
	err := k.Set(Service, "work", New("Zq7word"))
	if want := "no keyring can be used: cannot keep ***?[31m"; !errors.Is(err, ErrNoKeyring) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := k.Get(Service, "work"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("got %v, want %v", err, ErrNoKeyring)
	}
}

// hanging is a keyring that answers when it is let to.
type hanging struct {
	answer chan string
	calls  chan struct{}
}

func (h hanging) Get(string, string) (Secret, error) {
	h.calls <- struct{}{}
	return New(<-h.answer), nil
}
func (h hanging) Set(string, string, Secret) error { _, err := h.Get("", ""); return err }
func (h hanging) Delete(string, string) error      { _, err := h.Get("", ""); return err }

// TestAHungKeyringHangsNobody: whoever asks first waits for 3 s, the others do
// not, and when it answers at last it is asked again.
func TestAHungKeyringHangsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := hanging{make(chan string), make(chan struct{}, 10)}
		k := &bounded{Keyring: h, limit: keyringLimit}
		f := &Finder{Keyring: k}
		start := time.Now()
		var sessions sync.WaitGroup
		for range 2 {
			sessions.Go(func() {
				_, err := f.Find(t.Context(), Wanted{Name: "work"})
				want := "account work: no password: looked in environment POPHERD_PASSWORD_WORK, keyring (no keyring can be used: it does not answer within 3s)"
				if err == nil || err.Error() != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			})
		}
		sessions.Wait()
		if got := time.Since(start); got != keyringLimit {
			t.Errorf("it took %v, want %v", got, keyringLimit)
		}
		for _, err := range []error{k.Set(Service, "work", New("x")), k.Delete(Service, "work")} {
			if !errors.Is(err, ErrNoKeyring) {
				t.Errorf("got %v, want %v", err, ErrNoKeyring)
			}
		}
		if len(h.calls) != 2 || time.Since(start) != keyringLimit {
			t.Errorf("%d calls in %v, want 2 in %v", len(h.calls), time.Since(start), keyringLimit)
		}
		h.answer <- "late"
		h.answer <- "late"
		synctest.Wait()
		go func() { h.answer <- "word" }()
		if s, err := k.Get(Service, "work"); err != nil || s.Reveal() != "word" {
			t.Errorf("got %q, %v", s.Reveal(), err)
		}
	})
}

// odd is a keyring whose library does not check what comes over the bus.
type odd struct{ hanging }

func (odd) Get(string, string) (Secret, error) { panic("Zq7word") }

func TestAKeyringThatPanicsIsNone(t *testing.T) {
	k := &bounded{Keyring: odd{}, limit: time.Minute}
	_, err := k.Get(Service, "work")
	if !errors.Is(err, ErrNoKeyring) || strings.Contains(err.Error(), "Zq7word") {
		t.Errorf("got %v, want %v", err, ErrNoKeyring)
	}
}
