package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newDirectoriesCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "directories",
		Short: "Connect a customer's directories, list and test them",
		Long: `A directory is a source of users: Active Directory (ad) or Microsoft 365 (m365),
live or as an export on disk. Alone, the command lists what a customer has
connected, and how; it never shows a secret.` + exits(11, 15),
		Example: `  qpimport directories -c Contoso
  qpimport directories test -c Contoso`,
		Args: subcommand,
		RunE: a.command(a.listDirectories),
	}
	cmd.AddCommand(newDirectoriesListCmd(a), newConnectCmd(a), newDirectoriesTestCmd(a), newDisconnectCmd(a))
	return cmd
}

func newDirectoriesListCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List what a customer has connected",
		Long:    "Lists the directories that a customer has connected, and how; never a secret." + exits(11, 15),
		Example: `  qpimport directories list -c Contoso -o json`,
		Args:    cobra.NoArgs,
		RunE:    a.command(a.listDirectories),
	}
}

// connected is a connection as it is listed.
type connected struct {
	Customer string      `json:"customer"`
	Source   source.Kind `json:"source"`
	Role     string      `json:"role"` // read or reset
	source.Connection
}

func connectedOf(c importer.Customer) []connected {
	var list []connected
	add := func(of importer.Directories, role string) {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if conn := of.Get(kind); conn != nil {
				list = append(list, connected{c.Name, kind, role, *conn})
			}
		}
	}
	add(c.Directories, "read")
	if c.Resetters != nil {
		add(*c.Resetters, source.RoleReset)
	}
	return list
}

func (a *app) listDirectories(ctx context.Context, _ []string) error {
	name, err := a.customer()
	if err != nil {
		return err
	}
	c, err := reading(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.Customer(ctx, name)
	})
	if err != nil {
		return err
	}
	return a.render(output.List("directories", connectedOf(c), connectedColumns(), nil, nil))
}

func connectedColumns() []output.Column[connected] {
	return []output.Column[connected]{
		{Key: "customer", Text: func(c connected) string { return c.Customer }},
		{Key: "source", Text: func(c connected) string { return string(c.Source) }},
		{Title: "Directory", Text: func(c connected) string { return c.Source.String() }},
		{Key: "transport", Title: "Transport", Rank: 2, Text: func(c connected) string { return c.Transport }},
		{Title: "Where", Text: func(c connected) string { return where(&c.Connection) }},
		{Title: "As", Text: func(c connected) string { return identity(c.Connection) }},
		{Key: "url", Text: func(c connected) string { return c.URL }},
		{Key: "bind_dn", Text: func(c connected) string { return c.BindDN }},
		{Key: "bind_password_from", Text: func(c connected) string { return c.BindPasswordFrom }},
		{Key: "base_dn", Text: func(c connected) string { return c.BaseDN }},
		{Key: "ca_file", Text: func(c connected) string { return c.CAFile }},
		{Key: "tls_server_name", Text: func(c connected) string { return c.TLSServerName }},
		{Key: "tenant", Text: func(c connected) string { return c.Tenant }},
		{Key: "client_id", Text: func(c connected) string { return c.ClientID }},
		{Key: "client_secret_from", Text: func(c connected) string { return c.ClientSecretFrom }},
		{Key: "certificate_from", Text: func(c connected) string { return c.CertificateFrom }},
		{Key: "access_token_from", Text: func(c connected) string { return c.AccessTokenFrom }},
		{Key: "cloud", Text: func(c connected) string { return c.Cloud }},
		{Key: "graph_url", Text: func(c connected) string { return c.GraphURL }},
		{Key: "authority_url", Text: func(c connected) string { return c.AuthorityURL }},
		{Key: "mailbox_types", Text: func(c connected) string { return c.MailboxTypes }},
		{Key: "file", Text: func(c connected) string { return c.File }},
		{Key: "encoding", Text: func(c connected) string { return c.Encoding }},
		{Key: "mailboxes", Text: func(c connected) string { return c.Mailboxes }},
		{Key: "domain", Text: func(c connected) string { return c.Domain }},
		{Key: "bind", Text: func(c connected) string { return c.Bind }},
		{Key: "principal", Text: func(c connected) string { return c.Principal }},
		{Key: "keytab_from", Text: func(c connected) string { return c.KeytabFrom }},
		{Key: "kdc", Text: func(c connected) string { return c.KDC }},
		{Key: "auth", Text: func(c connected) string { return c.Auth }},
		{Key: "assertion_from", Text: func(c connected) string { return c.AssertionFrom }},
		{Key: "role", Title: "Role", Rank: 1, Text: func(c connected) string { return c.Role }},
	}
}

// where says in a few words what a connection leads to.
func where(c *source.Connection) string {
	switch {
	case c == nil:
		return "not connected"
	case c.Mailboxes != "":
		return "export " + c.File + ", mailboxes " + c.Mailboxes
	case c.Transport == source.TransportFile:
		return "export " + c.File
	case c.URL != "":
		return c.URL
	case c.Domain != "":
		return c.Domain
	}
	parts := []string{"tenant " + c.Tenant}
	switch {
	case c.Tenant != "":
	case c.Auth != "":
		parts = []string{"the tenant of the " + c.Auth}
	default:
		parts = []string{"with a ready token"}
	}
	for _, more := range []string{c.Cloud, c.GraphURL} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, ", ")
}

// identity says as whom a connection reads, and where its secret lies.
func identity(c source.Connection) string {
	switch {
	case c.Bind == source.BindWindows:
		return "the account that runs qpimport"
	case c.Bind == source.BindKerberos && c.Principal == "":
		return "whose ticket is in the credential cache"
	case c.Bind == source.BindKerberos:
		return c.Principal + " (" + cmp.Or(c.KeytabFrom, c.BindPasswordFrom, "credential cache") + ")"
	case c.BindDN != "":
		return c.BindDN + " (" + c.BindPasswordFrom + ")"
	case c.Auth != "":
		return strings.TrimSpace(c.ClientID + " (" + c.Auth + ")")
	case c.ClientSecretFrom != "":
		return c.ClientID + " (" + c.ClientSecretFrom + ")"
	case c.CertificateFrom != "":
		return c.ClientID + " (" + c.CertificateFrom + ")"
	}
	return c.AccessTokenFrom
}
