package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// openValues are what flags are given that nobody can complete: numbers, times, names
// in the world outside.
var openValues = []string{
	"ADDRESS", "AGE", "DN", "DURATION", "HOST[:PORT]", "ID", "N", "NAME@REALM", "PART", "SYSTEM:ID", "TENANT", "TEXT", "TIME", "URL", "USER", "float",
	// names of a domain, a server, an account of a directory, and of what other systems hold
	"bind-dn NAME", "domain NAME", "tls-server-name NAME", "status NAME", "type NAME", "company NAME", "tenant NAME", "top-level NAME", "header NAME=REF",
	// users of a directory, who have no account yet
	"ad SEL", "m365 SEL",
}

// TestPowerShell has the script for PowerShell, which is not run here, quote whatever of a
// name that is offered would be obeyed. What it asks the program and what it is answered
// is in the script completion.
func TestPowerShell(t *testing.T) {
	script := newWorld(t).must(t, "completion", "powershell")
	filter := regexp.MustCompile("filter __qpimport_escapeStringWithSpecialChars \\{\\s+\\$_ -replace '(.*)','`\\$&'").FindStringSubmatch(script)
	if filter == nil || !strings.Contains(script, "$Program __complete $Arguments") {
		t.Fatal("not the script that is known")
	}
	quoted := regexp.MustCompile(strings.ReplaceAll(filter[1], "''", "'"))
	for _, char := range " ,@&'()" {
		if !plainName(string(char)) || !quoted.MatchString(string(char)) {
			t.Errorf("%q is not offered, or not quoted", char)
		}
	}
	for _, char := range "$`;|<>*?[]{}\"#!~\\^\n\x1b" {
		if plainName("a" + string(char)) {
			t.Errorf("%q is offered", char)
		}
	}
}

// TestCompletion walks all commands: whatever a flag or an argument wants is completed,
// is a file, or is known to be open. A new flag has to be one of these.
func TestCompletion(t *testing.T) {
	a := &app{getenv: func(string) string { return "" }}
	c := newCompletion(a)
	flags, args := 0, 0
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), "qpimport ")
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if t := f.Value.Type(); t == "bool" || t == "count" {
				return
			}
			flags++
			metavar, _ := pflag.UnquoteUsage(f)
			complete := c.of(path, f)
			if registered, ok := cmd.GetFlagCompletionFunc(f.Name); ok != (complete != nil) || ok && registered == nil {
				t.Errorf("%s --%s: completed %v, as if %v", path, f.Name, ok, complete != nil)
			}
			named := c.flags[f.Name] != nil || c.flags[strings.TrimSuffix(path, " list")+" "+f.Name] != nil
			open := slices.Contains(openValues, metavar) || slices.Contains(openValues, f.Name+" "+metavar)
			if !named && !open && !takesFile(metavar) && metavar != "REF" {
				t.Errorf("%s --%s %s: nothing completes it, and it is not among the open values", path, f.Name, metavar)
			}
		})
		if !cmd.HasSubCommands() && !cmd.IsAdditionalHelpTopicCommand() && cmd.Name() != "help" {
			args++
			none := cmd.Args != nil && cmd.Args(cmd, []string{"x"}) != nil && cmd.Args(cmd, []string{"x", "y"}) != nil
			named := c.args[path] != nil
			open := slices.Contains([]string{"customers create", "selections forget", "registry copy"}, path) || strings.Contains(cmd.Use, "FILE")
			if !none && !named && !open {
				t.Errorf("%s: its arguments are not completed", cmd.UseLine())
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(newRootCmd(a))
	if flags < 80 || args < 40 {
		t.Errorf("only %d flags and %d commands were looked at", flags, args)
	}
	root := newRootCmd(a)
	for path := range c.args {
		if cmd, _, err := root.Find(strings.Fields(path)); err != nil || cmd.CommandPath() != "qpimport "+path {
			t.Errorf("%q is no command", path)
		}
	}
}
