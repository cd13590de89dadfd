package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

// TestConfirm asks where there is somebody to ask, and takes only yes for yes.
func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		terminal     bool
		args         []string
		status       int
		asked        bool
	}{
		{"yes", "y\n", true, nil, 0, true},
		{"in full", "YES\n", true, nil, 0, true},
		{"no", "n\n", true, nil, 12, true},
		{"just Return", "\n", true, nil, 12, true},
		{"end of input", "", true, nil, 12, true},
		{"no terminal", "y\n", false, nil, 10, false},
		{"never prompt", "y\n", true, []string{"--no-input"}, 10, false},
		{"said before", "", true, []string{"--yes"}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.must(t, "customers", "create", "Contoso")
			w.in, w.inTerminal = c.answer, c.terminal
			status, _, errText := w.run(t.Context(), append([]string{"customers", "delete", "Contoso"}, c.args...)...)
			if status != c.status {
				t.Errorf("exit status %d, want %d: %s", status, c.status, errText)
			}
			if asked := strings.Contains(errText, "[y/N]"); asked != c.asked {
				t.Errorf("asked is %v: %s", asked, errText)
			}
			w.in, w.inTerminal = "", false
			gone := strings.Contains(w.must(t, "customers"), "no customers")
			if gone != (c.status == 0) {
				t.Errorf("deleted is %v", gone)
			}
		})
	}
}

// TestConfirmCounts says what a deletion takes before it asks.
func TestConfirmCounts(t *testing.T) {
	w := newWorld(t)
	w.must(t, "customers", "create", "Contoso")
	w.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", "../../testdata/contoso/ad.ldif")
	w.must(t, "directories", "connect", "m365", "-c", "Contoso", "--file", "../../testdata/contoso/m365.json")
	w.must(t, "import", "-c", "Contoso", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "--user", "mashworth", "--user", "sadeyemi", "-r")
	w.must(t, "match", "-c", "Contoso", "--pair", "mashworth=margaret.ashworth@contoso.example")
	for _, args := range [][]string{{"accounts", "delete", "-c", "Contoso", "--all"}, {"customers", "delete", "Contoso", "--with-accounts"}} {
		w.in, w.inTerminal = "n\n", true
		status, _, errText := w.run(t.Context(), args...)
		if status != 12 || !strings.Contains(errText, "which takes 2 accounts and 1 pair?") {
			t.Errorf("%q: exit status %d, %s", args, status, errText)
		}
	}
}

// silent never answers.
type silent struct{ stop chan struct{} }

func (s silent) Read([]byte) (int, error) { <-s.stop; return 0, context.Canceled }

// TestWaitForInputEnds interrupts the program while it waits for standard input.
func TestWaitForInputEnds(t *testing.T) {
	for name, args := range map[string][]string{
		"a prompt": {"customers", "delete", "Contoso"},
		"a list":   {"import", "-c", "Contoso", "--users-file", "-"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.must(t, "customers", "create", "Contoso")
			in := silent{make(chan struct{})}
			defer close(in.stop)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var out, errText strings.Builder
			status := run(ctx, append(args, "-o", "json"), streams{in: in, out: &out, err: &errText, inTerminal: true},
				func(name string) string { return w.env[name] })
			lines := strings.Split(strings.TrimSpace(errText.String()), "\n")
			var doc struct {
				Error struct {
					Code string
					Exit int
				}
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc); err != nil {
				t.Fatal(err)
			}
			if status != 130 || doc.Error.Code != "interrupted" || doc.Error.Exit != 130 || out.Len() > 0 {
				t.Errorf("exit status %d, %s", status, errText.String())
			}
		})
	}
}
