package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/pkg/source"
)

func newConnectM365Cmd(a *app) *cobra.Command {
	conn := source.Connection{Kind: source.M365}
	cmd := &cobra.Command{
		Use:     "m365",
		Aliases: []string{"o365", "entra", "entraid", "office365"},
		Short:   "Connect Microsoft 365",
		Long: `Connects a customer's Microsoft 365 tenant over Microsoft Graph, or an export on
disk (Graph JSON, JSON lines or CSV; the content tells which). The app registration
needs the application permission User.Read.All, and Organization.Read.All to name
the tenant, both with admin consent.

The credentials are not stored, only where they lie. --certificate-from leads to a
PEM or PFX file with certificate and key.` + "\n" + exportHelp(source.M365) + secret.Help + exits(11, 12, 15),
		Example: `  qpimport directories connect m365 -c Contoso --tenant contoso.onmicrosoft.example \
      --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d --client-secret-from env:CONTOSO_M365
  qpimport directories connect m365 -c Contoso --file contoso-users.json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	addGraphFlags(f, &conn.Graph)
	f.StringVar(&conn.File, "file", "", "export `FILE` in place of a live directory")
	f.StringVar(&conn.Encoding, "encoding", "", "`NAME` of the export's encoding, such as utf-8, windows-1252, windows-1250, cp850 (default: told by its text)")
	return cmd
}
