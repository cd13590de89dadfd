package ad

import (
	"context"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// liveKerberos is the configuration for the same domain controller by Kerberos on
// port 389, sealed, with a keytab.
func liveKerberos(t *testing.T) Config {
	t.Helper()
	cfg := live(t)
	c := &cfg.Connection
	c.Transport, c.URL, c.Bind = source.TransportSealed, liveEnv(t, "STARTTLS_URL"), source.BindKerberos
	c.BindDN, c.BindPasswordFrom, c.CAFile = "", "", ""
	c.Principal, c.KeytabFrom = liveEnv(t, "PRINCIPAL"), "file:keytab"
	cfg.Keytab = func(context.Context) (source.Secret, error) {
		b, err := os.ReadFile(liveEnv(t, "KEYTAB"))
		return source.NewSecret(string(b)), err
	}
	return cfg
}

// withPassword logs in with a password instead of the keytab.
func withPassword(cfg Config, principal, password string) Config {
	cfg.Connection.Principal, cfg.Connection.KeytabFrom, cfg.Connection.BindPasswordFrom = principal, "", "env:PASSWORD"
	cfg.Password = func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil }
	return cfg
}

// What is read sealed on port 389, by keytab and by password, is what another
// client reads over LDAPS.
func TestLiveSealed(t *testing.T) {
	cfg := liveKerberos(t)
	want := guids(t, ldapsearch(t, "(sAMAccountType=805306368)", "objectGUID"))
	krb5 := filepath.Join(t.TempDir(), "krb5.conf")
	host, err := url.Parse(liveEnv(t, "URL"))
	if err != nil {
		t.Fatal(err)
	}
	conf := "[libdefaults]\n default_realm = CORP.CONTOSO.EXAMPLE\n[realms]\n CORP.CONTOSO.EXAMPLE = {\n  kdc = " + host.Hostname() + "\n }\n"
	if err := os.WriteFile(krb5, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	byKDC, byConfig := cfg, cfg
	byKDC.Connection.KDC = host.Hostname() + ":88"
	byConfig.KerberosConfig = krb5
	for name, cfg := range map[string]Config{
		"keytab": cfg, "password": withPassword(cfg, liveEnv(t, "PRINCIPAL"), livePassword(t)), "KDC": byKDC, "krb5.conf": byConfig,
	} {
		t.Run(name, func(t *testing.T) {
			ids := map[string]bool{}
			for u, err := range open(t, cfg).Users(t.Context(), source.Scope{}) {
				if err != nil {
					t.Fatal(err)
				}
				ids[u.ID] = true
			}
			if got := slices.Sorted(maps.Keys(ids)); !slices.Equal(got, want) {
				t.Errorf("%d users, ldapsearch finds %d", len(got), len(want))
			}
		})
	}
}

// Each login that a KDC or the domain controller refuses has words of its own.
func TestLiveKerberosRefusals(t *testing.T) {
	good := liveKerberos(t)
	const realm = "@CORP.CONTOSO.EXAMPLE"
	right := livePassword(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	with := func(change func(*Config)) Config {
		cfg := good
		change(&cfg)
		return cfg
	}
	keytab := func(content string) Config {
		return with(func(c *Config) {
			c.Keytab = func(context.Context) (source.Secret, error) { return source.NewSecret(content), nil }
		})
	}
	for name, c := range map[string]struct {
		cfg   Config
		code  source.Code
		words string
	}{
		"wrong password":     {withPassword(good, "svc-qpimport"+realm, "not the password"), source.CodeCredentials, "password of svc-qpimport@CORP.CONTOSO.EXAMPLE is wrong (24)"},
		"unknown account":    {withPassword(good, "nobody"+realm, right), source.CodeCredentials, "no account nobody@CORP.CONTOSO.EXAMPLE (6)"},
		"disabled":           {withPassword(good, "live-disabled"+realm, right), source.CodeCredentials, "disabled, locked or expired (18)"},
		"expired":            {withPassword(good, "live-expired"+realm, right), source.CodeCredentials, "disabled, locked or expired (18)"},
		"must change":        {withPassword(good, "live-must-change"+realm, right), source.CodeCredentials, "expired or must be changed (23)"},
		"not in the keytab":  {with(func(c *Config) { c.Connection.Principal = "live-disabled" + realm }), source.CodeCredentials, "no AES key of live-disabled"},
		"another realm":      {with(func(c *Config) { c.Connection.Principal = "svc-qpimport@FABRIKAM.EXAMPLE" }), source.CodeCredentials, ""},
		"no keytab":          {keytab("hello"), source.CodeUsage, "keytab cannot be read"},
		"keytab that is cut": {keytab("\x05\x02\x00\x00\x00\x50\x00"), source.CodeUsage, "keytab cannot be read"},
		"unknown service":    {with(func(c *Config) { c.Connection.TLSServerName = "dc9.corp.contoso.example" }), source.CodeUsage, "no service ldap/dc9.corp.contoso.example (7)"},
		"no KDC":             {with(func(c *Config) { c.Connection.KDC = closed.Addr().String() }), source.CodeUnreachable, "no KDC of the realm CORP.CONTOSO.EXAMPLE answers"},
		"no cache":           {with(func(c *Config) { c.Connection.KeytabFrom, c.CredentialCache = "", "FILE:/nowhere/cache" }), source.CodeCredentials, "no credential cache /nowhere/cache"},
		"in the clear": {with(func(c *Config) {
			c.Connection.Bind, c.Connection.Principal, c.Connection.KeytabFrom = "", "", ""
			c.Connection.BindDN, c.Connection.BindPasswordFrom = liveEnv(t, "BIND_DN"), "env:PASSWORD"
		}), source.CodeUsage, "in clear"},
		"Kerberos within TLS": {with(func(c *Config) {
			c.Connection.Transport, c.Connection.URL, c.Connection.CAFile = source.TransportLDAPS, liveEnv(t, "URL"), liveEnv(t, "CA")
		}), source.CodePermission, "no login by ticket within TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), c.cfg)
			expect(t, err, c.code, c.words)
			if err != nil && strings.Contains(err.Error(), right) {
				t.Error("the error holds the password")
			}
			t.Log(err)
		})
	}
}
