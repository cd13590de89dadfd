package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// example is the manifest that the manual shows.
const example = `version: 1
defaults: {password_sync: "off", recursive: true}
customers:
  - name: Contoso
    external_ids: {itglue: "4711"}
    password_sync: "on"
    directories:
      ad:   {url: "ldaps://dc1.corp.contoso.example", bind_dn: "svc@corp.contoso.example", bind_password: "env:CONTOSO_AD", ca_file: contoso-ca.pem}
      m365: {tenant: contoso.onmicrosoft.example, client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d, client_secret: "file:secrets/contoso"}
    import:
      - {source: ad, ou: ["corp.contoso.example/Staff"], exclude: ["svc-*"]}
    match: {auto: true, by: evidence, pairs: [{ad: jdoe, m365: john.doe@contoso.example}]}
    emails: [{account: kiosk1, email: kiosk@contoso.example}]
    refresh: {new: import}
    allow: {empty: true, max_new: 2000, directory_changed: true, missing: 12}
  - name: Fabrikam
    directories: {m365: {file: exports/fabrikam-users.json}}
    import: [{source: m365}]
`

func TestExample(t *testing.T) {
	dir := t.TempDir()
	got, err := manifest.Parse([]byte(example), "m.yaml", dir)
	if err != nil {
		t.Fatal(err)
	}
	export := source.ExportOf(source.M365, filepath.Join(dir, "exports", "fabrikam-users.json"))
	want := &manifest.Manifest{
		Version:  1,
		Defaults: manifest.Defaults{PasswordSync: "off", Recursive: true},
		Customers: []manifest.Customer{{
			Name: "Contoso", ExternalIDs: map[string]string{"itglue": "4711"}, PasswordSync: "on", Line: 4,
			Directories: manifest.Directories{
				AD: &source.Connection{
					Kind: source.AD, Transport: source.TransportLDAPS,
					LDAP: source.LDAP{
						URL: "ldaps://dc1.corp.contoso.example", BindDN: "svc@corp.contoso.example",
						BindPasswordFrom: "env:CONTOSO_AD", CAFile: filepath.Join(dir, "contoso-ca.pem"),
					},
				},
				M365: &source.Connection{
					Kind: source.M365, Transport: source.TransportGraph,
					Graph: source.Graph{
						Tenant: "contoso.onmicrosoft.example", ClientID: "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d",
						ClientSecretFrom: "file:" + filepath.Join(dir, "secrets", "contoso"),
					},
				},
			},
			Import: []manifest.Import{{
				Source: source.AD, OU: []string{"corp.contoso.example/Staff"}, Recursive: true, Exclude: []string{"svc-*"}, Line: 11,
			}},
			Match: manifest.Match{
				Auto: true, By: match.ByEvidence,
				Pairs: []manifest.Pair{{AD: "jdoe", M365: "john.doe@contoso.example", Line: 12}},
			},
			Emails:  []manifest.Email{{Account: "kiosk1", Email: "kiosk@contoso.example", Line: 13}},
			Refresh: manifest.Refresh{New: "import"},
			Allow:   manifest.Allow{Empty: true, MaxNew: 2000, DirectoryChanged: true, Guards: map[string][]int{"missing": {12}}},
		}, {
			Name: "Fabrikam", ExternalIDs: map[string]string{}, PasswordSync: "off", Line: 16,
			Directories: manifest.Directories{M365: &export},
			Import:      []manifest.Import{{Source: source.M365, Line: 18}},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", dump(got), dump(want))
	}
}

func dump(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

// TestSameInEveryForm reads the example as JSON and with other line ends.
func TestSameInEveryForm(t *testing.T) {
	want, err := manifest.Parse([]byte(example), "m", "/dir")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	var tabs bytes.Buffer
	if err := json.Indent(&tabs, asJSON, "", "\t"); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"JSON":     asJSON,
		"tabs":     tabs.Bytes(),
		"CRLF":     []byte(strings.ReplaceAll(example, "\n", "\r\n")),
		"BOM":      []byte("\ufeff" + example),
		"unquoted": []byte(strings.NewReplacer(`"on"`, "on", `"off"`, "off").Replace(example)),
		"comments": []byte("# ours\n---\n" + strings.ReplaceAll(example, "\n", " # why\n") + "...\n"),
	} {
		got, err := manifest.Parse(data, "m", "/dir")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(withoutLines(got), withoutLines(want)) {
			t.Errorf("%s: got\n%s", name, dump(got))
		}
	}
}

func withoutLines(m *manifest.Manifest) *manifest.Manifest {
	c := *m
	c.Customers = slices.Clone(m.Customers)
	for i := range c.Customers {
		customer := &c.Customers[i]
		customer.Line = 0
		customer.Import = slices.Clone(customer.Import)
		for j := range customer.Import {
			customer.Import[j].Line = 0
		}
		customer.Match.Pairs = slices.Clone(customer.Match.Pairs)
		for j := range customer.Match.Pairs {
			customer.Match.Pairs[j].Line = 0
		}
		customer.Emails = slices.Clone(customer.Emails)
		for j := range customer.Emails {
			customer.Emails[j].Line = 0
		}
	}
	return &c
}

const (
	liveAD   = `url: "ldaps://dc", bind_dn: svc, bind_password: "env:PW"`
	client   = `tenant: t.example, client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d`
	liveM365 = client + `, client_secret: "env:S"`
	app      = `client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d, client_secret: "env:S"`
)

// documents are manifests, or what a customer may hold, that schema and parser
// have to judge alike. One that is wrong says where and what: "line:column text".
var documents = []struct {
	name string
	// yaml is what follows "name: A" of the only customer, or with "version" in
	// it a whole document.
	yaml string
	want []string
	// beyond marks what a JSON Schema cannot say.
	beyond bool
}{
	{name: "name alone", yaml: ``},
	{name: "export", yaml: `directories: {ad: {file: a.ldif}, m365: {file: b.csv}}`},
	{name: "live", yaml: `directories: {ad: {` + liveAD + `}, m365: {` + liveM365 + `}}`},
	{name: "starttls", yaml: `directories: {ad: {url: "ldap://dc:389", starttls: true, bind_dn: svc, bind_password: "file:pw"}}`},
	{name: "starttls false", yaml: `directories: {ad: {` + liveAD + `, starttls: false}}`},
	{name: "domain", yaml: `directories: {ad: {domain: corp.example, bind_dn: svc, bind_password: "env:PW"}}`},
	{name: "domain with starttls", yaml: `directories: {ad: {domain: corp.example, starttls: true, bind: simple, bind_dn: svc, bind_password: "env:PW", ca_file: ca.pem}}`},
	{name: "windows", yaml: `directories: {ad: {domain: corp.example, bind: windows}}`},
	{name: "windows sealed", yaml: `directories: {ad: {url: "ldap://dc1.corp.example", bind: windows}}`},
	{name: "keytab", yaml: `directories: {ad: {url: "ldap://dc1.corp.example", bind: kerberos, principal: svc@CORP.EXAMPLE, keytab: "file:svc.keytab", kdc: "dc1.corp.example:88"}}`},
	{name: "kerberos password", yaml: `directories: {ad: {url: "ldap://dc1.corp.example", starttls: true, bind: kerberos, principal: svc@CORP.EXAMPLE, bind_password: "env:PW"}}`},
	{name: "credential cache", yaml: `directories: {ad: {url: "ldaps://dc1.corp.example", bind: kerberos}}`},
	{name: "command", yaml: `directories: {ad: {url: "ldaps://dc", bind_dn: svc, bind_password: "command:pass show 'my ad'"}}`},
	{name: "certificate", yaml: `directories: {m365: {` + client + `, certificate: "file:c.pem", cloud: usgov-dod}}`},
	{name: "auth named", yaml: `directories: {m365: {` + liveM365 + `, auth: secret}}`},
	{name: "managed identity", yaml: `directories: {m365: {auth: managed-identity}}`},
	{name: "workload identity", yaml: `directories: {m365: {auth: workload-identity, ` + client + `}}`},
	{name: "federated", yaml: `directories: {m365: {auth: federated, ` + client + `, assertion: "env:ID_TOKEN"}}`},
	{name: "federated in a GitHub job", yaml: `directories: {m365: {auth: federated, ` + client + `}}`},
	{name: "Azure CLI", yaml: `directories: {m365: {auth: azure-cli, tenant: t.example}}`},
	{name: "device code", yaml: `directories: {m365: {auth: device-code, ` + client + `}}`},
	{name: "token", yaml: `directories: {m365: {tenant: t.example, access_token: "env:TOKEN"}}`},
	{name: "token alone", yaml: `directories: {m365: {access_token: "env:TOKEN"}}`},
	{name: "token and client", yaml: `directories: {m365: {` + client + `, access_token: "env:TOKEN"}}`},
	{name: "private endpoint", yaml: `directories: {m365: {` + liveM365 + `, graph_url: "http://127.0.0.1:8080/v1.0", authority_url: "https://login.example/"}}`},
	{name: "Exchange", yaml: `directories: {m365: {` + liveM365 + `, mailbox_types: exchange}}`},
	{name: "no mailbox types", yaml: `directories: {m365: {access_token: "env:T", mailbox_types: none}}`},
	{name: "mailboxes", yaml: `directories: {m365: {file: b.csv, mailboxes: m.csv}}`},
	{name: "spelled otherwise", yaml: `directories: {ad: {url: "LDAPS://DC1.Corp.Example:0636//", bind_dn: svc, bind_password: "env:A"}}`},
	{name: "IPv6", yaml: `directories: {ad: {url: "ldaps://[2001:db8::1]:636", bind_dn: svc, bind_password: "env:A"}}`},
	{name: "tenant id", yaml: `directories: {m365: {tenant: 84841066-274D-4ec0-a5c1-276be684bdd3, access_token: "env:T"}}`},
	{name: "reset", yaml: `directories: {reset: {ad: {` + liveAD + `}, m365: {` + liveM365 + `}}}`},
	{name: "one app for all", yaml: "version: 1\ndefaults: {m365: {" + app + "}}\ncustomers: [{name: A, directories: {m365: {tenant: t.example}}}, {name: B, directories: {m365: {file: b.csv}}}, {name: C, directories: {m365: {access_token: 'env:T'}, reset: {m365: {" + liveM365 + "}}}}]\n"},
	{name: "one federated app for all", yaml: "version: 1\ndefaults: {m365: {auth: federated, client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d, cloud: usgov, mailbox_types: exchange}}\ncustomers: [{name: A, directories: {m365: {tenant: t.example, cloud: global, mailbox_types: none}}}]\n"},
	{name: "one app and no tenant", yaml: "version: 1\ndefaults: {m365: {" + app + "}}\ncustomers: [{name: A, directories: {m365: {cloud: china}}}, {name: B, directories: {m365: {}}}]\n", want: []string{
		`3:43 customers[0].directories.m365: tenant is missing`, `3:91 customers[1].directories.m365: tenant is missing`}},
	{name: "one identity and no tenant", yaml: "version: 1\ndefaults: {m365: {auth: managed-identity}}\ncustomers: [{name: A, directories: {m365: {cloud: china}}}]\n", want: []string{`m365: tenant is missing`}},
	{name: "one app, and another half", yaml: "version: 1\ndefaults: {m365: {" + app + "}}\ncustomers: [{name: A, directories: {m365: {tenant: t.example, client_secret: 'env:T'}}}]\n", want: []string{`customers[0].directories.m365: client_id is missing`}},
	{name: "one app that sets no passwords", yaml: "version: 1\ndefaults: {m365: {" + app + "}}\ncustomers: [{name: A, directories: {reset: {m365: {tenant: t.example}}}}]\n", want: []string{
		`reset.m365: give one of client_secret`, `reset.m365: client_id is missing`}},
	{name: "one app that is wrong", yaml: "version: 1\ndefaults: {m365: {client_id: 8c1f, client_secret: hunter2, tenant: t.example}}\ncustomers: [{name: A, directories: {m365: {tenant: t.example}}}, {name: B, directories: {m365: {tenant: u.example}}}]\n", want: []string{
		`2:30 defaults.m365.client_id: not the id of an app registration`, `2:51 defaults.m365.client_secret: not a reference to a secret`, `2:60 defaults.m365: unknown key "tenant"`}},
	{name: "half an app for all", yaml: "version: 1\ndefaults: {m365: {cloud: china}}\ncustomers: [{name: A, directories: {m365: {tenant: t.example}}}]\n", want: []string{
		`2:18 defaults.m365: give one of client_secret, certificate and access_token`, `defaults.m365: client_id is missing`}},
	{name: "no app for all", yaml: "version: 1\ndefaults: {m365: 5}\ncustomers: [{name: A, directories: {m365: {tenant: t.example}}}]\n", want: []string{`2:18 defaults.m365: has to be a mapping`}},
	{name: "other names", yaml: `import: [{source: entra}, {source: o365, users: [a@x.example]}]`},
	{name: "empty lists", yaml: `{import: [], emails: [], match: {pairs: []}, allow: {}, external_ids: {}}`},
	{name: "block text", yaml: "external_ids:\n      m365: >-\n        0815\n      it_glue-2: 'x'"},

	{name: "unknown key", yaml: `pasword_sync: "on"`, want: []string{`4:5 unknown key "pasword_sync"; known here: name,`}},
	{name: "unknown keys deep", yaml: `directories: {ad: {file: x, fiel: y}, entra: {file: x}}`, want: []string{
		`4:33 unknown key "fiel"`, `4:43 unknown key "entra"`}},
	{name: "no name", yaml: "version: 1\ncustomers:\n  - external_ids: {}\n", want: []string{`3:5 name is missing`}},
	{name: "name is a number", yaml: "version: 1\ncustomers:\n  - name: 365\n", want: []string{`3:11 has to be text, not a number: put it in quotes`}},
	{name: "name is blank", yaml: "version: 1\ncustomers:\n  - name: ' '\n", want: []string{`3:11 is empty`}},
	{name: "name is invisible", yaml: "version: 1\ncustomers:\n  - name: \"\\u200b\"\n", want: []string{`3:11 has no visible character`}, beyond: true},
	{name: "name of two lines", yaml: "version: 1\ncustomers:\n  - name: \"a\\nb\"\n", want: []string{`3:11 has to be on one line`}},
	{name: "no version", yaml: "customers:\n  - name: A # version\n", want: []string{`1:1 version is missing`}},
	{name: "version 2", yaml: "version: 2\nkunden: 5\n", want: []string{`1:10 this program reads version 1 only`}},
	{name: "version is text", yaml: "version: '1'\ncustomers: [{name: A}]\n", want: []string{`1:10 has to be a whole number`}},
	{name: "no customers", yaml: "version: 1\ncustomers: []\n", want: []string{`2:12 is an empty list`}},
	{name: "customers null", yaml: "version: 1\ncustomers:\n", want: []string{`2:1 has no value`}},
	{name: "customers a mapping", yaml: "version: 1\ncustomers: {name: A}\n", want: []string{`2:12 has to be a list, not a mapping`}},
	{name: "a customer of text", yaml: "version: 1\ncustomers:\n  - Contoso\n", want: []string{`3:5 has to be a mapping (key: value), not text`}},
	{name: "defaults", yaml: "version: 1\ndefaults: {password_sync: maybe, recursive: yes}\ncustomers: [{name: A}]\n", want: []string{
		`2:27 has to be one of on, off`, `2:45 has to be true or false`}},

	{name: "sync true", yaml: `password_sync: true`, want: []string{`4:20 has to be "on" or "off", not true or false`}},
	{name: "sync other", yaml: `password_sync: "On"`, want: []string{`4:20 has to be one of on, off`}},
	{name: "sync null", yaml: `password_sync:`, want: []string{`4:5 has no value`}},
	{name: "sync unset", yaml: `password_sync: unset`, want: []string{`4:20 has to be one of on, off`}},

	{name: "id is a number", yaml: `external_ids: {itglue: 0123, m365: 5, x: 1.5, y: true, z: [a]}`, want: []string{
		`4:28 an id is text: write "0123" in quotes; as a number it would lose leading zeros`,
		`4:40 an id is text: write "5"`, `4:46 an id is text`, `4:54 put it in quotes`, `4:63 has to be text, not a list`}},
	{name: "system", yaml: `external_ids: {"IT Glue": "1"}`, want: []string{`4:31 the name of a system`}},

	{name: "file and live", yaml: `directories: {ad: {file: x, url: "ldaps://dc"}, m365: {file: y, tenant: t, cloud: china}}`, want: []string{
		`4:38 directories.ad.url: has no meaning beside file`, `4:77 directories.m365.tenant: has no meaning`, `4:87 directories.m365.cloud: has no meaning`}},
	{name: "file and starttls", yaml: `directories: {ad: {file: x, starttls: true}}`, want: []string{`4:43 directories.ad.starttls: has no meaning beside file`}},
	{name: "reset of an export", yaml: `directories: {reset: {ad: {file: a.ldif}}}`, want: []string{`directories.reset.ad: sets passwords: an export is no directory`}, beyond: true},
	{name: "nothing", yaml: `directories: {ad: {}, m365: {}}`, want: []string{
		`4:23 directories.ad: say where the directory is: domain or url (live), or file (an export)`,
		`4:33 directories.m365: say where the directory is: tenant and its credentials (live) or file`}},
	{name: "neither", yaml: `directories: {ad: {bind_dn: svc, bind_password: "env:A"}, m365: {client_id: 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d, client_secret: "env:A"}}`, want: []string{
		`4:23 directories.ad: url is missing`, `4:69 directories.m365: tenant is missing`}},
	{name: "base DN", yaml: `directories: {ad: {` + liveAD + `, base_dn: corp.example}}`, want: []string{`base_dn: not a distinguished name`}, beyond: true},
	{name: "TLS server name", yaml: `directories: {ad: {` + liveAD + `, tls_server_name: a b}}`, want: []string{`tls_server_name: not the name of a server`}},
	{name: "LDAP URL with path", yaml: `directories: {ad: {url: "ldaps://dc/dc=x", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: nothing may follow the host and port`}},
	{name: "LDAP URL without host", yaml: `directories: {ad: {url: "ldaps://:636", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: not an address such as ldaps://HOST`}},
	{name: "LDAP URL of two hosts", yaml: `directories: {ad: {url: "ldaps://a,b", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: not the name or address of a server`}},
	{name: "port", yaml: `directories: {ad: {url: "ldaps://dc:99999", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: the port has to be between 1 and 65535`}, beyond: true},
	{name: "port 0", yaml: `directories: {ad: {url: "ldaps://dc:0", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: the port`}, beyond: true},
	{name: "ad incomplete", yaml: `directories: {ad: {url: "ldaps://dc"}}`, want: []string{`4:23 bind_dn is missing`, `4:23 bind_password is missing`}},
	{name: "url and domain", yaml: `directories: {ad: {` + liveAD + `, domain: corp.example}}`, want: []string{`4:29 directories.ad.url: give one of url and domain`}},
	{name: "short domain", yaml: `directories: {ad: {domain: corp, bind: windows}}`, want: []string{`4:32 directories.ad.domain: not the DNS name of a domain`}},
	{name: "domain and server name", yaml: `directories: {ad: {domain: corp.example, bind: windows, tls_server_name: dc1}}`, want: []string{`tls_server_name: has no meaning beside domain`}},
	{name: "bind", yaml: `directories: {ad: {url: "ldap://dc1.corp.example", bind: ntlm}}`, want: []string{`4:62 directories.ad.bind: use one of simple, kerberos, windows`}},
	{name: "windows with a name", yaml: `directories: {ad: {domain: corp.example, bind: windows, bind_dn: svc}}`, want: []string{`bind_dn: has no meaning with bind windows`}},
	{name: "windows with a password", yaml: `directories: {ad: {domain: corp.example, bind: windows, bind_password: "env:PW"}}`, want: []string{`bind_password: has no meaning with bind windows`}},
	{name: "kerberos with a DN", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, bind_dn: svc}}`, want: []string{`bind_dn: goes with a simple bind; for bind kerberos it is principal`}},
	{name: "keytab and password", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, principal: svc@CORP.EXAMPLE, keytab: "file:k", bind_password: "env:PW"}}`, want: []string{`give one of keytab and bind_password`}},
	{name: "keytab of nobody", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, keytab: "file:k"}}`, want: []string{`principal is missing`}},
	{name: "principal without realm", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, principal: svc}}`, want: []string{`principal: has to be NAME@REALM`}},
	{name: "keytab in clear", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, principal: svc@CORP.EXAMPLE, keytab: hunter2}}`, want: []string{`keytab: not a reference to a secret`}},
	{name: "keytab to a simple bind", yaml: `directories: {ad: {` + liveAD + `, keytab: "file:k"}}`, want: []string{`keytab: goes with bind kerberos`}},
	{name: "kdc", yaml: `directories: {ad: {domain: corp.example, bind: kerberos, kdc: "dc1:x"}}`, want: []string{`kdc: has to be HOST or HOST:PORT`}, beyond: true},
	{name: "address", yaml: `directories: {ad: {url: "ldap://10.0.0.5", bind: windows}}`, want: []string{`4:29 directories.ad.url: has to name the domain controller as DNS does, not by its address; tls_server_name may`}, beyond: true},
	{name: "CA of what is sealed", yaml: `directories: {ad: {url: "ldap://dc1.corp.example", bind: windows, ca_file: ca.pem}}`, want: []string{`ca_file: goes with ldaps://, or ldap:// and starttls`}, beyond: true},
	{name: "ad blank", yaml: `directories: {ad: {url: " ", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 directories.ad.url: is empty`}},
	{name: "ldap in clear", yaml: `directories: {ad: {url: "ldap://dc", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 ldap:// would send the password in clear: use ldaps://, or add starttls`}},
	{name: "ldaps with starttls", yaml: `directories: {ad: {` + liveAD + `, starttls: true}}`, want: []string{`starttls: goes with ldap://, not with ldaps://`}},
	{name: "not an LDAP URL", yaml: `directories: {ad: {url: "https://dc", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 must begin with ldaps://`}},
	{name: "LDAP URL with user", yaml: `directories: {ad: {url: "ldaps://svc:hunter2@dc", bind_dn: svc, bind_password: "env:A"}}`, want: []string{`4:29 holds a user name or password`}},
	{name: "tenant", yaml: `directories: {m365: {tenant: contoso, access_token: "env:T"}}`, want: []string{`4:34 directories.m365.tenant: not the id or a domain of a tenant`}},
	{name: "client", yaml: `directories: {m365: {client_id: 8c1f, access_token: "env:T"}}`, want: []string{`4:37 directories.m365.client_id: not the id of an app registration`}},
	{name: "m365 without proof", yaml: `directories: {m365: {` + client + `}}`, want: []string{`4:25 give one of client_secret, certificate and access_token`}},
	{name: "m365 with two proofs", yaml: `directories: {m365: {` + liveM365 + `, access_token: "env:T"}}`, want: []string{`give one of client_secret`}},
	{name: "m365 without client", yaml: `directories: {m365: {tenant: t.example, client_secret: "env:T"}}`, want: []string{`4:25 client_id is missing`}},
	{name: "auth", yaml: `directories: {m365: {auth: password, ` + client + `}}`, want: []string{`auth: use one of secret, certificate,`}},
	{name: "auth of another secret", yaml: `directories: {m365: {` + liveM365 + `, auth: certificate}}`, want: []string{`auth: certificate goes with certificate and no other secret`}},
	{name: "auth without its secret", yaml: `directories: {m365: {` + client + `, auth: secret}}`, want: []string{`auth: secret goes with client_secret and no other secret`}},
	{name: "secret to an identity", yaml: `directories: {m365: {` + liveM365 + `, auth: managed-identity}}`, want: []string{`client_secret: has no meaning with auth managed-identity`}},
	{name: "federated without client", yaml: `directories: {m365: {auth: federated, tenant: t.example}}`, want: []string{`client_id is missing`}},
	{name: "assertion to a secret", yaml: `directories: {m365: {` + liveM365 + `, assertion: "env:A"}}`, want: []string{`assertion: goes with auth federated`}},
	{name: "Azure CLI with a client", yaml: `directories: {m365: {auth: azure-cli, ` + client + `}}`, want: []string{`client_id: has no meaning with auth azure-cli`}},
	{name: "cloud", yaml: `directories: {m365: {` + liveM365 + `, cloud: moon}}`, want: []string{`cloud: use one of global, usgov, usgov-dod, china`}},
	{name: "mailbox types", yaml: `directories: {m365: {` + liveM365 + `, mailbox_types: guess}}`, want: []string{`mailbox_types: use one of purpose, exchange, none`}},
	{name: "Exchange with a token", yaml: `directories: {m365: {access_token: "env:T", mailbox_types: exchange}}`, want: []string{`mailbox_types: Exchange needs a token of its own, and access_token is for Graph alone`}},
	{name: "mailboxes alone", yaml: `directories: {m365: {` + liveM365 + `, mailboxes: m.csv}}`, want: []string{`mailboxes: goes with file`}},
	{name: "mailboxes of ad", yaml: `directories: {ad: {file: a.ldif, mailboxes: m.csv}}`, want: []string{`unknown key "mailboxes"`}},
	{name: "plain http", yaml: `directories: {m365: {` + liveM365 + `, graph_url: "http://graph.example"}}`, want: []string{`graph_url: must begin with https://`}},
	{name: "query of an endpoint", yaml: `directories: {m365: {` + liveM365 + `, authority_url: "https://login.example/?a"}}`, want: []string{`authority_url: only a path may follow`}},
	{name: "secrets in clear", yaml: `directories: {ad: {url: "ldaps://dc", bind_dn: svc, bind_password: hunter2}, m365: {` + client + `, client_secret: {hunter2: x}}}`, want: []string{
		`4:72 directories.ad.bind_password: not a reference to a secret`, `directories.m365.client_secret: not a reference to a secret`}},
	{name: "secret a number", yaml: `directories: {m365: {` + client + `, certificate: 271828}}`, want: []string{`certificate: not a reference to a secret`}},
	{name: "secret empty", yaml: `directories: {m365: {` + client + `, certificate: "file: "}}`, want: []string{`certificate: file: must be followed by a path`}},
	{name: "secret variable", yaml: `directories: {m365: {` + client + `, certificate: "env:hunter2!"}}`, want: []string{`certificate: env: must be followed by the name of a variable`}},
	{name: "open quote", yaml: `directories: {m365: {` + client + `, certificate: "command:op 'hunter2"}}`, want: []string{`certificate: command: has a quote ' without its end`}},
	{name: "no program", yaml: `directories: {m365: {` + client + `, certificate: "command:'' x"}}`, want: []string{`certificate: command: must be followed by a program`}},

	{name: "ad without ou", yaml: `import: [{source: ad}]`, want: []string{`4:14 an import from ad needs ou`}},
	{name: "ad by group", yaml: `import: [{source: ad, group: [App Users], exclude_ou: [x], include_privileged: true}]`},
	{name: "ad by name", yaml: `import: [{source: ad, users: [jdoe]}]`},
	{name: "m365 by licence", yaml: `import: [{source: m365, licensed: true, sku: [SPE_E3], group: [Staff]}]`},
	{name: "ad by licence", yaml: `import: [{source: ad, ou: [x], licensed: true, sku: [SPE_E3]}]`, want: []string{`.licensed: has no place with source ad`, `.sku: has no place with source ad`}},
	{name: "no group", yaml: `import: [{source: ad, group: []}]`, want: []string{`import[0].group: is an empty list`}},
	{name: "exclude_ou with m365", yaml: `import: [{source: m365, exclude_ou: [x]}]`, want: []string{`.exclude_ou: has no place with source m365`}},
	{name: "empty ou", yaml: `import: [{source: ad, ou: []}]`, want: []string{`import[0].ou: is an empty list`}},
	{name: "ou of text", yaml: `import: [{source: ad, ou: corp/Staff}]`, want: []string{`import[0].ou: has to be a list, not text`}},
	{name: "ou with m365", yaml: `import: [{source: m365, ou: [x], recursive: true}]`, want: []string{`.ou: has no place with source m365`, `.recursive: has no place with source m365`}},
	{name: "no source", yaml: `import: [{users: [a]}]`, want: []string{`4:14 source is missing`}},
	{name: "source", yaml: `import: [{source: ldap, ou: [x]}]`, want: []string{`4:23 has to be one of ad, m365, o365, entra`}},
	{name: "nobody", yaml: `import: [{source: m365, users: []}]`, want: []string{`users: is an empty list`}},
	{name: "users of numbers", yaml: `import: [{source: m365, users: [1, null, a]}]`, want: []string{`users[0]: has to be text, not a number`, `users[1]: has to be text, not nothing`}},
	{name: "flags", yaml: `import: [{source: ad, ou: [x], recursive: "true", include_disabled: on}]`, want: []string{`recursive: has to be true or false`, `include_disabled: has to be true or false`}},

	{name: "by alone", yaml: `match: {by: evidence}`, want: []string{`4:17 has no effect without auto: true`}},
	{name: "by what", yaml: `match: {auto: true, by: name}`, want: []string{`4:29 has to be one of display-name, evidence`}},
	{name: "half a pair", yaml: `match: {pairs: [{ad: x}]}`, want: []string{`4:21 m365 is missing`}},
	{name: "a pair of text", yaml: `match: {pairs: ["x=y"]}`, want: []string{`4:21 has to be a mapping`}},
	{name: "the same user twice", yaml: `match: {pairs: [{ad: x, m365: a}, {ad: X, m365: b}]}`, want: []string{`4:44 is the same as on line 4`}, beyond: true},
	{name: "the same mailbox twice", yaml: `match: {pairs: [{ad: x, m365: a}, {ad: y, m365: a}]}`, want: []string{`is the same as on line 4`}, beyond: true},
	{name: "half an e-mail", yaml: `emails: [{account: x}]`, want: []string{`4:14 email is missing`}},
	{name: "an account twice", yaml: `emails: [{account: x, email: a@x.example}, {account: x, email: b@x.example}]`, want: []string{`is the same as on line 4`}, beyond: true},
	{name: "max_new", yaml: `allow: {max_new: 0}`, want: []string{`4:22 has to be between 1 and 1000000`}},
	{name: "max_new too large", yaml: `allow: {max_new: 99999999999999999999}`, want: []string{`max_new: has to be`}},
	{name: "max_new text", yaml: `allow: {max_new: many, empty: 1}`, want: []string{`max_new: has to be a whole number`, `empty: has to be true or false`}},

	{name: "a customer twice", yaml: "version: 1\ncustomers:\n  - name: Contoso\n  - name: \" CONTOSO\"\n", want: []string{`4:11 customers[1].name: is the same as on line 3`}, beyond: true},
	{name: "an id twice", yaml: "version: 1\ncustomers:\n  - {name: A, external_ids: {itglue: '7'}}\n  - {name: B, external_ids: {itglue: '7', m365: '7'}}\n", want: []string{`4:38 is the same as on line 3`}, beyond: true},
	{name: "a tenant twice", yaml: "version: 1\ncustomers:\n  - {name: A, external_ids: {m365: '5B1A0C52-6F0E-4C1B-9A41-1D1C6D0E0001'}}\n  - {name: B, external_ids: {m365: '5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e0001'}}\n", want: []string{`4:36 is the same as on line 3`}, beyond: true},
	{name: "a key twice", yaml: "password_sync: on\n    password_sync: off", want: []string{`5:5 customers[0].password_sync: is there twice; first on line 4`}, beyond: true},
}

// whole completes a document of the table.
func whole(text string) string {
	if strings.Contains(text, "version") {
		return text
	}
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		return "version: 1\ncustomers:\n  - {name: A,\n    " + inner + "\n"
	}
	return "version: 1\ncustomers:\n  - name: A\n    " + text + "\n"
}

func TestDocuments(t *testing.T) {
	schema := compileSchema(t)
	for _, tt := range documents {
		t.Run(tt.name, func(t *testing.T) {
			text := whole(tt.yaml)
			m, err := manifest.Parse([]byte(text), "m.yaml", "/dir")
			checkProblems(t, err, tt.want)
			if (m == nil) != (err != nil) {
				t.Errorf("manifest %v with error %v", m, err)
			}
			if tt.beyond {
				return
			}
			var doc any
			if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
				t.Fatal(err)
			}
			if verdict := schema.Validate(plain(t, doc)); (verdict == nil) != (err == nil) {
				t.Errorf("the parser says %v, the schema %v", err, verdict)
			}
		})
	}
}

// checkProblems wants one problem for each text: "line:column text" or a text.
func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var problems manifest.Problems
	if !errors.As(err, &problems) || source.CodeOf(err) != source.CodeUsage {
		t.Fatalf("got %v, want problems", err)
	}
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "271828") {
		t.Errorf("the secret is in the error: %v", err)
	}
	if len(problems) != len(want) {
		t.Errorf("%d problems, want %d", len(problems), len(want))
	}
	for i, p := range problems {
		if p.File != "m.yaml" || i >= len(want) {
			t.Errorf("%v", p)
			continue
		}
		text := want[i]
		if at, rest, ok := strings.Cut(text, " "); ok && at == fmt.Sprintf("%d:%d", p.Line, p.Column) {
			text = rest
		}
		if !strings.Contains(p.String(), text) {
			t.Errorf("got  %v\nwant %s", p, want[i])
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("manifest.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// plain turns what YAML gave into what JSON would have given.
func plain(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSchemaTakesTheExample(t *testing.T) {
	var doc any
	if err := yaml.Unmarshal([]byte(example), &doc); err != nil {
		t.Fatal(err)
	}
	if err := compileSchema(t).Validate(plain(t, doc)); err != nil {
		t.Error(err)
	}
}

func TestTexts(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"empty":           {"", []string{"1:1 is empty"}},
		"comment":         {"# nothing\n", []string{"1:1 is empty"}},
		"text":            {"customers", []string{"1:1 has to be a mapping (key: value), not text"}},
		"two documents":   {"version: 1\ncustomers: [{name: A}]\n---\nversion: 1\n", []string{"4:1 a second document begins here"}},
		"not UTF-8":       {"version: 1\n# M\xfcller\n", []string{"2:1 is not UTF-8"}},
		"UTF-16":          {"\xff\xfev\x00e\x00", []string{"1:1 is not UTF-8"}},
		"anchors":         {"version: 1\ncustomers:\n  - &a {name: A}\n  - *a\n", []string{"3:5 anchors", "4:5 anchors"}},
		"merge":           {"version: 1\ncustomers:\n  - {<<: {name: A}}\n", []string{"3:6 anchors, aliases and merge keys"}},
		"tag":             {"version: !!int 1\ncustomers: [{name: A}]\n", []string{"1:10 tags"}},
		"odd key":         {"version: 1\ncustomers: [{name: A}]\n1: x\n", []string{"3:1 a key has to be text"}},
		"no space":        {"version: 1\ncustomers:\n  - {name: A, directories: {ad: {bind_password:hunter2, file: x}}}\n", []string{"3:48 directories.ad.bind_password: has no meaning beside file"}},
		"no space, block": {"version: 1\ncustomers:\n  - name: A\n    directories:\n      ad:\n        bind_password:hunter2: x\n        file: x\n", []string{"6:9 unknown key; known here"}},
		"lone secret":     {"version: 1\ncustomers:\n  - {name: A, directories: {ad: {hunter2, file: x}}}\n", []string{"3:34 unknown key; known here"}},
		"secret as key":   {"version: 1\ncustomers:\n  - name: A\n    directories: {m365: {file: x}}\n    hunter2!: x\n", []string{"5:5 unknown key; known here"}},
		"unclosed":        {"version: 1\ncustomers: [{name: A}\n", []string{"2:12 is not valid YAML"}},
		"unclosed quote":  {"version: 1\nx: \"hunter2\n", []string{"2:4 is not valid YAML: could not find end character"}},
		"after quote":     {"version: 1\nx: \"hunter2\" hunter2\n", []string{"2:14 is not valid YAML"}},
		"block header":    {"version: 1\nx: |hunter2\n  y\n", []string{"2:4 is not valid YAML: invalid header option"}},
		"tab":             {"version: 1\ncustomers:\n\t- name: A\n", []string{"3:1 is not valid YAML: found character tab"}},
		"deep":            {strings.Repeat("[", 2000), []string{"1:33 is nested too deeply"}},
		"deep list":       {strings.Repeat("- ", 2000), []string{"1:65 is nested too deeply"}},
		"large":           {strings.Repeat("#", 9<<20), []string{"1:1 is larger than 8 MiB"}},
		"column in JSON":  {"{\n\t\"version\": 1,\n\t\"customers\": [\n\t\t{\"name\": 5}\n\t]\n}", []string{"4:12 has to be text, not a number"}},
		"many": {"version: 1\nmore: 1\ncustomers:\n  - nam: A\n  - name: B\n    emails: [{account: 1}]\n", []string{
			`2:1 unknown key "more"`, `4:5 unknown key "nam"`, "4:5 name is missing", "6:14 email is missing", "6:24 has to be text"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Parse([]byte(tt.text), "m.yaml", "")
			checkProblems(t, err, tt.want)
		})
	}
}

func TestAbsolutePathsStay(t *testing.T) {
	abs := filepath.Join(t.TempDir(), "x")
	text := fmt.Sprintf("version: 1\ncustomers: [{name: A, directories: {ad: {file: %q}, m365: {%s, certificate: %q}}}]", abs, client, "file:"+abs)
	m, err := manifest.Parse([]byte(text), "m.yaml", "/elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	d := m.Customers[0].Directories
	if d.AD.File != abs || d.M365.CertificateFrom != "file:"+abs {
		t.Errorf("got %q and %q", d.AD.File, d.M365.CertificateFrom)
	}
}

func TestDefaults(t *testing.T) {
	m, err := manifest.Parse([]byte(`version: 1
defaults: {recursive: true, password_sync: on}
customers:
  - {name: A, import: [{source: ad, ou: [x]}, {source: ad, ou: [y], recursive: false}, {source: entra}], match: {auto: true}}
  - {name: B, password_sync: off, match: {pairs: [{ad: x, m365: y}]}}
`), "m.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	a, b := m.Customers[0], m.Customers[1]
	if a.PasswordSync != "on" || b.PasswordSync != "off" {
		t.Errorf("password sync %q and %q", a.PasswordSync, b.PasswordSync)
	}
	if !a.Import[0].Recursive || a.Import[1].Recursive || a.Import[2].Recursive || a.Import[2].Source != source.M365 {
		t.Errorf("imports %+v", a.Import)
	}
	if a.Match.By != match.ByDisplayName || b.Match.By != "" || b.Match.Auto {
		t.Errorf("matches %+v and %+v", a.Match, b.Match)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	for _, tt := range documents {
		f.Add([]byte(whole(tt.yaml)))
	}
	f.Add([]byte("a: &x [*x]\n? b\n: !t |2-\n  c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Parse(data, "m.yaml", "")
		if (m == nil) != (err != nil) {
			t.Fatalf("manifest %v with error %v", m, err)
		}
		if err != nil {
			var problems manifest.Problems
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("not problems: %v", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Line > breaks(data)+1 {
					t.Fatalf("no such place: %v", p)
				}
			}
			return
		}
		if m.Version != 1 || len(m.Customers) == 0 {
			t.Fatalf("accepted %+v", m)
		}
		names := map[string]bool{}
		for _, c := range m.Customers {
			if key := match.Key(c.Name); key == "" || names[key] {
				t.Fatalf("accepted the name %q", c.Name)
			} else {
				names[key] = true
			}
			for _, i := range c.Import {
				if len(i.OU) > 0 && i.Source != source.AD || i.Source == source.AD && len(i.OU)+len(i.Group)+len(i.Users) == 0 {
					t.Fatalf("accepted the import %+v", i)
				}
			}
		}
	})
}

// breaks counts line breaks; in YAML a lone carriage return is one.
func breaks(data []byte) int {
	return bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r"))
}

func BenchmarkParse500(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\ncustomers:\n")
	for i := range 500 {
		fmt.Fprintf(&text, "  - name: Customer %d\n    external_ids: {itglue: \"%d\"}\n    directories:\n      ad: {file: ad-%d.ldif}\n      m365: {file: m365-%d.json}\n    import:\n      - {source: ad, ou: [corp.example/Staff]}\n    match: {auto: true}\n", i, i, i, i)
	}
	for b.Loop() {
		if _, err := manifest.Parse([]byte(text.String()), "m.yaml", ""); err != nil {
			b.Fatal(err)
		}
	}
}

// A customer takes from the defaults what he does not say, and all of who signs in or
// nothing; who sets passwords takes nothing.
func TestOneApplication(t *testing.T) {
	const text = "version: 1\ndefaults: {m365: {" + app + ", cloud: china, mailbox_types: exchange}}\ncustomers:\n" +
		"  - {name: A, directories: {m365: {tenant: A.example, mailbox_types: purpose}, reset: {m365: {" + liveM365 + "}}}}\n" +
		"  - {name: B, directories: {m365: {tenant: b.example, cloud: global, auth: azure-cli}}}\n" +
		"  - {name: C, directories: {m365: {file: c.csv}}}\n"
	m, err := manifest.Parse([]byte(text), "m.yaml", "/dir")
	if err != nil {
		t.Fatal(err)
	}
	const id = "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d"
	for i, want := range []source.Graph{
		{Tenant: "a.example", ClientID: id, ClientSecretFrom: "env:S", Cloud: "china"},
		{Tenant: "b.example", Auth: "azure-cli"},
		{},
	} {
		if got := m.Customers[i].Directories.M365.Graph; got != want {
			t.Errorf("%s: %+v", m.Customers[i].Name, got)
		}
	}
	if got := m.Customers[0].Directories.ResetM365.Graph; got != (source.Graph{Tenant: "t.example", ClientID: id, ClientSecretFrom: "env:S"}) {
		t.Errorf("who sets passwords: %+v", got)
	}
}
