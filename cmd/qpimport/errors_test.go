package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestEveryCodeHasAnExitStatus reads the codes from the source of the packages
// below, so that a new one cannot be forgotten.
func TestEveryCodeHasAnExitStatus(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^\s*(?:const )?Code\w+\s+(?:source\.)?Code\s*=\s*"(\w+)"`)
	found := 0
	for _, pattern := range []string{"../../pkg/*/*.go", "../../pkg/*/*/*.go", "../../internal/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
				found++
				if exitStatus(source.Code(m[1])) == 1 {
					t.Errorf("%s: %s has no exit status of its own", file, m[1])
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d codes were found", found)
	}
}

func TestExitStatusOfUnknownCode(t *testing.T) {
	if got := exitStatus("something_new"); got != 1 {
		t.Errorf("exit status %d, want 1", got)
	}
}

// TestStopped tells a command that ran out of time from one that was interrupted.
func TestStopped(t *testing.T) {
	cause := &source.Error{Code: source.CodeUnreachable, Message: "no answer"}
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if err := stopped(late, time.Second, cause); source.CodeOf(err) != importer.CodeTimeout || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("out of time: %v", err)
	}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stopped(interrupted, 0, cause); source.CodeOf(err) != importer.CodeInterrupted {
		t.Errorf("interrupted: %v", err)
	}
	for _, code := range []source.Code{source.CodeOutcomeUnknown, registry.CodeOutcomeUnknown} {
		unknown := &source.Error{Code: code, Message: "whether it was made is not known"}
		if err := stopped(late, time.Second, unknown); source.CodeOf(err) != code || exitStatus(code) != 14 {
			t.Errorf("of what nobody knows, late: %v", err)
		}
		if err := stopped(interrupted, 0, unknown); source.CodeOf(err) != importer.CodeInterrupted || !strings.Contains(err.Error(), "not known") {
			t.Errorf("of what nobody knows, interrupted: %v", err)
		}
	}
}
