package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newCustomersCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "customers",
		Short: "List, create and change customers",
		Long: `A customer is an organisation that you serve. Alone, the command lists all
customers with their password sync mode, directories and account counts.` + exits(15),
		Example: `  qpimport customers
  qpimport customers -o json
  qpimport customers create Contoso --external-id itglue:4711`,
		Args: subcommand,
		RunE: a.command(a.listCustomers),
	}
	cmd.AddCommand(
		newCustomersListCmd(a), newCustomersCreateCmd(a), newCustomersShowCmd(a),
		newCustomersRenameCmd(a), newCustomersSetCmd(a), newCustomersDeleteCmd(a), newCustomersImportCmd(a),
	)
	return cmd
}

func newCustomersListCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List all customers",
		Long:  "Lists all customers with their password sync mode, directories and account counts." + exits(15),
		Example: `  qpimport customers list
  qpimport customers list -o csv`,
		Args: cobra.NoArgs,
		RunE: a.command(a.listCustomers),
	}
}

func (a *app) listCustomers(ctx context.Context, _ []string) error {
	customers, err := reading(ctx, a, func(im *importer.Importer) ([]importer.Customer, error) {
		return im.Customers(ctx)
	})
	if err != nil {
		return err
	}
	return a.render(output.List("customers", customers, customerColumns(), nil, nil))
}

func customerColumns() []output.Column[importer.Customer] {
	type customer = importer.Customer
	return []output.Column[customer]{
		{Key: "id", Text: func(c customer) string { return c.ID }},
		{Key: "name", Title: "Customer", Text: func(c customer) string { return c.Name }},
		{Key: "external_ids", Text: func(c customer) string { return externalIDs(c.ExternalIDs) }},
		{Key: "password_sync", Title: "Password sync", Rank: 3, Text: func(c customer) string { return string(c.PasswordSync) }},
		{Key: "ad", Title: "AD", Rank: 5, Text: func(c customer) string { return transport(c.Directories.AD) }},
		{Key: "m365", Title: "Microsoft 365", Rank: 4, Text: func(c customer) string { return transport(c.Directories.M365) }},
		{Key: "accounts_total", Title: "Accounts", Text: func(c customer) string { return strconv.Itoa(c.Accounts.Total) }},
		{Key: "accounts_active", Title: "Active", Rank: 1, Text: func(c customer) string { return strconv.Itoa(c.Accounts.Active) }},
		{Key: "accounts_needs_email", Title: "Need e-mail", Rank: 2, Text: func(c customer) string { return strconv.Itoa(c.Accounts.NeedsEmail) }},
		{Key: "accounts_pending_match", Title: "Await match", Rank: 2, Text: func(c customer) string { return strconv.Itoa(c.Accounts.PendingMatch) }},
	}
}

func externalIDs(ids map[string]string) string {
	var parts []string
	for _, system := range slices.Sorted(maps.Keys(ids)) {
		parts = append(parts, system+":"+ids[system])
	}
	return strings.Join(parts, " ")
}

func transport(c *source.Connection) string {
	if c == nil {
		return ""
	}
	return c.Transport
}

// customerPage shows one customer to people.
func customerPage(c importer.Customer) func(*output.Page) {
	return func(p *output.Page) {
		p.Fields([][]string{
			{"Customer", c.Name},
			{"Id", c.ID},
			{"External ids", externalIDs(c.ExternalIDs)},
			{"Password sync", string(c.PasswordSync)},
			{"Active Directory", where(c.Directories.AD)},
			{"Microsoft 365", where(c.Directories.M365)},
			{"Accounts", fmt.Sprintf("%d: %d active, %d need an e-mail, %d await a match",
				c.Accounts.Total, c.Accounts.Active, c.Accounts.NeedsEmail, c.Accounts.PendingMatch)},
		})
	}
}

// customerSentence shows what was done to a customer.
func customerSentence(c importer.Customer, format string, args ...any) output.View {
	return output.Item(c, customerColumns(), func(p *output.Page) { p.Line(format, args...) })
}
