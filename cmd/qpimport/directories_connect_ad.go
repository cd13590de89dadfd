package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source"
)

type connectADOptions struct {
	conn     source.Connection
	startTLS bool
}

func newConnectADCmd(a *app) *cobra.Command {
	var o connectADOptions
	cmd := &cobra.Command{
		Use:   "ad",
		Short: "Connect Active Directory",
		Long: `Connects a customer's Active Directory: a domain controller over LDAPS, or LDAP
with StartTLS, or an export on disk (LDIF, CSV or JSON lines; the content tells
which). A password never travels in clear. A user without any special right can
read what is needed.

The password is not stored, only where it lies.` + "\n" + refHelp + exits(11, 12, 15),
		Example: `  qpimport directories connect ad -c Contoso --url ldaps://dc1.corp.contoso.example \
      --bind-dn svc@corp.contoso.example --bind-password-from file:/run/secrets/contoso-ad
  qpimport directories connect ad -c Contoso --url ldap://10.0.0.5 --starttls \
      --bind-dn svc@corp.contoso.example --bind-password-from env:CONTOSO_AD \
      --ca-file contoso-ca.pem --tls-server-name dc1.corp.contoso.example
  qpimport directories connect ad -c Contoso --file contoso-ad.ldif`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			conn, err := o.connection()
			if err != nil {
				return err
			}
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.conn.URL, "url", "", "`URL` of a domain controller: ldaps://HOST[:PORT], or ldap://HOST[:PORT] with --starttls")
	f.BoolVar(&o.startTLS, "starttls", false, "begin in clear and turn TLS on before anything else")
	f.StringVar(&o.conn.BindDN, "bind-dn", "", "`NAME` to bind as: a DN or a user principal name")
	f.StringVar(&o.conn.BindPasswordFrom, "bind-password-from", "", "`REF` to its password")
	f.StringVar(&o.conn.BaseDN, "base-dn", "", "`DN` to read below (default: the server's own domain)")
	f.StringVar(&o.conn.CAFile, "ca-file", "", "PEM `FILE` of the CA that signed the server's certificate")
	f.StringVar(&o.conn.TLSServerName, "tls-server-name", "", "`NAME` that the server's certificate must carry")
	f.StringVar(&o.conn.File, "file", "", "export `FILE` in place of a live directory")
	return cmd
}

// connection makes a connection of the flags, or says all that is wrong with them.
func (o connectADOptions) connection() (source.Connection, error) {
	c := o.conn
	c.Kind = source.AD
	live := []flagValue{
		{"--url", c.URL}, {"--bind-dn", c.BindDN}, {"--bind-password-from", c.BindPasswordFrom},
		{"--base-dn", c.BaseDN}, {"--ca-file", c.CAFile}, {"--tls-server-name", c.TLSServerName},
	}
	if o.startTLS {
		live = append(live, flagValue{"--starttls", "on"})
	}
	if c.File != "" {
		return fileConnection(c, live)
	}
	if allEmpty(live) {
		return c, usagef("say where the directory is: --url (live) or --file (an export)")
	}
	var found []string
	add := func(problem string) {
		if problem != "" {
			found = append(found, problem)
		}
	}
	if c.URL == "" {
		add("--url is missing")
	} else if u, problem := parseURL("--url", c.URL, "ldaps", "ldap"); problem != "" {
		add(problem)
	} else {
		if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			add("--url: nothing may follow the host and port")
		}
		switch {
		case u.Scheme == "ldaps" && o.startTLS:
			add("--starttls goes with ldap://, not with ldaps://")
		case u.Scheme == "ldap" && !o.startTLS:
			add("--url ldap:// would send the password in clear: use ldaps://, or add --starttls")
		}
		c.Transport = source.TransportLDAPS
		if o.startTLS {
			c.Transport = source.TransportStartTLS
		}
		c.URL = u.Scheme + "://" + u.Host
	}
	if c.BindDN == "" {
		add("--bind-dn is missing")
	}
	var problem string
	c.BindPasswordFrom, problem = checkReference("--bind-password-from", c.BindPasswordFrom)
	add(problem)
	if c.CAFile != "" {
		c.CAFile, problem = storedFile("--ca-file", c.CAFile)
		add(problem)
	}
	if c.BaseDN != "" {
		if _, err := source.ParseDN(c.BaseDN); err != nil {
			add("--base-dn: " + err.Error())
		}
	}
	return c, problems(found)
}

// flagValue is a flag with what was given for it.
type flagValue struct{ flag, value string }

func allEmpty(flags []flagValue) bool {
	for _, f := range flags {
		if f.value != "" {
			return false
		}
	}
	return true
}

// fileConnection makes the connection of an export, beside which no flag of a
// live directory has a meaning.
func fileConnection(c source.Connection, live []flagValue) (source.Connection, error) {
	var found []string
	for _, f := range live {
		if f.value != "" {
			found = append(found, f.flag+" has no meaning beside --file")
		}
	}
	path, problem := storedFile("--file", c.File)
	if problem != "" {
		found = append(found, problem)
	}
	return source.Connection{Kind: c.Kind, Transport: source.TransportFile, File: path}, problems(found)
}

// checkReference checks a REF that a flag gave. The problem names the flag and
// not what was given.
func checkReference(flag, ref string) (stored, problem string) {
	if ref == "" {
		return "", flag + " is missing"
	}
	stored, err := storedReference(ref)
	if err != nil {
		return "", flag + ": " + err.Error()
	}
	return stored, ""
}
