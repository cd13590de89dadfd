package main

import (
	"context"
	"runtime"
	"strings"

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
		Long: `Connects a customer's Active Directory: a live one, or an export on disk (LDIF, CSV
or JSON lines; the content tells which). A user without any special right can read
what is needed. No secret is stored, only where it lies.

--domain finds the domain controllers by DNS, those of this computer's site first,
and takes the first one that answers; --url names one.

--bind says how the account logs in, and with that how the connection is encrypted:
  windows    as the account that runs qpimport, SYSTEM being the computer's own; no
             password anywhere. Only on Windows, and the default there where no
             account is named
  kerberos   with a ticket, which --keytab-from or --bind-password-from gets for
             --principal; with neither it is taken from the credential cache that
             KRB5CCNAME names ("kinit" fills it). The KDC is --kdc, or what the file
             says that KRB5_CONFIG names, or else the domain controller itself
  simple     with --bind-dn and --bind-password-from, over LDAPS or StartTLS

With windows and kerberos the password is not sent, and ldap:// on port 389 is sealed:
it needs neither --starttls nor a certificate, and does where signing is required. The
domain controller has to be named as DNS does, not by its address. Nothing ever travels
in clear.
` + exportHelp(source.AD) + secret.Help + exits(11, 12, 15),
		Example: `  qpimport directories connect ad -c Contoso --domain corp.contoso.example --bind windows
  qpimport directories connect ad -c Contoso --domain corp.contoso.example --bind kerberos \
      --principal svc@CORP.CONTOSO.EXAMPLE --keytab-from file:/etc/qpimport/contoso.keytab
  qpimport directories connect ad -c Contoso --domain corp.contoso.example \
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
			conn.LDAP = conn.WithDefaultBind(runtime.GOOS)
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	addRole(f, &conn)
	f.StringVar(&conn.Domain, "domain", "", "DNS `NAME` of the domain, in place of --url: DNS says which domain controllers it has")
	f.StringVar(&conn.URL, "url", "", "`URL` of a domain controller: ldaps://HOST[:PORT]; ldap://HOST[:PORT] with --starttls, or with --bind kerberos or windows")
	f.BoolVar(&startTLS, "starttls", false, "begin in clear and turn TLS on before anything else")
	f.StringVar(&conn.Bind, "bind", "", "`HOW` to log in: "+strings.Join(source.Binds(), ", ")+" (default simple; on Windows windows, where no account is named)")
	f.StringVar(&conn.BindDN, "bind-dn", "", "`NAME` to bind as: a DN or a user principal name")
	f.StringVar(&conn.Principal, "principal", "", "`NAME@REALM` to log in as with Kerberos")
	f.StringVar(&conn.KeytabFrom, "keytab-from", "", "`REF` to its keytab, as it is or in base64")
	f.StringVar(&conn.BindPasswordFrom, "bind-password-from", "", "`REF` to the account's password")
	f.StringVar(&conn.KDC, "kdc", "", "`HOST[:PORT]` of the KDC (default: what KRB5_CONFIG says, or the domain controller)")
	f.StringVar(&conn.BaseDN, "base-dn", "", "`DN` to read below (default: the server's own domain)")
	f.StringVar(&conn.CAFile, "ca-file", "", "PEM `FILE` of the CA that signed the server's certificate")
	f.StringVar(&conn.TLSServerName, "tls-server-name", "", "`NAME` that the server's certificate must carry, or its service has in Kerberos")
	f.StringVar(&conn.File, "file", "", "export `FILE` in place of a live directory")
	f.StringVar(&conn.Encoding, "encoding", "", "`NAME` of the export's encoding, such as utf-8, windows-1252, windows-1250, cp850 (default: told by its text)")
	return cmd
}
