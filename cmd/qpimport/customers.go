package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

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
	return a.render(listView("customers", customers, customerColumns(), nil, nil))
}

func customerColumns() []column[importer.Customer] {
	type customer = importer.Customer
	return []column[customer]{
		{"id", "", func(c customer) string { return c.ID }},
		{"name", "Customer", func(c customer) string { return c.Name }},
		{"external_ids", "", func(c customer) string { return externalIDs(c.ExternalIDs) }},
		{"password_sync", "Password sync", func(c customer) string { return string(c.PasswordSync) }},
		{"ad", "AD", func(c customer) string { return transport(c.Directories.AD) }},
		{"m365", "Microsoft 365", func(c customer) string { return transport(c.Directories.M365) }},
		{"accounts_total", "Accounts", func(c customer) string { return strconv.Itoa(c.Accounts.Total) }},
		{"accounts_active", "Active", func(c customer) string { return strconv.Itoa(c.Accounts.Active) }},
		{"accounts_needs_email", "Need e-mail", func(c customer) string { return strconv.Itoa(c.Accounts.NeedsEmail) }},
		{"accounts_pending_match", "Await match", func(c customer) string { return strconv.Itoa(c.Accounts.PendingMatch) }},
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
func customerPage(c importer.Customer) func(*page) {
	return func(p *page) {
		p.fields([][]string{
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
func customerSentence(c importer.Customer, format string, args ...any) view {
	return itemView(c, customerColumns(), func(p *page) { p.line(format, args...) })
}
