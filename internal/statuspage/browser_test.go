package statuspage

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/jobs"
)

var screens = flag.String("screens", "", "a folder for pictures of the pages, which are made where Chromium is installed")

// TestChromium uses the pages with a real browser. One serves all stories; each
// ends with nothing that it complains of, and no request to anybody else.
func TestChromium(t *testing.T) {
	c := startChromium(t)
	var all []string // an icon may be asked for when the next story has begun
	for name, story := range map[string]func(t *testing.T, c *chromium) (bases []string){
		"pictures": pictures, "links": links, "orders": orders, "login": loginStory, "hostile": hostileStory,
	} {
		t.Run(name, func(t *testing.T) {
			c.t, c.complaints, c.requests = t, nil, nil
			all = append(all, story(t, c)...)
			if len(c.complaints) > 0 {
				t.Errorf("the browser complains: %q", c.complaints)
			}
			for _, request := range c.requests {
				if request != "about:blank" && !startsWithOne(request, all) {
					t.Errorf("the browser asked %s", request)
				}
			}
		})
	}
	c.t = t
}

func startsWithOne(text string, list []string) bool {
	for _, one := range list {
		if strings.HasPrefix(text, one+"/") {
			return true
		}
	}
	return false
}

// pictures looks at each page in both schemes, on a desk and on a phone: nothing
// is wider than the window, and nothing is smaller than what can be read.
func pictures(t *testing.T, c *chromium) (bases []string) {
	busy := serve(t, options(gallery()))
	well := serve(t, options(wellGallery()))
	empty := serve(t, options(&engine{stats: jobs.Stats{Ticked: noon}}))
	stuck := gallery()
	stuck.stats.Ticked = noon.Add(-stuckAfter * 2)
	halted := serve(t, options(stuck))
	locked := serve(t, withToken(options(gallery())))
	scenes := []struct {
		name, address string
	}{
		{"home", busy.base + "/"}, {"home-well", well.base + "/"}, {"home-empty", empty.base + "/"}, {"home-stuck", halted.base + "/"},
		{"job-failing", busy.base + "/jobs/invoices"}, {"job-paused", busy.base + "/jobs/archive"}, {"job-disabled", busy.base + "/jobs/spam"},
		{"runs", busy.base + "/runs"}, {"runs-failed", busy.base + "/runs?failed=yes"}, {"runs-none", busy.base + "/runs?job=no-such"},
		{"run-committed", busy.base + "/runs/120"}, {"run-deletions", busy.base + "/runs/120?only=delete"}, {"run-dry", busy.base + "/runs/118"},
		{"run-failed", busy.base + "/runs/117"}, {"run-waiting", busy.base + "/runs/121"}, {"run-running", busy.base + "/runs/122"},
		{"login", locked.base + "/"}, {"fault", busy.base + "/nothing"},
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1280, 390} {
			c.look(scheme, width)
			for i, s := range scenes {
				// Each is seen so by somebody; all of them take long.
				if *screens == "" && i > 0 && (scheme == "light") != (width == 1280) {
					continue
				}
				c.open(s.address)
				view := fmt.Sprintf("%s-%s-%d", s.name, scheme, width)
				if wide := c.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide != "0" {
					t.Errorf("%s: %s px wider than the window", view, wide)
				}
				if back := c.evaluate("getComputedStyle(document.body).backgroundColor"); (back == "rgb(21, 23, 26)") != (scheme == "dark") {
					t.Errorf("%s: the ground is %s", view, back)
				}
				if small := c.evaluate(tooSmall); small != "" {
					t.Errorf("%s: too small: %s", view, small)
				}
				c.picture(view + ".png")
			}
		}
	}
	return []string{busy.base, well.base, empty.base, halted.base, locked.base}
}

// tooSmall finds text below 12 px, and buttons below 24 px (WCAG 2.2, 2.5.8).
const tooSmall = `[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && (
	parseFloat(getComputedStyle(e).fontSize) < 12 || e.matches('button, select, input:not([type=hidden], [type=checkbox])') && e.getBoundingClientRect().height < 24
)).map(e => e.outerHTML).join('\n')`

// links follows every link that a person can see, from page to page.
func links(t *testing.T, c *chromium) []string {
	c.look("light", 1280)
	b := serve(t, options(gallery()))
	seen := map[string]bool{}
	for next := []string{b.base + "/"}; len(next) > 0 && len(seen) < 60; next = next[1:] {
		if seen[next[0]] {
			continue
		}
		seen[next[0]] = true
		if c.open(next[0]); c.status != 200 {
			t.Errorf("%s: status %d", next[0], c.status)
		}
		var found []string
		if err := json.Unmarshal([]byte(c.evaluate("JSON.stringify([...document.links].map(a => a.href))")), &found); err != nil {
			t.Fatal(err)
		}
		next = append(next, found...)
	}
	if len(seen) < 30 {
		t.Errorf("followed %d links, too few", len(seen))
	}
	t.Logf("followed %d links", len(seen))
	return []string{b.base}
}

// orders presses the buttons, also where the browser sends no Sec-Fetch-Site.
func orders(t *testing.T, c *chromium) []string {
	e := gallery()
	b := serve(t, options(e))
	for _, o := range []struct{ path, button, order, leads string }{
		{"/jobs/archive", `form[action$="/run"] button[value="true"]`, "run archive [] dry=true", "/jobs/archive"},
		{"/jobs/archive", `form[action$="/run"] button.real`, "run archive [] as it is", "/jobs/archive"},
		{"/jobs/archive", `form[action$="/enable"] button`, "enable archive", "/jobs/archive"},
		{"/jobs/newsletters", `form[action$="/disable"] button`, "disable newsletters", "/jobs/newsletters"},
		{"/runs/117", `form[action$="/retry"] button`, "retry 117", "/runs/117"},
		{"/runs/122", `form[action$="/cancel"] button`, "cancel 122", "/runs/122"},
	} {
		c.open(b.base + o.path)
		c.follow("document.querySelector('" + o.button + "').click()")
		if order := e.ordered(); order != o.order {
			t.Errorf("%s of %s: ordered %q, want %q", o.button, o.path, order, o.order)
		}
		if at := c.evaluate("location.pathname"); at != o.leads {
			t.Errorf("%s of %s leads to %s", o.button, o.path, at)
		}
	}
	// One account, with Enter: that is the dry run.
	c.open(b.base + "/jobs/newsletters")
	c.follow("document.querySelector('[name=account]').value = 'work'; document.querySelector('form[action$=\"/run\"] button').click()")
	if order := e.ordered(); order != "run newsletters [work] dry=true" {
		t.Errorf("ordered %q", order)
	}
	// The filters, with their form.
	c.open(b.base + "/runs")
	c.follow("document.querySelector('[name=failed]').checked = true; document.querySelector('[name=job]').value = 'archive'; document.querySelector('main form button').click()")
	if got := c.evaluate("[...document.querySelectorAll('td[data-label=Job]')].every(e => e.textContent === 'archive') + ' ' + document.querySelectorAll('tbody tr').length + ' ' + document.querySelector('[name=failed]').checked"); got != "true 3 true" {
		t.Errorf("the failures of one job: %s", got)
	}
	return []string{b.base}
}

// loginStory is refused with a wrong token, logs in with the right one, and out.
func loginStory(t *testing.T, c *chromium) []string {
	c.look("dark", 390)
	e := gallery()
	b := serve(t, withToken(options(e)))
	enter := func(word string) {
		t.Helper()
		c.follow("document.querySelector('[name=token]').value = '" + word + "'; document.querySelector('main form button').click()")
	}
	c.open(b.base + "/runs/120?only=delete")
	if text := c.evaluate("document.body.innerText"); c.status != 401 || strings.Contains(text, "newsletters") || strings.Contains(text, "attic") {
		t.Errorf("a stranger: status %d, sees:\n%s", c.status, text)
	}
	enter("wrong")
	if text := c.evaluate("document.body.innerText"); c.status != 401 || !strings.Contains(text, "That is not the token.") {
		t.Errorf("a wrong token: status %d, sees:\n%s", c.status, text)
	}
	c.picture("login-wrong-dark-390.png")
	enter(token)
	if at := c.evaluate("location.pathname + location.search + ' ' + document.title"); at != "/runs/120?only=delete Run 120 – popherd" {
		t.Errorf("the login leads to %s", at)
	}
	if cookie := c.evaluate("document.cookie"); cookie != "" {
		t.Errorf("a script could read the cookie %q", cookie)
	}
	c.open(b.base + "/jobs/archive")
	c.follow("document.querySelector('form[action$=\"/enable\"] button').click()")
	if order := e.ordered(); order != "enable archive" || c.status != 200 {
		t.Errorf("logged in: ordered %q, status %d", order, c.status)
	}
	c.follow("document.querySelector('header form button').click()")
	if title := c.evaluate("document.title"); title != "Log in – popherd" {
		t.Errorf("after the logout: %s", title)
	}
	// Another site's form, which the browser sends from there.
	c.open(b.base + "/")
	enter(token)
	other := serve(t, options(&engine{}))
	c.open(other.base + "/nothing")
	c.call("Page.setBypassCSP", map[string]any{"enabled": true}, nil)
	defer c.call("Page.setBypassCSP", map[string]any{"enabled": false}, nil)
	c.open(other.base + "/nothing")
	c.follow("document.body.innerHTML = '<form method=post action=\"" + b.base + "/jobs/archive/enable\"><button>'; document.querySelector('button').click()")
	if order := e.ordered(); order != "" || c.status < 400 {
		t.Errorf("a form of another site: ordered %q, status %d", order, c.status)
	}
	return []string{b.base, other.base}
}

// hostileStory shows what others wrote: as text, and nothing of it runs.
func hostileStory(t *testing.T, c *chromium) (bases []string) {
	for i, text := range hostile {
		if len(text) > 10_000 {
			text = text[:10_000]
		}
		e := hostileEngine(t, text, text)
		b := serve(t, options(e))
		bases = append(bases, b.base)
		c.look("light", 390)
		q := url.QueryEscape(text)
		for _, path := range []string{"/", "/runs", "/runs/1", "/runs?job=" + q + "&account=" + q + "&outcome=" + q} {
			c.open(b.base + path)
			if c.status != 200 {
				t.Errorf("%q, %s: status %d", cut(text), cut(path), c.status)
			}
			if bad := c.evaluate(foreign); bad != "" {
				t.Errorf("%q, %s: got onto the page: %s", cut(text), cut(path), bad)
			}
			if wide := c.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide != "0" {
				t.Errorf("%q, %s: %s px wider than the window", cut(text), cut(path), wide)
			}
		}
		if i == 0 {
			c.picture("hostile-light-390.png")
		}
	}
	c.look("light", 1280)
	e := gallery()
	for i, text := range hostile[:len(hostile)-2] {
		run := jobs.Run{ID: int64(200 - i), Job: "newsletters", Account: "work", State: "done", Finished: noon, Class: jobs.Permanent, Message: text}
		e.runs = append([]jobs.Run{run}, e.runs...)
	}
	b := serve(t, options(e))
	c.open(b.base + "/runs")
	c.picture("hostile-runs-light-1280.png")
	return append(bases, b.base)
}

// foreign finds what no template of ours has.
const foreign = `[...document.querySelectorAll('script, img, iframe, object, embed, base, style, svg, b:not(main b, li b), form[action*="evil"], [onmouseover], [onerror], a:not([href^="/"])')].map(e => e.outerHTML).join('\n')`
