package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
	"github.com/popherd/popherd/internal/secret"
)

// clock is a clock that is set by hand, and that sleeping moves.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	slept  []time.Duration
	during func(n int) // called in the nth sleep
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.move(d)
	c.slept = append(c.slept, d)
	if c.during != nil {
		c.during(len(c.slept))
	}
	return ctx.Err()
}

// newTokens returns a client of a provider, with files and a clock of its own.
func newTokens(t *testing.T, srv *oauthtest.Server) (*oauth.Tokens, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return &oauth.Tokens{Provider: srv.Provider(), Store: oauth.Files(t.TempDir()), Now: c.Now, Sleep: c.Sleep}, c
}

// loggedIn is newTokens after a login to the account "work".
func loggedIn(t *testing.T, srv *oauthtest.Server) (*oauth.Tokens, *clock) {
	t.Helper()
	tokens, c := newTokens(t, srv)
	err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { srv.Approve(code) })
	if err != nil {
		t.Fatal(err)
	}
	return tokens, c
}

// access is Access that must succeed.
func access(t *testing.T, tokens *oauth.Tokens) secret.Secret {
	t.Helper()
	token, err := tokens.Access(t.Context(), "work")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// wantError holds an error against its text and hint, and looks for secrets.
func wantError(t *testing.T, srv *oauthtest.Server, err error, text, hint string) {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *oauth.Error", err)
	}
	if e.Error() != text || e.Hint() != hint {
		t.Errorf("got  %s\n     hint %s\nwant %s\n     hint %s", e, e.Hint(), text, hint)
	}
	noSecrets(t, srv, err)
}

// noSecrets looks into every layer of an error for what was given out.
func noSecrets(t *testing.T, srv *oauthtest.Server, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		for _, s := range append(srv.Issued(), oauthtest.ClientSecret) {
			if strings.Contains(text, s) {
				t.Errorf("a secret (%s) is in the error: %s", s, text)
			}
		}
	}
}

func TestAccessIsRefreshedInItsLastMinute(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	first := access(t, tokens)
	c.move(58 * time.Minute)
	if got := access(t, tokens); got != first || srv.Count("refresh_token") != 0 {
		t.Fatalf("refreshed %d times, want none", srv.Count("refresh_token"))
	}
	c.move(time.Minute + time.Second)
	second := access(t, tokens)
	if _, ok := srv.User(second.Reveal()); !ok || second == first {
		t.Fatal("got the old token, or one that is not valid")
	}
	if access(t, tokens) != second || srv.Count("refresh_token") != 1 {
		t.Errorf("refreshed %d times, want 1", srv.Count("refresh_token"))
	}
}

func TestRefreshAfterARefusal(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := loggedIn(t, srv)
	first := access(t, tokens)
	srv.Expire() // though its hour is not over
	for range 2 {
		got, err := tokens.Refresh(t.Context(), "work", first)
		if _, ok := srv.User(got.Reveal()); err != nil || !ok || got == first {
			t.Fatalf("got the old token, or one that is not valid, %v", err)
		}
	}
	if n := srv.Count("refresh_token"); n != 1 {
		t.Errorf("refreshed %d times, want 1: the second was told of the first", n)
	}
}

// TestRotatedTokensLastManyRefreshes: this provider voids the login if an old
// refresh token comes back.
func TestRotatedTokensLastManyRefreshes(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	for range 10 {
		c.move(time.Hour)
		access(t, tokens)
	}
	srv.KeepRefresh(true) // RFC 6749 section 6: an answer without one leaves the old
	for range 3 {
		c.move(time.Hour)
		access(t, tokens)
	}
}

func TestSeveralRefreshOnce(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	var wg sync.WaitGroup
	got := make([]secret.Secret, 20)
	for i := range got {
		wg.Go(func() { got[i], _ = tokens.Access(t.Context(), "work") })
	}
	wg.Wait()
	for _, token := range got {
		if token.IsZero() || token != got[0] {
			t.Fatal("not all have the same token")
		}
	}
	if n := srv.Count("refresh_token"); n != 1 {
		t.Errorf("refreshed %d times, want 1", n)
	}
}

// childEnv makes the test program a second process that wants a token.
const childEnv = "OAUTH_TEST_CHILD"

func TestChild(t *testing.T) {
	dir, url, ok := strings.Cut(os.Getenv(childEnv), " ")
	if !ok {
		t.Skip("only for TestProcessesRefreshOnce")
	}
	srv := &oauthtest.Server{URL: url} // for its addresses
	tokens := oauth.Tokens{Provider: srv.Provider(), Store: oauth.Files(dir)}
	access(t, &tokens)
}

func TestProcessesRefreshOnce(t *testing.T) {
	srv := oauthtest.Start(t)
	dir := t.TempDir()
	tokens := oauth.Tokens{Provider: srv.Provider(), Store: oauth.Files(dir)}
	tokens.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	tokens.Sleep = func(context.Context, time.Duration) error { return nil }
	if err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { srv.Approve(code) }); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
			child.Env = append(os.Environ(), childEnv+"="+dir+" "+srv.URL)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	if n := srv.Count("refresh_token"); n != 1 {
		t.Errorf("refreshed %d times, want 1", n)
	}
}

// TestAnswerIsStoredThoughTheCallerGaveUp: Ctrl-C between the question and the
// answer would lose the rotated refresh token, and with it the login.
func TestAnswerIsStoredThoughTheCallerGaveUp(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	srv.Answer(func(http.ResponseWriter, *http.Request) bool { cancel(); return false })
	if _, err := tokens.Access(ctx, "work"); err != nil {
		t.Errorf("got %v, want the token that came in time", err)
	}
	srv.Answer(nil)
	c.move(time.Hour)
	access(t, tokens)
}

func TestNothingIsAskedOnceTheCallerGaveUp(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokens.Access(ctx, "work"); !errors.Is(err, context.Canceled) || srv.Count("refresh_token") != 0 {
		t.Errorf("got %v and %d refreshes, want context.Canceled and none", err, srv.Count("refresh_token"))
	}
}

// brittle is a store whose nth Save fails.
type brittle struct {
	oauth.Store
	left int
}

func (b *brittle) Save(account string, r oauth.Record) error {
	if b.left--; b.left == 0 {
		return errors.New("no space left")
	}
	return b.Store.Save(account, r)
}

func TestStoreIsTriedBeforeTheRefreshTokenIsSpent(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	whole := tokens.Store
	tokens.Store = &brittle{whole, 1}
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: no space left", "")
	if n := srv.Count("refresh_token"); n != 0 {
		t.Errorf("refreshed %d times, want none", n)
	}
	tokens.Store = whole
	access(t, tokens)
}

// TestCrashBetweenAnswerAndStore: what is lost is lost, but the account's file
// is whole, and the next run says what to do.
func TestCrashBetweenAnswerAndStore(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	whole := tokens.Store
	tokens.Store = &brittle{whole, 2}
	if _, err := tokens.Access(t.Context(), "work"); err == nil {
		t.Error("a token was handed out whose refresh token is lost")
	}
	tokens.Store = whole
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: invalid_grant: the provider does not accept the login any more", "log in: popherd accounts login work")
}

func TestClockThatJumps(t *testing.T) {
	for _, tt := range []struct {
		name      string
		jump      time.Duration
		refreshes int
	}{
		{"not", 0, 0},
		{"back a little", -30 * time.Second, 0},
		{"back: it was wrong when the token was obtained", -365 * 24 * time.Hour, 1},
		{"forth", 365 * 24 * time.Hour, 1},
	} {
		srv := oauthtest.Start(t)
		tokens, c := loggedIn(t, srv)
		c.move(tt.jump)
		access(t, tokens)
		access(t, tokens)
		if n := srv.Count("refresh_token"); n != tt.refreshes {
			t.Errorf("%s: refreshed %d times, want %d", tt.name, n, tt.refreshes)
		}
	}
}

func TestNobodyHasLoggedIn(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := newTokens(t, srv)
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: nobody has logged in", "log in: popherd accounts login work")
	if !errors.Is(err, oauth.ErrNoToken) {
		t.Error("not ErrNoToken")
	}
}

func TestForgottenTokens(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := loggedIn(t, srv)
	for range 2 {
		if err := tokens.Forget(t.Context(), "work"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tokens.Access(t.Context(), "work"); !errors.Is(err, oauth.ErrNoToken) {
		t.Errorf("got %v, want ErrNoToken", err)
	}
}

// TestRefreshTokenGoesToItsProviderAlone: not to one that is configured later.
func TestRefreshTokenGoesToItsProviderAlone(t *testing.T) {
	srv, other := oauthtest.Start(t), oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	tokens.Provider = other.Provider()
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: the tokens are of another provider or client: nobody has logged in", "log in: popherd accounts login work")
	if n := other.Count("token"); n != 0 {
		t.Errorf("the other provider was asked %d times", n)
	}
}

func TestRevokedLogin(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	srv.RefuseRefresh(true)
	c.move(time.Hour)
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: invalid_grant: the provider does not accept the login any more", "log in: popherd accounts login work")
	if n := srv.Count("refresh_token"); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}
