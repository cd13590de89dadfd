package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type customersCreateOptions struct {
	externalIDs []string
}

func newCustomersCreateCmd(a *app) *cobra.Command {
	var o customersCreateOptions
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a customer",
		Long: `Creates a customer. The name is unique whatever its case. --external-id says under
which id another system knows the customer, as SYSTEM:ID.` + exits(12, 15),
		Example: `  qpimport customers create Contoso
  qpimport customers create "Fabrikam Ltd" --external-id itglue:4711`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	cmd.Flags().StringArrayVar(&o.externalIDs, "external-id", nil, "`SYSTEM:ID` of the customer in another system (repeatable)")
	return cmd
}

func (o customersCreateOptions) run(ctx context.Context, a *app, name string) error {
	ids, err := parseExternalIDs(o.externalIDs)
	if err != nil {
		return err
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.CreateCustomer(ctx, name, ids)
	})
	if err != nil {
		return err
	}
	return a.render(customerSentence(c, "customer %s was created", c.Name))
}

func parseExternalIDs(flags []string) (map[string]string, error) {
	ids := map[string]string{}
	var found []string
	for _, flag := range flags {
		system, id, ok := strings.Cut(flag, ":")
		system, id = strings.ToLower(strings.TrimSpace(system)), strings.TrimSpace(id)
		switch {
		case !ok || system == "" || id == "":
			found = append(found, fmt.Sprintf("--external-id %q: want SYSTEM:ID, as itglue:4711", flag))
		case ids[system] != "":
			found = append(found, fmt.Sprintf("--external-id: %s is given twice", system))
		default:
			ids[system] = id
		}
	}
	return ids, usage.Join(found)
}
