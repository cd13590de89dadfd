package main

import (
	"errors"
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
		if c.Name() == "help" || c.IsAdditionalHelpTopicCommand() {
			return
		}
		commands++
		if c.Short == "" || !strings.Contains(c.Long, "Exit status:\n  0 ") || c.Example == "" {
			t.Errorf("%s: the manual lacks a part", c.CommandPath())
		}
		if strings.Contains(c.Long, "\n\n\n") {
			t.Errorf("%s: two empty lines in the manual", c.CommandPath())
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

// TestTopics reads the pages by task: each is listed, short, and every command on it is
// one that there is, with flags that it has.
func TestTopics(t *testing.T) {
	files, err := topicPages.ReadDir("topics")
	if err != nil || len(files) != len(topicNames) {
		t.Errorf("%d pages, and %d are listed (%v)", len(files), len(topicNames), err)
	}
	root := newRootCmd(&app{})
	for _, name := range topicNames {
		topic := topicOf(root, []string{name})
		if topic == nil || topic.Short == "" {
			t.Fatalf("%s: no page, or without a title", name)
		}
		text := strings.ReplaceAll(topic.Long, "\\\n", " ")
		commands := regexp.MustCompile(`(?m)^  qpimport .*$`).FindAllString(text, -1)
		if len(commands) < 3 {
			t.Errorf("%s: only %d commands", name, len(commands))
		}
		for _, m := range regexp.MustCompile(`"(qpimport [^"]*)"`).FindAllStringSubmatch(text, -1) {
			commands = append(commands, m[1])
		}
		for _, example := range examples(strings.Join(commands, "\n")) {
			checkExample(t, example)
		}
		for _, line := range strings.Split(topic.Long, "\n") {
			if len([]rune(line)) > 110 || !strings.HasPrefix(line, " ") && len([]rune(line)) > 92 {
				t.Errorf("%s: a line is too long: %s", name, line)
			}
		}
		if lines := strings.Count(topic.Long, "\n"); lines > 45 {
			t.Errorf("%s: %d lines are no short page", name, lines)
		}
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
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err == nil {
		err = c.ValidateArgs(c.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: %v", example, err)
	}
}
