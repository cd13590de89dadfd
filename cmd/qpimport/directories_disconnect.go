package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newDisconnectCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "disconnect ad|m365",
		Short: "Forget how a directory is reached",
		Long: `Forgets how one of a customer's directories is reached. Its accounts stay, and the
directory is not touched.` + exits(11, 15),
		Example: `  qpimport directories disconnect m365 -c Contoso`,
		Args:    cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			kind, err := parseKind(args[0])
			if err != nil {
				return err
			}
			name, err := a.customer()
			if err != nil {
				return err
			}
			c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
				return im.Disconnect(ctx, name, kind)
			})
			if err != nil {
				return err
			}
			return a.render(customerSentence(c, "%s: %s is no longer connected", c.Name, kind))
		}),
	}
}

func parseKind(s string) (source.Kind, error) {
	kind, err := source.ParseKind(s)
	if err != nil {
		return "", usage.Errorf("%s", err)
	}
	return kind, nil
}
