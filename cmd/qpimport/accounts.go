package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

type accountsOptions struct {
	state  stateFlag
	filter filterFlags
	sort   sortFlag
}

// stateFlag is --state of "accounts", which names a state of accounts, and like
// everywhere else a state file. The words tell which.
type stateFlag struct {
	accounts registry.State
	file     string
}

// Set reads one of the states, or a path. A word that is neither a state nor
// looks like a path is taken for a misspelt state.
func (s *stateFlag) Set(value string) error {
	switch state := registry.State(value); state {
	case registry.StateActive, registry.StateNeedsEmail, registry.StatePendingMatch:
		s.accounts = state
		return nil
	}
	if _, err := os.Stat(value); err != nil && !strings.ContainsAny(value, `./\`) {
		return errors.New("use active, needs_email or pending_match, or name a state file by its path")
	}
	s.file = value
	return nil
}

// String is the state file, which is what the settings ask for.
func (s *stateFlag) String() string { return s.file }

// Type implements pflag.Value.
func (s *stateFlag) Type() string { return "state" }

func newAccountsCmd(a *app) *cobra.Command {
	var o accountsOptions
	cmd := o.listCmd(a, "accounts")
	cmd.Short = "List and change accounts"
	cmd.Args = subcommand
	cmd.AddCommand(newAccountsListCmd(a), newAccountsShowCmd(a), newAccountsSetEmailCmd(a), newAccountsDeleteCmd(a), newAccountsRelinkCmd(a))
	return cmd
}

func newAccountsListCmd(a *app) *cobra.Command {
	var o accountsOptions
	return o.listCmd(a, "list")
}

// listCmd is the list under either of its names.
func (o *accountsOptions) listCmd(a *app, name string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name,
		Short: "List accounts",
		Long: `Lists the accounts of a customer, or without -c those of all customers. An account
is in one of three states:

  active         nothing is missing
  needs_email    no usable address; email_issue says whether it is missing, invalid
                 or shared with others of the customer (duplicate)
  pending_match  password sync is on, and the account waits for its mailbox

With --state needs_email the list says what helps to find an address: what the directory
has, who shares it, and one by the customer's own pattern. "accounts set-email --file"
takes it back with the column email filled in.
` + filterHelp + `  red     the user is gone, came to power over a directory since, or left Active
          Directory while the mailbox is open
  yellow  waits for a mailbox or an address, is disabled or out of scope
  green   all else

The OUs are known as the directory was last read.
` + ouHelp + exits(11, 15),
		Example: `  qpimport accounts -c Contoso
  qpimport accounts -c Contoso --ou corp.contoso.example/Staff/London -r --light yellow
  qpimport accounts --text schmidt
  qpimport accounts --state needs_email -o csv`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	o.filter.addOU(cmd.Flags())
	o.filter.add(cmd.Flags())
	o.sort.add(cmd.Flags())
	cmd.Flags().Var(&o.state, "state", "only accounts in `STATE`: active, needs_email or pending_match; a path is the state file as for other commands")
	return cmd
}

func (o *accountsOptions) run(ctx context.Context, a *app) error {
	filter, err := o.filter.filter()
	if err != nil {
		return err
	}
	order, err := o.sort.order()
	if err != nil {
		return err
	}
	list, err := reading(ctx, a, func(im *importer.Importer) (importer.AccountList, error) {
		return im.Accounts(ctx, importer.AccountsRequest{Customer: a.settings.Customer, State: o.state.accounts, Filter: filter, Order: order})
	})
	if err != nil {
		return err
	}
	all := a.settings.Customer == ""
	columns := accountColumns(all)
	if order != importer.ByOU {
		columns = output.Beside(columns)
	}
	if o.state.accounts == registry.StateNeedsEmail {
		columns = append(columns, workColumns()...)
	}
	if err := a.render(output.List("accounts", list.Accounts, columns, nil, func(p *output.Page) {
		shownOf(p, len(list.Accounts), list.Of, "account")
	})); err != nil {
		return err
	}
	a.noneFits(len(list.Accounts), list.Of, "account")
	return nil
}

// accountColumns are the columns of accounts; a table shows the customer only
// where there may be several.
func accountColumns(all bool) []output.Column[importer.Account] {
	type account = importer.Account
	customer := ""
	if all {
		customer = "Customer"
	}
	return []output.Column[account]{
		{Key: "id", Text: func(a account) string { return a.ID }},
		{Key: "customer", Title: customer, Text: func(a account) string { return a.Customer }},
		{Key: "display_name", Title: "Display name", Text: func(a account) string { return a.DisplayName }},
		{Key: "given_name", Text: func(a account) string { return a.GivenName }},
		{Key: "surname", Text: func(a account) string { return a.Surname }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(a account) string { return a.Username }},
		{Key: "upn", Text: func(a account) string { return a.UPN }},
		{Key: "email", Text: func(a account) string { return a.Email }},
		{Title: "E-mail", Tone: emailTone, Text: emailText},
		{Key: "email_source", Text: func(a account) string { return text(a.EmailSource) }},
		{Key: "email_issue", Text: func(a account) string { return text(a.EmailIssue) }},
		{Key: "state", Title: "State", Tone: toneOf, Text: func(a account) string { return string(a.State) }},
		{Key: "ad_id", Text: func(a account) string { return adLink(a).ID }},
		{Key: "ad_dn", Text: func(a account) string { return adLink(a).DN }},
		{Key: "ad_status", Title: "AD", Rank: 3, Tone: toneOf, Text: func(a account) string { return adLink(a).Status }},
		{Key: "m365_id", Text: func(a account) string { return m365Link(a).ID }},
		{Key: "m365_upn", Text: func(a account) string { return m365Link(a).UPN }},
		{Key: "m365_status", Title: "Microsoft 365", Rank: 2, Tone: toneOf, Text: func(a account) string { return m365Link(a).Status }},
		{Title: "OU", Group: true, Terminal: true, Text: accountOU},
		{Key: "imported_at", Text: func(a account) string { return timeText(a.ImportedAt) }},
		{Key: "updated_at", Text: func(a account) string { return timeText(a.UpdatedAt) }},
	}
}

// accountOU is the path of the OU of an account's AD user.
func accountOU(a importer.Account) string { return ouPath(source.ParentDN(adLink(a).DN)) }

func adLink(a importer.Account) importer.ADLink {
	if a.AD == nil {
		return importer.ADLink{}
	}
	return *a.AD
}

func m365Link(a importer.Account) importer.M365Link {
	if a.M365 == nil {
		return importer.M365Link{}
	}
	return *a.M365
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// emailText is an address with what is wrong with it.
func emailText(a importer.Account) string {
	switch {
	case a.EmailIssue == nil:
		return a.Email
	case a.Email == "":
		return *a.EmailIssue
	}
	return fmt.Sprintf("%s (%s)", a.Email, *a.EmailIssue)
}

// accountsView shows what a change did to accounts.
func accountsView(r importer.AccountsResult, page func(*output.Page)) output.View {
	return output.View{
		Document: r,
		Items:    output.Items(r.Accounts),
		Rows:     func() [][]string { return output.Rows(accountColumns(true), r.Accounts) },
		Page:     page,
	}
}
