//go:build unix

package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/internal/secret"
)

// counter is a command that adds a line to a file each time it runs, and the
// number of times that it did.
func counter(t *testing.T, script string) (argv []string, runs func() int) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	argv = []string{"sh", "-c", `echo x >>"$1"; ` + script, "sh", log}
	return argv, func() int {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), "x")
	}
}

func TestSeveralSessionsRunTheCommandOnce(t *testing.T) {
	argv, runs := counter(t, "echo word")
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	f := &secret.Finder{Now: func() time.Time { return now }}
	find := func(name string) {
		found, err := f.Find(t.Context(), secret.Wanted{Name: name, Sources: secret.Sources{Command: argv}})
		if err != nil || found.Secret.Reveal() != "word" {
			t.Errorf("got %v, %v", found, err)
		}
	}
	var sessions sync.WaitGroup
	for range 20 {
		sessions.Go(func() { find("work") })
	}
	sessions.Wait()
	for _, step := range []struct {
		passes time.Duration
		want   int
	}{{0, 1}, {5*time.Minute - 1, 1}, {1, 2}, {-time.Hour, 3}, {time.Minute, 3}} {
		now = now.Add(step.passes)
		find("home")
		if got := runs(); got != step.want {
			t.Errorf("after %v more: %d runs, want %d", step.passes, got, step.want)
		}
	}
}

func TestACommandThatFailedIsTriedAgain(t *testing.T) {
	argv, runs := counter(t, "exit 1")
	f := &secret.Finder{}
	for range 2 {
		if found, err := f.Find(t.Context(), secret.Wanted{Name: "work", Sources: secret.Sources{Command: argv}}); err == nil {
			t.Errorf("got %v", found)
		}
	}
	if got := runs(); got != 2 {
		t.Errorf("%d runs, want 2", got)
	}
}

// TestOneWhoGivesUpDoesNotEndTheCommand: the others wait on.
func TestOneWhoGivesUpDoesNotEndTheCommand(t *testing.T) {
	fifo := mkfifo(t)
	f := &secret.Finder{}
	w := secret.Wanted{Name: "work", Sources: secret.Sources{Command: []string{"sh", "-c", `read go <"$1"; echo "$go"`, "sh", fifo}}}
	impatient, giveUp := context.WithCancel(t.Context())
	gone, patient := make(chan error), make(chan string)
	go func() {
		_, err := f.Find(impatient, w)
		gone <- err
	}()
	signal, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns when the command runs
	if err != nil {
		t.Fatal(err)
	}
	defer signal.Close()
	joined := make(chan struct{})
	go func() {
		found, _ := f.Find(joining{t.Context(), joined}, w)
		patient <- found.Secret.Reveal()
	}()
	<-joined
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := signal.WriteString("word\n"); err != nil {
		t.Error(err)
	}
	if got := <-patient; got != "word" {
		t.Errorf("got %q", got)
	}
}

// joining is a context that says when somebody waits for its end.
type joining struct {
	context.Context
	joined chan struct{}
}

func (j joining) Done() <-chan struct{} {
	close(j.joined)
	return j.Context.Done()
}

func TestStandardInputIsReadOnceForOneAccount(t *testing.T) {
	var reads atomic.Int32
	f := &secret.Finder{Stdin: func() (secret.Secret, error) {
		reads.Add(1)
		return secret.New("typed"), nil
	}}
	for _, w := range []secret.Wanted{{Name: "work", Host: "a.example"}, {Name: "work", Host: "a.example"}} {
		if found, err := f.Find(t.Context(), w); err != nil || found.Secret.Reveal() != "typed" {
			t.Errorf("got %v, %v", found, err)
		}
	}
	for _, w := range []secret.Wanted{{Name: "home", Host: "b.example"}, {Name: "work", User: "anna", Host: "a.example"}} {
		if _, err := f.Find(t.Context(), w); err == nil || hintOf(err) == "" {
			t.Errorf("the password for one account is sent for another: %v", err)
		}
	}
	if reads.Load() != 1 {
		t.Errorf("%d reads, want 1", reads.Load())
	}
}

func TestStandardInputIsTheOnlySourceAsked(t *testing.T) {
	for _, stdin := range []func() (secret.Secret, error){
		func() (secret.Secret, error) { return secret.Secret{}, nil },
		func() (secret.Secret, error) { return secret.Secret{}, os.ErrClosed },
	} {
		f := &secret.Finder{Stdin: stdin, Getenv: variables("POPHERD_PASSWORD_WORK=x")}
		if found, err := f.Find(t.Context(), secret.Wanted{Name: "work"}); !errors.As(err, new(*secret.Error)) {
			t.Errorf("got %v, %v", found, err)
		}
	}
}

// TestStandardInputThatHangs is left by whoever gives up, and not read twice.
func TestStandardInputThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		typed, reads := make(chan string), 0
		f := &secret.Finder{Stdin: func() (secret.Secret, error) {
			reads++
			return secret.New(<-typed), nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Find(ctx, secret.Wanted{Name: "work"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		typed <- "word"
		if found, err := f.Find(t.Context(), secret.Wanted{Name: "work"}); found.Secret.Reveal() != "word" || reads != 1 {
			t.Errorf("got %v, %v after %d reads", found, err, reads)
		}
	})
}

// TestAPersonIsAskedOneQuestionAtATime: and who waits in line may leave it.
func TestAPersonIsAskedOneQuestionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asking atomic.Int32
		typed := make(chan string)
		f := &secret.Finder{Prompt: func(ctx context.Context, _ string) (secret.Secret, error) {
			if asking.Add(1) > 1 {
				t.Error("two questions at once")
			}
			defer asking.Add(-1)
			select {
			case text := <-typed:
				return secret.New(text), nil
			case <-ctx.Done():
				return secret.Secret{}, ctx.Err()
			}
		}}
		ask := func(ctx context.Context, name string) chan string {
			got := make(chan string, 1)
			go func() {
				found, err := f.Find(ctx, secret.Wanted{Name: name})
				if err != nil {
					found.Secret = secret.New(err.Error())
				}
				got <- found.Secret.Reveal()
			}()
			synctest.Wait()
			return got
		}
		impatient, leave := context.WithCancel(t.Context())
		first, second, third := ask(t.Context(), "a"), ask(impatient, "b"), ask(t.Context(), "c")
		leave()
		if got, want := <-second, "account b: prompt: context canceled"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		typed <- "one"
		typed <- ""
		if got := <-first; got != "one" {
			t.Errorf("got %q", got)
		}
		if got, want := <-third, "account c: prompt: nothing was entered"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
