package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/file"
)

func newConnectM365Cmd(a *app) *cobra.Command {
	conn := source.Connection{Kind: source.M365}
	cmd := &cobra.Command{
		Use:     "m365",
		Aliases: []string{"o365", "entra", "entraid", "office365"},
		Short:   "Connect Microsoft 365",
		Long: `Connects a customer's Microsoft 365 tenant over Microsoft Graph, or an export on
disk (Graph JSON, JSON lines or CSV; the content tells which). The app registration
needs application permissions of Microsoft Graph, each with admin consent:

  User.Read.All                  the users; nothing works without
  Organization.Read.All          to name the tenant, and its licences
  GroupMember.Read.All           to choose people by group
  RoleManagement.Read.Directory  to know who holds roles, with GroupMember.Read.All
  MailboxSettings.Read           to tell mailboxes of people from shared ones and rooms
  Application.Read.All           to tell when its own client secret ends

Where one of the last three is missing, what it would tell is shown as not known.

--mailbox-types says how it is found out what mailboxes are: "purpose" asks Microsoft
Graph about those in doubt, 20 a request; "exchange" asks Exchange Online's admin
interface for all of them, 1,000 a request; "none" asks nobody. The admin interface is
the one that Exchange's PowerShell module uses. Microsoft does not document it, and it
was not tried on a tenant; the app needs the application permission
Exchange.ManageAsApp of Office 365 Exchange Online, and a role that may read
recipients, such as Global Reader.

Beside an export, --mailboxes names a second file that says the same, made with
` + wrapCommand(file.MailboxesCommand) + `
--auth says how the application signs in, where it is not by the secret that is given:
  managed-identity   the identity of the Azure computer, or one with the agent of Azure
                     Arc; --client-id chooses among several. It lives in one tenant
  workload-identity  that of the Kubernetes pod
  federated          a token of another identity service that the application trusts:
                     --assertion-from, or else that of the GitHub job. A pipeline
                     keeps no secret then
  azure-cli          as whoever is logged in to "az"
  device-code        a person types a code into a browser; with --no-input, and where
                     standard input is no terminal, it is refused (10)

The credentials are not stored, only where they lie. --certificate-from leads to a
PEM or PFX file with certificate and key.` + "\n" + exportHelp(source.M365) + secret.Help + exits(11, 12, 15),
		Example: `  qpimport directories connect m365 -c Contoso --tenant contoso.onmicrosoft.example \
      --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d --client-secret-from env:CONTOSO_M365
  qpimport directories connect m365 -c Contoso --tenant contoso.onmicrosoft.example \
      --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d --auth federated --assertion-from env:JOB_TOKEN
  qpimport directories connect m365 -c Contoso --file contoso-users.json
  qpimport directories connect m365 -c Contoso --file contoso-users.json --mailboxes contoso-mailboxes.csv`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	addRole(f, &conn)
	addGraphFlags(f, &conn.Graph)
	f.StringVar(&conn.MailboxTypes, "mailbox-types", "", "`WAY` to find out what mailboxes are: "+strings.Join(source.MailboxTypes(), ", ")+" (default purpose)")
	f.StringVar(&conn.Mailboxes, "mailboxes", "", "export `FILE` of Get-Mailbox, beside --file")
	f.StringVar(&conn.File, "file", "", "export `FILE` in place of a live directory")
	f.StringVar(&conn.Encoding, "encoding", "", "`NAME` of the export's encoding, such as utf-8, windows-1252, windows-1250, cp850 (default: told by its text)")
	return cmd
}
