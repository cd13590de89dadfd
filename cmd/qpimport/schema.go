package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/file"
)

func newSchemaCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schema",
		Short:   "Print what the documents look like that qpimport reads",
		Long:    "Prints what the documents look like that qpimport reads: the JSON Schema of the\nmanifest, and the names of what is read of exports." + exits(),
		Example: "  qpimport schema manifest > manifest.schema.json\n  qpimport schema exports",
		Args:    subcommand,
		RunE:    chooseSubcommand,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "manifest",
		Short: "Print the JSON Schema of the manifest",
		Long: `Prints the JSON Schema (2020-12) of the manifest that "plan" and "apply" read, for an
editor or a check in CI. It is JSON whatever --output says.` + exits(),
		Example: "  qpimport schema manifest > manifest.schema.json",
		Args:    cobra.NoArgs,
		RunE: a.command(func(context.Context, []string) error {
			_, err := a.out.Write(manifest.Schema())
			return err
		}),
	})
	cmd.AddCommand(newSchemaExportsCmd(a))
	return cmd
}

func newSchemaExportsCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "exports",
		Short: "List the names by which exports are read",
		Long: `Lists what is read of an export, by directory: each field with the names that tools
give it, as columns of CSV, properties of JSON or attributes of LDIF. Case, blanks,
hyphens, underscores and apostrophes of a name do not matter. Of Active Directory
needed are objectGUID, sAMAccountName, displayName, and userAccountControl or
Enabled; of Microsoft 365 id, userPrincipalName, displayName, and mail or
proxyAddresses.` + exits(),
		Example: `  qpimport schema exports
  qpimport schema exports -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(context.Context, []string) error {
			v := output.List("fields", file.Fields(), []output.Column[file.Field]{
				{Key: "source", Text: func(f file.Field) string { return string(f.Source) }},
				{Key: "field", Text: func(f file.Field) string { return f.Name }},
				{Key: "names", Text: func(f file.Field) string { return strings.Join(allNames(f), ", ") }},
			}, nil, nil)
			v.Page = exportNamesPage
			return a.render(v)
		}),
	}
}

// allNames are the names of a field, each once.
func allNames(f file.Field) []string {
	var names []string
	for _, t := range f.Names {
		for _, name := range t.Names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// exportNamesPage lists the names of each field by tool, tools of the same names
// together.
func exportNamesPage(p *output.Page) {
	var kind source.Kind
	for _, f := range file.Fields() {
		if f.Source != kind {
			if kind = f.Source; kind != source.AD {
				p.Blank()
			}
			p.Line("%s", kind)
		}
		p.Line("  %s", f.Name)
		tools := map[string][]string{}
		for _, t := range f.Names {
			names := strings.Join(t.Names, ", ")
			tools[names] = append(tools[names], t.Tool)
		}
		shown := map[string]bool{}
		for _, t := range f.Names {
			if names := strings.Join(t.Names, ", "); !shown[names] {
				shown[names] = true
				p.Line("    %s: %s", names, strings.Join(tools[names], "; "))
			}
		}
	}
}
