package report

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// browser is headless Chromium, spoken to by its DevTools protocol over two pipes.
type browser struct {
	*testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	calls   int
	events  []message // that came in since the last visit
}

// message is a call, an answer or an event.
type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// startBrowser starts Chromium with one empty page. Where there is none the test is
// skipped, unless QPIMPORT_TEST_CHROMIUM says that it is required.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if runtime.GOOS == "windows" {
		t.Skip("a process gets no further pipes on Windows")
	}
	if path == "" {
		if os.Getenv("QPIMPORT_TEST_CHROMIUM") == "required" {
			t.Fatal("Chromium is required and not here: testdata/chromium.sh install")
		}
		t.Skip("without Chromium: testdata/chromium.sh install")
	}
	theirIn, ourIn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourOut, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	const hung = 5 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	cmd := exec.CommandContext(ctx, path, "--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb", "--user-data-dir="+profile)
	if os.Geteuid() == 0 {
		cmd.Args = append(cmd.Args, "--no-sandbox") // it does not run as root
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{T: t, in: ourIn, out: bufio.NewReader(ourOut)}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed, where it has not ended
		if err := os.RemoveAll(profile); err != nil && !t.Failed() {
			t.Error(err)
		}
		for _, f := range []*os.File{ourIn, ourOut, theirIn, theirOut} {
			_ = f.Close()
		}
	})
	t.Cleanup(func() { // its children end with it then, and write no more
		if !t.Failed() {
			b.session = ""
			b.call("Browser.close", nil, nil)
			_ = cmd.Wait()
		}
	})
	_ = theirOut.Close() // so that its end is seen
	var target struct {
		TargetID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct {
		SessionID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Log", "Runtime"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) read() message {
	b.Helper()
	text, err := b.out.ReadBytes(0)
	if err != nil {
		b.Fatalf("Chromium is gone: %v", err)
	}
	var m message
	if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
		b.Fatal(err)
	}
	if m.Method != "" {
		b.events = append(b.events, m)
	}
	return m
}

func (b *browser) call(method string, params map[string]any, result any) {
	b.Helper()
	b.calls++
	call := message{ID: b.calls, SessionID: b.session, Method: method}
	if params != nil {
		call.Params, _ = json.Marshal(params)
	}
	text, err := json.Marshal(call)
	if err == nil {
		_, err = b.in.Write(append(text, 0))
	}
	if err != nil {
		b.Fatal(err)
	}
	for {
		m := b.read()
		if m.ID != b.calls {
			continue
		}
		if m.Error != nil {
			b.Fatalf("%s: %s", method, m.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(m.Result, result); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
}

// look is a way to look at a page.
type look struct {
	width  int
	scheme string // light or dark
	media  string // screen or print
}

func (l look) String() string { return fmt.Sprintf("%d-%s-%s", l.width, l.scheme, l.media) }

// visit opens a page and waits until all of it is there.
func (b *browser) visit(url string, l look) {
	b.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": l.width, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": l.media, "features": []any{map[string]any{"name": "prefers-color-scheme", "value": l.scheme}}}, nil)
	b.events = nil
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for !b.saw("Page.loadEventFired") {
		b.read()
	}
}

func (b *browser) saw(method string) bool {
	for _, e := range b.events {
		if e.Method == method {
			return true
		}
	}
	return false
}

// eval is the value of an expression in the page, which its CSP does not bind.
func (b *browser) eval(expression string, into any) {
	b.Helper()
	var result struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails json.RawMessage `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &result)
	if result.ExceptionDetails != nil {
		b.Fatalf("%s", result.ExceptionDetails)
	}
	if err := json.Unmarshal(result.Result.Value, into); err != nil {
		b.Fatal(err)
	}
}

// picture writes what is seen of the whole page beside those of the other looks, for
// a person, where QPIMPORT_TEST_PICTURES names a folder.
func (b *browser) picture(name string) {
	b.Helper()
	folder := os.Getenv("QPIMPORT_TEST_PICTURES")
	if folder == "" {
		return
	}
	var shot struct {
		Data string `json:"data"`
	}
	var size struct{ W, H int }
	b.eval(`({W: innerWidth, H: Math.min(document.documentElement.scrollHeight, 6000)})`, &size)
	clip := map[string]any{"x": 0, "y": 0, "width": size.W, "height": size.H, "scale": 1}
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true, "clip": clip}, &shot)
	b.save(filepath.Join(folder, name+".png"), shot.Data)
	b.call("Page.printToPDF", map[string]any{"printBackground": true, "preferCSSPageSize": true}, &shot)
	b.save(filepath.Join(folder, name+".pdf"), shot.Data)
}

func (b *browser) save(path, data string) {
	b.Helper()
	content, err := base64.StdEncoding.DecodeString(data)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		b.Fatal(err)
	}
}

// harm is what a page did that it must not: what it asked for beside itself, what
// ran in it, and what the browser had to say about it.
func (b *browser) harm(url string) []string {
	b.Helper()
	var found []string
	for _, e := range b.events {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct {
				Request struct{ URL string }
			}
			_ = json.Unmarshal(e.Params, &p) // no URL is none of ours
			if p.Request.URL != url {
				found = append(found, "asks for "+p.Request.URL)
			}
		case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening", "Page.windowOpen":
			found = append(found, e.Method+string(e.Params))
		}
	}
	var ran []string
	b.eval(`[...document.querySelectorAll('*')].flatMap(e => [
		...['SCRIPT','IFRAME','OBJECT','EMBED','IMG','SVG','LINK','BASE','FORM','INPUT','VIDEO'].includes(e.tagName.toUpperCase()) ? ['has ' + e.tagName] : [],
		...[...e.attributes].filter(a => /^on/i.test(a.name) || /^\s*(javascript|data):/i.test(a.value)).map(a => 'has ' + a.name + '=' + a.value),
	]).concat(window.pwned ? ['a script ran'] : [])`, &ran)
	return append(found, ran...)
}

// TestBrowserSees makes sure that the tests in the browser would see what they look
// for.
func TestBrowserSees(t *testing.T) {
	b := startBrowser(t)
	asked := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "bad.html")
	page := `<!DOCTYPE html><body onload="window.pwned=1"><img src="` + server.URL + `/pixel"><p style="width:2000px">wide<script>console.log(1)</script>`
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	b.visit("file://"+path, look{360, "light", "screen"})
	said := strings.Join(b.harm("file://"+path), "\n")
	for _, want := range []string{"asks for " + server.URL + "/pixel", "Runtime.consoleAPICalled", "has IMG", "has SCRIPT", "has onload", "a script ran"} {
		if !strings.Contains(said, want) {
			t.Errorf("not seen: %s; but\n%s", want, said)
		}
	}
	if got := <-asked; got != "/pixel" {
		t.Errorf("the server was asked for %s", got)
	}
	var wide int
	if b.eval(overflow, &wide); wide <= 0 {
		t.Error("the page is too wide, and nobody sees it")
	}
}

// overflow is by how many pixels a page, or any part of it, is wider than the window.
const overflow = `Math.max(document.documentElement.scrollWidth - innerWidth, ...[...document.querySelectorAll('body *')].map(e => Math.ceil(e.getBoundingClientRect().right - innerWidth)))`
