package main

import (
	"embed"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// topicNames are the pages by task, in the order in which somebody needs them.
var topicNames = []string{"first-import", "morning", "joiner", "leaver", "rename", "forgotten-password", "wrong-match", "many-customers", "scripts", "naming"}

// The first line of a page says in short what it is about.
//
//go:embed topics/*.txt
var topicPages embed.FS

// addTopics adds the pages by task to the help. To cobra they are commands that do
// nothing.
func addTopics(root *cobra.Command) {
	for _, name := range topicNames {
		text, err := topicPages.ReadFile("topics/" + name + ".txt")
		if err != nil {
			panic(err) // it is in the program
		}
		title, page, _ := strings.Cut(string(text), "\n")
		topic := &cobra.Command{Use: name, Short: title, Long: title + ".\n" + strings.TrimRight(page, "\n")}
		topic.SetUsageFunc(func(*cobra.Command) error { return nil }) // there are no flags to tell of
		root.AddCommand(topic)
	}
	root.SetUsageTemplate(strings.NewReplacer(
		"Additional help topics:", `Help by task ("qpimport help TASK"):`,
		"{{rpad .CommandPath .CommandPathPadding}} {{.Short}}", "{{rpad .Name .NamePadding}} {{.Short}}",
	).Replace(root.UsageTemplate()))
}

// topicOf is the page that words of somebody's own name: "a leaver", "many customers".
func topicOf(root *cobra.Command, words []string) *cobra.Command {
	words = slices.DeleteFunc(strings.Fields(strings.ToLower(strings.Join(words, " "))), func(w string) bool { return w == "a" || w == "an" || w == "the" })
	name := strings.Join(words, "-")
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() && c.Name() == name {
			return c
		}
	}
	return nil
}
