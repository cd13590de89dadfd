package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newDisconnectCmd(a *app) *cobra.Command {
	role := ""
	cmd := &cobra.Command{
		Use:   "disconnect ad|m365",
		Short: "Forget how a directory is reached",
		Long: `Forgets how one of a customer's directories is reached. Its accounts stay, and the
directory is not touched. With --role reset the connection that sets passwords is
forgotten, and the one that reads stays.` + exits(11, 15),
		Example: `  qpimport directories disconnect m365 -c Contoso
  qpimport directories disconnect ad -c Contoso --role reset`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			kind, err := parseKind(args[0])
			if err != nil {
				return err
			}
			if role != "" && role != source.RoleReset {
				return usage.Errorf("--role: leave it out, or use %s", source.RoleReset)
			}
			name, err := a.customer()
			if err != nil {
				return err
			}
			c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
				return im.Disconnect(ctx, name, kind, role)
			})
			if err != nil {
				return err
			}
			return a.render(customerSentence(c, "%s: %s is no longer connected%s", c.Name, kind, roleText(role)))
		}),
	}
	cmd.Flags().StringVar(&role, "role", "", "`ROLE` of the connection: reset for the one that sets passwords")
	return cmd
}

func parseKind(s string) (source.Kind, error) {
	kind, err := source.ParseKind(s)
	if err != nil {
		return "", usage.Errorf("%s", err)
	}
	return kind, nil
}
