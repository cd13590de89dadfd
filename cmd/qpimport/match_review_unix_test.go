//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/qpimport/qpimport/pkg/importer"
)

// screen is what a terminal was sent so far.
type screen struct {
	mu   sync.Mutex
	sent bytes.Buffer
	news chan struct{}
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return s.sent.Write(p)
}

// await waits until the terminal has shown a text, and forgets what it showed.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		shown := s.sent.String()
		if i := strings.Index(shown, text); i >= 0 {
			s.sent.Next(i + len(text))
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		select {
		case <-s.news:
		case <-late:
			t.Fatalf("%q was not shown; on the screen is %q", text, shown)
		}
	}
}

// TestReviewOnTerminal decides cases at a terminal: what was decided is applied on
// quitting, as one run.
func TestReviewOnTerminal(t *testing.T) {
	w := newWorld(t)
	w.must(t, "customers", "create", "Contoso")
	w.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", "../../testdata/contoso/ad.ldif")
	w.must(t, "directories", "connect", "m365", "-c", "Contoso", "--file", "../../testdata/contoso/m365.json")
	w.must(t, "import", "-c", "Contoso", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all")

	cmd := exec.Command("qpimport", "match", "-c", "Contoso", "--review", "--by", "display-name", "-o", "json")
	cmd.Env = append(os.Environ(), envState+"="+w.env[envState], "TERM=xterm")
	var out bytes.Buffer
	cmd.Stdout = &out
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	s := &screen{news: make(chan struct{}, 1)}
	go func() { _, _ = io.Copy(s, terminal) }() // until the program is gone
	press := func(keys string) {
		if _, err := terminal.WriteString(keys); err != nil {
			t.Fatal(err)
		}
	}
	s.await(t, "q quit and apply")
	press("m")
	s.await(t, "2 of ")
	press("i")
	s.await(t, "3 of ")
	press("u")
	s.await(t, "2 of ")
	press("s")
	s.await(t, "3 of ")
	press("q")
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, s.sent.String())
	}
	var result importer.MatchResult
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if !result.Applied || result.Run == nil || result.Counts.Matched != 1 || len(result.Decisions) != 1 {
		t.Errorf("%+v", result)
	}
	if kept := w.must(t, "decisions", "-c", "Contoso", "-o", "jsonl"); strings.Count(kept, "\n") != 1 || !strings.Contains(kept, `"match"`) {
		t.Errorf("kept are %s", kept)
	}

	// Ctrl-C applies nothing, loses nothing and is an interruption.
	cmd = exec.Command("qpimport", "match", "-c", "Contoso", "--review", "--by", "display-name")
	cmd.Env = append(os.Environ(), envState+"="+w.env[envState], "TERM=xterm", "TMPDIR="+t.TempDir())
	if terminal, err = pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	s = &screen{news: make(chan struct{}, 1)}
	go func() { _, _ = io.Copy(s, terminal) }()
	s.await(t, "q quit and apply")
	press("i")
	s.await(t, "2 of ")
	press("\x03")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("after Ctrl-C: %v", err)
	}
	if kept := w.must(t, "decisions", "-c", "Contoso", "-o", "jsonl"); strings.Count(kept, "\n") != 1 {
		t.Errorf("after Ctrl-C %s are kept", kept)
	}
}
