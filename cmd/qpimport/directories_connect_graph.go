package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/pkg/source"
)

// addGraphFlags adds the flags that say how Microsoft Graph is reached, and as
// whom.
func addGraphFlags(f *pflag.FlagSet, g *source.Graph) {
	f.StringVar(&g.Tenant, "tenant", "", "`TENANT`: its id or one of its domains")
	f.StringVar(&g.ClientID, "client-id", "", "`ID` of the app registration")
	f.StringVar(&g.ClientSecretFrom, "client-secret-from", "", "`REF` to its client secret")
	f.StringVar(&g.CertificateFrom, "certificate-from", "", "`REF` to its certificate and key")
	f.StringVar(&g.AccessTokenFrom, "access-token-from", "", "`REF` to a ready token")
	f.StringVar(&g.Auth, "auth", "", "`HOW` the application signs in: "+strings.Join(source.Auths(), ", ")+" (default: by the secret that is given)")
	f.StringVar(&g.AssertionFrom, "assertion-from", "", "`REF` to the token of another identity service, for --auth federated (default: that of the GitHub job)")
	f.StringVar(&g.Cloud, "cloud", "", "`CLOUD`: "+strings.Join(source.Clouds(), ", ")+" (default global)")
	f.StringVar(&g.GraphURL, "graph-url", "", "`URL` of a private Graph endpoint")
	f.StringVar(&g.AuthorityURL, "authority-url", "", "`URL` of a private sign-in endpoint")
}
