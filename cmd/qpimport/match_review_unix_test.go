//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/importer"
)

// TestReviewOnTerminal decides cases at a terminal: what was decided is applied on
// quitting, as one run.
func TestReviewOnTerminal(t *testing.T) {
	w := newWorld(t)
	w.must(t, "customers", "create", "Contoso")
	w.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", "../../testdata/contoso/ad.ldif")
	w.must(t, "directories", "connect", "m365", "-c", "Contoso", "--file", "../../testdata/contoso/m365.json")
	w.must(t, "import", "-c", "Contoso", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all")

	cmd := exec.Command("qpimport", "match", "-c", "Contoso", "--review", "--by", "display-name", "-o", "json")
	cmd.Env = append(os.Environ(), envState+"="+w.env[envState])
	var out bytes.Buffer
	cmd.Stdout = &out
	at, err := onTerminal(cmd, 60, 40)
	if err != nil {
		t.Fatal(err)
	}
	defer at.end()
	for _, step := range [][2]string{{"q quit and apply", "m"}, {"Case 2 of ", "i"}, {"Case 3 of ", "u"}, {"Case 2 of ", "s"}, {"Case 3 of ", "q"}} {
		at.await(t, step[0])
		if err := at.press(step[1]); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := at.wait(); err != nil || status != 0 || at.problem != "" {
		t.Fatalf("exit status %d, %v, %s: %s", status, err, at.problem, at.text())
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
	cmd.Env = append(os.Environ(), envState+"="+w.env[envState], "TMPDIR="+t.TempDir())
	if at, err = onTerminal(cmd, 60, 40); err != nil {
		t.Fatal(err)
	}
	defer at.end()
	for _, step := range [][2]string{{"q quit and apply", "i"}, {"Case 2 of ", "\x03"}} {
		at.await(t, step[0])
		if err := at.press(step[1]); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := at.wait(); err != nil || status != 130 {
		t.Errorf("after Ctrl-C: exit status %d, %v", status, err)
	}
	if kept := w.must(t, "decisions", "-c", "Contoso", "-o", "jsonl"); strings.Count(kept, "\n") != 1 {
		t.Errorf("after Ctrl-C %s are kept", kept)
	}
}
