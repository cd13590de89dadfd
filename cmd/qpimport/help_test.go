package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/pkg/source"
)

// TestManual walks all commands: each has a manual that ends in its exit
// statuses, examples that its own flags accept, and flags that are explained.
func TestManual(t *testing.T) {
	root := newRootCmd(&app{})
	commands := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		if c.Name() == "help" {
			return
		}
		commands++
		if c.Short == "" || !strings.Contains(c.Long, "Exit status:\n  0 ") || c.Example == "" {
			t.Errorf("%s: the manual lacks a part", c.CommandPath())
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len([]rune(line)) > 90 {
				t.Errorf("%s: a line of the manual is too long: %s", c.CommandPath(), line)
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: --%s is not explained", c.CommandPath(), f.Name)
			}
		})
		for _, example := range examples(c.Example) {
			checkExample(t, example)
		}
	}
	walk(root)
	if commands < 30 {
		t.Errorf("only %d commands were found", commands)
	}
}

// examples splits the text of examples into commands.
func examples(text string) []string {
	var out []string
	for _, line := range strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "source <(")
		line = regexp.MustCompile(`\s*[<>|)].*`).ReplaceAllString(line, "") // what the shell does with it
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// checkExample lets cobra read an example as far as it goes without running it.
func checkExample(t *testing.T, example string) {
	t.Helper()
	line, err := source.ParseReference("command:" + example)
	if err != nil || line.Argv[0] != "qpimport" {
		t.Errorf("not a command: %s (%v)", example, err)
		return
	}
	c, rest, err := newRootCmd(&app{}).Find(line.Argv[1:])
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: %v", example, err)
	}
}
