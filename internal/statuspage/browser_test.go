package statuspage

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var screens = flag.String("screens", "", "a folder for pictures of the pages, which are made where Chromium is installed")

// TestChromium looks at the pages with a real browser: they load without a
// complaint, nothing is wider than a phone, and the buttons work, also where
// the browser sends no Sec-Fetch-Site.
func TestChromium(t *testing.T) {
	c := startChromium(t)
	e := attic()
	e.runs[2].Message = hostile[0] + hostile[8] + strings.Repeat("long", 400)
	e.jobs[1].Paused[0].Reason = strings.Repeat("without-a-blank", 12)
	b := serve(t, options(e))
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1280, 390} {
			c.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
			c.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
			for name, path := range map[string]string{"home": "/", "job": "/jobs/archive", "runs": "/runs", "run": "/runs/7", "fault": "/nothing"} {
				c.open(b.base + path)
				if wide := c.evaluate("document.documentElement.scrollWidth"); wide != fmt.Sprint(width) {
					t.Errorf("%s: %s px wide, want %d", path, wide, width)
				}
				if back := c.evaluate("getComputedStyle(document.body).backgroundColor"); (back == "rgb(21, 23, 26)") != (scheme == "dark") {
					t.Errorf("%s: the ground is %s in the %s scheme", path, back, scheme)
				}
				c.picture(fmt.Sprintf("%s-%s-%d.png", name, scheme, width))
			}
		}
	}
	c.open(b.base + "/jobs/archive")
	c.follow("document.querySelector('form[action$=\"/run\"] button').click()")
	if order := e.ordered(); order != "run archive [] as it is" {
		t.Errorf("ordered %q", order)
	}
	if at := c.evaluate("location.pathname"); at != "/jobs/archive" {
		t.Errorf("the order leads to %s", at)
	}
	locked := serve(t, withToken(options(e)))
	c.open(locked.base + "/runs/7")
	c.picture("login-dark-390.png")
	c.follow("document.querySelector('[name=token]').value = '" + token + "'; document.querySelector('main form button').click()")
	if at := c.evaluate("location.pathname + ' ' + document.title"); at != "/runs/7 Run 7 – popherd" {
		t.Errorf("the login leads to %s", at)
	}
	c.follow("document.querySelector('header form button').click()")
	if title := c.evaluate("document.title"); title != "Log in – popherd" {
		t.Errorf("after the logout: %s", title)
	}
	if n := len(c.complaints); n > 0 {
		t.Errorf("the browser complains: %q", c.complaints)
	}
}

// chromium is a browser that is steered through a pair of pipes, by the
// DevTools protocol: messages in JSON, each ended by a NUL.
type chromium struct {
	t          *testing.T
	to         io.Writer
	messages   chan message
	session    string
	last       int
	loads      int
	complaints []string
}

type message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Result    json.RawMessage `json:"result"`
	Params    json.RawMessage `json:"params"`
	Error     json.RawMessage `json:"error"`
}

// startChromium starts one that ends with the test, or skips it.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path == "" {
			path, _ = exec.LookPath(name)
		}
	}
	if path == "" {
		t.Skip("there is no Chromium")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // it hangs, if ever
	home := t.TempDir()
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--user-data-dir="+home, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Env = append(os.Environ(), "HOME="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	c := &chromium{t: t, to: in, messages: make(chan message, 1000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.read(out)
	}()
	t.Cleanup(func() {
		in.Close() // ends it
		cmd.Wait()
		out.Close()
		<-read
		cancel()
	})
	var target struct{ TargetID, SessionID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	c.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		c.call(domain+".enable", nil, nil)
	}
	return c
}

func (c *chromium) read(from io.Reader) {
	defer close(c.messages)
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) == nil {
			c.messages <- m
		}
	}
}

// next returns the next message, and notes complaints.
func (c *chromium) next() message {
	c.t.Helper()
	m, open := <-c.messages
	if !open {
		c.t.Fatal("the browser has ended")
	}
	switch m.Method {
	case "Page.loadEventFired":
		c.loads++
	case "Log.entryAdded", "Runtime.exceptionThrown":
		// The two pages that are meant to fail are logged, too.
		if text := string(m.Params); !strings.Contains(text, http.StatusText(404)) && !strings.Contains(text, "401") && !strings.Contains(text, "404") {
			c.complaints = append(c.complaints, text)
		}
	}
	return m
}

// call calls a method, and reads its result into what is given.
func (c *chromium) call(method string, params any, result any) {
	c.t.Helper()
	c.last++
	command := map[string]any{"id": c.last, "method": method}
	if params != nil {
		command["params"] = params
	}
	if c.session != "" {
		command["sessionId"] = c.session
	}
	text, err := json.Marshal(command)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.to.Write(append(text, 0)); err != nil {
		c.t.Fatal(err)
	}
	m := c.next()
	for m.ID != c.last {
		m = c.next()
	}
	if m.Error != nil {
		c.t.Fatalf("%s: %s", method, m.Error)
	}
	if result != nil {
		if err := json.Unmarshal(m.Result, result); err != nil {
			c.t.Fatalf("%s: %v", method, err)
		}
	}
}

// open loads a page.
func (c *chromium) open(address string) {
	c.t.Helper()
	before := c.loads
	c.call("Page.navigate", map[string]any{"url": address}, nil)
	c.loaded(before)
}

// follow does what leads to another page.
func (c *chromium) follow(expression string) {
	c.t.Helper()
	before := c.loads
	c.evaluate(expression)
	c.loaded(before)
}

func (c *chromium) loaded(before int) {
	c.t.Helper()
	for c.loads == before {
		c.next()
	}
}

// evaluate returns what an expression is, as text.
func (c *chromium) evaluate(expression string) string {
	c.t.Helper()
	var r struct{ Result struct{ Value any } }
	c.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	return fmt.Sprint(r.Result.Value)
}

// picture keeps a picture of the whole page, if -screens says where.
func (c *chromium) picture(name string) {
	c.t.Helper()
	if *screens == "" {
		return
	}
	var r struct{ Data []byte }
	c.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &r)
	if err := os.WriteFile(filepath.Join(*screens, name), r.Data, 0o644); err != nil {
		c.t.Fatal(err)
	}
}
