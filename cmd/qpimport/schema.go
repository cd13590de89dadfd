package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/manifest"
)

func newSchemaCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a document",
		Long:    "Prints the JSON Schema of a document that qpimport reads." + exits(),
		Example: "  qpimport schema manifest > manifest.schema.json",
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
	return cmd
}
