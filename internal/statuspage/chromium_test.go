package statuspage

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

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
	requests   []string // addresses
	status     int      // of the last page
}

type message struct {
	ID        int             `json:"id"`
	SessionID string          `json:"sessionId"`
	Method    string          `json:"method"`
	Result    json.RawMessage `json:"result"`
	Params    json.RawMessage `json:"params"`
	Error     json.RawMessage `json:"error"`
}

// startChromium starts one that ends with the test. Where there is none, the
// test is skipped, or fails if POPHERD_REAL_SERVERS is set.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	path := findChromium(t)
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, which fails if a part of the browser writes as it goes.
	home, err := os.MkdirTemp("", "popherd-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute) // it hangs, if ever
	// Its sandbox cannot be had as root, nor in most containers; it sees nothing
	// but our own pages.
	cmd := exec.CommandContext(ctx, path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad",
		"--user-data-dir="+home, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "DBUS_SESSION_BUS_ADDRESS=disabled:")
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
		in.Close() // ends it, and all its parts
		cmd.Wait()
		out.Close()
		for range c.messages { // so that read can end
		}
		<-read
		cancel()
		if os.RemoveAll(home) != nil {
			os.RemoveAll(home)
		}
	})
	var target struct{ TargetID, SessionID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	c.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		c.call(domain+".enable", nil, nil)
	}
	return c
}

// findChromium returns the path of one.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
		t.Fatal("there is no Chromium, and POPHERD_REAL_SERVERS is set")
	}
	t.Skip("there is no Chromium")
	return ""
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
	case "Page.javascriptDialogOpening", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		c.complaints = append(c.complaints, m.Method+": "+string(m.Params))
	case "Log.entryAdded":
		var p struct{ Entry struct{ Source, Text string } }
		c.read1(m, &p)
		if p.Entry.Source != "network" { // a status of 4xx, which the stories look at themselves
			c.complaints = append(c.complaints, p.Entry.Source+": "+p.Entry.Text)
		}
	case "Network.requestWillBeSent":
		var p struct{ Request struct{ URL string } }
		c.read1(m, &p)
		c.requests = append(c.requests, p.Request.URL)
	case "Network.responseReceived":
		var p struct {
			Type     string
			Response struct{ Status int }
		}
		c.read1(m, &p)
		if p.Type == "Document" {
			c.status = p.Response.Status
		}
	}
	return m
}

func (c *chromium) read1(m message, into any) {
	c.t.Helper()
	if err := json.Unmarshal(m.Params, into); err != nil {
		c.t.Fatalf("%s: %v", m.Method, err)
	}
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

// look sets how wide the window is, and which scheme its person likes.
func (c *chromium) look(scheme string, width int) {
	c.t.Helper()
	c.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	c.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
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
