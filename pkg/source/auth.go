package source

import (
	"slices"
	"strings"
)

// The ways in which an application signs in to Microsoft 365.
const (
	AuthSecret           = "secret"
	AuthCertificate      = "certificate"
	AuthToken            = "token"             // one that somebody else obtained
	AuthManagedIdentity  = "managed-identity"  // of the Azure or Arc computer
	AuthWorkloadIdentity = "workload-identity" // of the Kubernetes pod
	AuthFederated        = "federated"         // by the token of another identity service, such as a pipeline's
	AuthAzureCLI         = "azure-cli"         // as whoever is logged in there
	AuthDeviceCode       = "device-code"       // a person types a code into a browser
)

// Auths are the names of the ways to sign in to Microsoft 365.
func Auths() []string {
	return []string{AuthSecret, AuthCertificate, AuthManagedIdentity, AuthWorkloadIdentity, AuthFederated, AuthAzureCLI, AuthDeviceCode, AuthToken}
}

func (g Graph) secrets() []part {
	return []part{{"client_secret_from", g.ClientSecretFrom}, {"certificate_from", g.CertificateFrom}, {"access_token_from", g.AccessTokenFrom}}
}

// secretAuth is the way that follows from the only reference to a secret that is
// given; "" where there is none or another one.
func (g Graph) secretAuth() string {
	ways, way := []string{AuthSecret, AuthCertificate, AuthToken}, ""
	for i, s := range g.secrets() {
		switch {
		case s.value == "":
		case way != "":
			return ""
		default:
			way = ways[i]
		}
	}
	return way
}

// validateAuth checks how the application signs in, and says what that needs.
func (g Graph) validateAuth(p *ConnectionProblems) (tenant, client bool) {
	secrets := g.secrets()
	given := slices.DeleteFunc(slices.Clone(secrets), func(s part) bool { return s.value == "" })
	if g.AssertionFrom != "" && g.Auth != AuthFederated {
		p.add("%s goes with %s "+AuthFederated, "assertion_from", "auth")
	}
	defer func() {
		for _, s := range append(given, part{"assertion_from", g.AssertionFrom}) {
			p.reference(s.name, s.value)
		}
	}()
	switch g.Auth {
	case "":
		switch len(given) {
		case 0:
			p.add("give one of %s, %s and %s, or %s", secrets[0].name, secrets[1].name, secrets[2].name, "auth")
		case 1:
		default:
			p.add("give one of %s, %s and %s", secrets[0].name, secrets[1].name, secrets[2].name)
		}
		return g.AccessTokenFrom == "", g.AccessTokenFrom == ""
	case AuthSecret, AuthCertificate, AuthToken: // without its reference, or beside another
		p.add("%s "+g.Auth+" goes with %s and no other secret", "auth", secrets[slices.Index([]string{AuthSecret, AuthCertificate, AuthToken}, g.Auth)].name)
		return g.Auth != AuthToken, g.Auth != AuthToken
	case AuthManagedIdentity, AuthWorkloadIdentity, AuthFederated, AuthAzureCLI, AuthDeviceCode:
	default:
		p.add("%s: use one of "+strings.Join(Auths(), ", "), "auth")
		return false, false
	}
	for _, s := range given {
		p.add("%s has no meaning with %s "+g.Auth, s.name, "auth")
	}
	if g.Auth == AuthAzureCLI && g.ClientID != "" {
		p.add("%s has no meaning with %s "+AuthAzureCLI, "client_id", "auth")
	}
	known := g.Auth == AuthFederated || g.Auth == AuthDeviceCode
	return known, known
}
