package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/pkg/source"
)

func newConnectADCmd(a *app) *cobra.Command {
	conn, startTLS := source.Connection{Kind: source.AD}, false
	cmd := &cobra.Command{
		Use:     "ad",
		Aliases: []string{"activedirectory"},
		Short:   "Connect Active Directory",
		Long: `Connects a customer's Active Directory: a domain controller over LDAPS, or LDAP
with StartTLS, or an export on disk (LDIF, CSV or JSON lines; the content tells
which). A password never travels in clear. A user without any special right can
read what is needed.

The password is not stored, only where it lies.` + "\n" + exportHelp(source.AD) + secret.Help + exits(11, 12, 15),
		Example: `  qpimport directories connect ad -c Contoso --url ldaps://dc1.corp.contoso.example \
      --bind-dn svc@corp.contoso.example --bind-password-from file:/run/secrets/contoso-ad
  qpimport directories connect ad -c Contoso --url ldap://10.0.0.5 --starttls \
      --bind-dn svc@corp.contoso.example --bind-password-from env:CONTOSO_AD \
      --ca-file contoso-ca.pem --tls-server-name dc1.corp.contoso.example
  qpimport directories connect ad -c Contoso --file contoso-ad.ldif`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			if startTLS {
				conn.Transport = source.TransportStartTLS
			}
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&conn.URL, "url", "", "`URL` of a domain controller: ldaps://HOST[:PORT], or ldap://HOST[:PORT] with --starttls")
	f.BoolVar(&startTLS, "starttls", false, "begin in clear and turn TLS on before anything else")
	f.StringVar(&conn.BindDN, "bind-dn", "", "`NAME` to bind as: a DN or a user principal name")
	f.StringVar(&conn.BindPasswordFrom, "bind-password-from", "", "`REF` to its password")
	f.StringVar(&conn.BaseDN, "base-dn", "", "`DN` to read below (default: the server's own domain)")
	f.StringVar(&conn.CAFile, "ca-file", "", "PEM `FILE` of the CA that signed the server's certificate")
	f.StringVar(&conn.TLSServerName, "tls-server-name", "", "`NAME` that the server's certificate must carry")
	f.StringVar(&conn.File, "file", "", "export `FILE` in place of a live directory")
	f.StringVar(&conn.Encoding, "encoding", "", "`NAME` of the export's encoding, such as utf-8, windows-1252, windows-1250, cp850 (default: told by its text)")
	return cmd
}
