package source

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

var (
	goodLDAP = Connection{Kind: AD, LDAP: LDAP{
		URL: "ldaps://dc1.corp.example", BindDN: "svc@corp.example", BindPasswordFrom: "env:PW",
	}}
	goodGraph = Connection{Kind: M365, Graph: Graph{
		Tenant: "contoso.onmicrosoft.example", ClientID: "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d", ClientSecretFrom: "env:S",
	}}
	startTLS = with(goodLDAP, func(c *Connection) { c.URL, c.Transport = "ldap://dc1", TransportStartTLS })
)

func with(c Connection, change func(*Connection)) Connection {
	change(&c)
	return c
}

// TestValidate: everything that is wrong is said, and no value is repeated.
func TestValidate(t *testing.T) {
	ldap := func(change func(*LDAP)) Connection { return with(goodLDAP, func(c *Connection) { change(&c.LDAP) }) }
	graph := func(change func(*Graph)) Connection { return with(goodGraph, func(c *Connection) { change(&c.Graph) }) }
	sealed := func(l LDAP) Connection { return Connection{Kind: AD, LDAP: l} }
	url := func(text string) Connection { return ldap(func(l *LDAP) { l.URL = text }) }
	password := func(ref string) Connection { return ldap(func(l *LDAP) { l.BindPasswordFrom = ref }) }
	tenant := func(text string) Connection { return graph(func(g *Graph) { g.Tenant = text }) }
	client := func(text string) Connection { return graph(func(g *Graph) { g.ClientID = text }) }
	gateway := func(text string) Connection { return graph(func(g *Graph) { g.GraphURL = text }) }
	const noAddress, noHost = "url: not an address such as ldaps://HOST", "url: not the name or address of a server"
	const badPort = "url: the port has to be between 1 and 65535"
	const noTenant = "tenant: not the id or a domain of a tenant"
	const noClient = "client_id: not the id of an app registration, such as 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d"
	const noURL = "graph_url: not an address such as https://HOST"
	const clear = "graph_url: must begin with https://: a token would cross the network in the clear"
	for name, c := range map[string]struct {
		conn Connection
		want []string
	}{
		"ldaps":             {conn: goodLDAP},
		"starttls":          {conn: startTLS},
		"port":              {conn: url("ldaps://dc1:3269")},
		"IPv6":              {conn: url("ldaps://[2001:db8::1]:636")},
		"zone":              {conn: url("ldaps://[fe80::1%25eth0]")},
		"DOMAIN\\name":      {conn: ldap(func(l *LDAP) { l.BindDN = `CORP\svc` })},
		"base DN":           {conn: ldap(func(l *LDAP) { l.BaseDN = "OU=Staff,DC=corp,DC=example" })},
		"command":           {conn: password(`command:op read "a b"`)},
		"secret":            {conn: goodGraph},
		"tenant id":         {conn: tenant("84841066-274D-4ec0-a5c1-276be684bdd3")},
		"token alone":       {conn: Connection{Kind: M365, Graph: Graph{AccessTokenFrom: "env:T"}}},
		"cloud":             {conn: graph(func(g *Graph) { g.Cloud = "USGov-DoD" })},
		"gateway":           {conn: gateway("https://gate.example:8443/graph/v1.0/")},
		"this machine":      {conn: gateway("http://localhost:1")},
		"this machine, v6":  {conn: gateway("http://[::1]:2")},
		"export":            {conn: Connection{Kind: AD, Export: Export{File: "ad.ldif"}}},
		"export of tenants": {conn: ExportOf(M365, "/srv/users.json")},

		"domain":           {conn: ldap(func(l *LDAP) { l.URL, l.Domain = "", "Corp.Example." })},
		"windows":          {conn: sealed(LDAP{Domain: "corp.example", Bind: "Windows"})},
		"cache":            {conn: sealed(LDAP{URL: "ldap://dc1.corp.example", Bind: BindKerberos})},
		"cache's owner":    {conn: sealed(LDAP{URL: "ldap://dc1.corp.example", Bind: BindKerberos, Principal: "svc@corp.example"})},
		"keytab":           {conn: sealed(LDAP{URL: "ldap://10.0.0.5", TLSServerName: "dc1.corp.example", Bind: BindKerberos, Principal: "host/a@CORP.EXAMPLE", KeytabFrom: "file:k", KDC: "[2001:db8::1]:88"})},
		"kerberos by TLS":  {conn: sealed(LDAP{URL: "ldaps://dc1.corp.example", Bind: BindKerberos, CAFile: "ca.pem"})},
		"simple, sealed":   {with(goodLDAP, func(c *Connection) { c.Transport, c.URL = TransportSealed, "ldap://dc1" }), []string{"url ldap:// would send the password in clear: use ldaps://, or add starttls"}},
		"sealed domain":    {with(goodLDAP, func(c *Connection) { c.Transport, c.URL, c.Domain = TransportSealed, "", "corp.example" }), []string{"transport: sealed goes with bind kerberos or windows"}},
		"sealed over TLS":  {with(sealed(LDAP{URL: "ldaps://dc1", Bind: BindKerberos}), func(c *Connection) { c.Transport = TransportSealed }), []string{"url: what is sealed goes to ldap://, not to ldaps://"}},
		"not TLS":          {with(sealed(LDAP{URL: "ldap://dc1", Bind: BindKerberos}), func(c *Connection) { c.Transport = TransportLDAPS }), []string{"url ldap:// would send the password in clear: use ldaps://, or add starttls"}},
		"other bind":       {sealed(LDAP{URL: "ldap://dc1", Bind: "ntlm"}), []string{"bind: use one of simple, kerberos, windows"}},
		"kerberos by IP":   {sealed(LDAP{URL: "ldap://10.0.0.5", Bind: BindKerberos}), []string{"url: has to name the domain controller as DNS does, not by its address; tls_server_name may"}},
		"realm alone":      {sealed(LDAP{URL: "ldap://dc1", Bind: BindKerberos, Principal: "@CORP.EXAMPLE"}), []string{"principal: has to be NAME@REALM, such as svc@CORP.EXAMPLE"}},
		"KDC of nonsense":  {sealed(LDAP{URL: "ldap://dc1", Bind: BindKerberos, KDC: "kdc://hunter2"}), []string{"kdc: has to be HOST or HOST:PORT"}},
		"keytab in clear":  {sealed(LDAP{URL: "ldap://dc1", Bind: BindKerberos, Principal: "a@B.EXAMPLE", KeytabFrom: "hunter2"}), []string{"keytab_from: not a reference to a secret: it must begin with env:, file: or command: and name where the secret lies"}},
		"windows and more": {sealed(LDAP{Domain: "corp.example", Bind: BindWindows, KDC: "x"}), []string{"kdc has no meaning with bind windows: the account that runs the program logs in"}},

		"no directory":      {Connection{Kind: "ldap"}, []string{`"ldap" is no directory to connect`}},
		"nothing":           {Connection{Kind: AD}, []string{"say where the directory is: domain or url (live), or file (an export)"}},
		"nothing for m365":  {Connection{Kind: M365}, []string{"say where the directory is: tenant and its credentials (live) or file (an export)"}},
		"starttls alone":    {Connection{Kind: AD, Transport: TransportStartTLS}, []string{"url is missing", "bind_dn is missing", "bind_password_from is missing"}},
		"all of LDAP":       {Connection{Kind: AD, LDAP: LDAP{URL: "ldap://dc1/x", BaseDN: "staff", TLSServerName: "a b"}}, []string{"url: nothing may follow the host and port", "url ldap:// would send the password in clear: use ldaps://, or add starttls", "bind_dn is missing", "bind_password_from is missing", "base_dn: not a distinguished name such as DC=corp,DC=example", "tls_server_name: not the name of a server"}},
		"no host":           {url("ldaps://:636"), []string{noAddress}},
		"no URL":            {url("dc1.corp.example"), []string{noAddress}},
		"port without URL":  {url("dc1:636"), []string{noAddress}},
		"bad escape":        {url("ldaps://%zz"), []string{noAddress}},
		"two hosts":         {url("ldaps://dc1,dc2"), []string{noHost}},
		"look-alike":        {url("ldaps://dc\u0430.example"), []string{noHost}},
		"port of letters":   {url("ldaps://dc1:ldaps"), []string{noAddress}},
		"port 0":            {url("ldaps://dc1:0"), []string{badPort}},
		"port 99999":        {url("ldaps://dc1:99999"), []string{badPort}},
		"endless port":      {url("ldaps://dc1:99999999999999999999"), []string{badPort}},
		"query":             {url("ldaps://dc1?hunter2"), []string{"url: nothing may follow the host and port"}},
		"user in the URL":   {url("ldaps://svc:hunter2@dc1"), []string{"url: holds a user name or password; leave it out"}},
		"other scheme":      {url("https://dc1"), []string{"url: must begin with ldaps://"}},
		"starttls on ldaps": {with(startTLS, func(c *Connection) { c.URL = "ldaps://dc1" }), []string{"starttls goes with ldap://, not with ldaps://"}},
		"no transport":      {with(goodLDAP, func(c *Connection) { c.Transport = TransportGraph }), []string{"transport: has to be ldaps, starttls or sealed"}},
		"two lines":         {ldap(func(l *LDAP) { l.BindDN = "svc\nhunter2" }), []string{"bind_dn: has to be text on one line, without control characters"}},
		"not UTF-8":         {ldap(func(l *LDAP) { l.CAFile = "hunter2\xff" }), []string{"ca_file: has to be text on one line, without control characters"}},

		"secret in clear":  {password("hunter2"), []string{"bind_password_from: not a reference to a secret: it must begin with env:, file: or command: and name where the secret lies"}},
		"other reference":  {password("https://hunter2"), []string{"bind_password_from: not a reference to a secret: it must begin with env:, file: or command: and name where the secret lies"}},
		"no variable":      {password("env:hunter2!"), []string{"bind_password_from: env: must be followed by the name of a variable"}},
		"no path":          {password("file: "), []string{"bind_password_from: file: must be followed by a path"}},
		"open quote":       {password(`command:op "hunter2`), []string{`bind_password_from: command: has a quote " without its end`}},
		"no program":       {password("command:"), []string{"bind_password_from: command: must be followed by a program"}},
		"secret, 2 lines":  {password("command:op\nhunter2"), []string{"bind_password_from: has to be text on one line, without control characters"}},
		"Graph, no secret": {graph(func(g *Graph) { g.ClientSecretFrom = "" }), []string{"give one of client_secret_from, certificate_from and access_token_from, or auth"}},
		"two secrets":      {graph(func(g *Graph) { g.CertificateFrom = "hunter2" }), []string{"give one of client_secret_from, certificate_from and access_token_from", "certificate_from: not a reference to a secret: it must begin with env:, file: or command: and name where the secret lies"}},

		"no tenant":          {tenant(""), []string{"tenant is missing"}},
		"tenant of nonsense": {tenant("a b"), []string{noTenant}},
		"tenant's name":      {tenant("contoso"), []string{noTenant}},
		"every tenant":       {tenant("common"), []string{noTenant}},
		"tenant is a path":   {tenant("../x"), []string{noTenant}},
		"tenant is an IP":    {tenant("10.0.0.1"), []string{noTenant}},
		"tenant too long":    {tenant(strings.Repeat("a.", 130) + "example"), []string{noTenant}},
		"no client":          {client(""), []string{"client_id is missing"}},
		"client of nonsense": {client("7"), []string{noClient}},
		"client cut":         {client("8c1f2a34-0000-4000-8000-5e6f7a8b9c0"), []string{noClient}},
		"token with client":  {Connection{Kind: M365, Graph: Graph{AccessTokenFrom: "env:T", ClientID: "x", Tenant: "y"}}, []string{noTenant, noClient}},
		"other cloud":        {graph(func(g *Graph) { g.Cloud = "mars" }), []string{"cloud: use one of global, usgov, usgov-dod, china"}},

		"plain http":          {gateway("http://graph.example"), []string{clear}},
		"ftp":                 {gateway("ftp://x"), []string{clear}},
		"loopback look-alike": {gateway("http://127.0.0.1.evil.example"), []string{clear}},
		"loopback as user":    {gateway("http://localhost@evil.example"), []string{"graph_url: holds a user name or password; leave it out"}},
		"no scheme":           {gateway("graph.example"), []string{noURL}},
		"no URL at all":       {gateway("https://["), []string{noURL}},
		"query of a gateway":  {gateway("https://x/?a=b"), []string{"graph_url: only a path may follow the host and port"}},
		"dots":                {gateway("https://x/a/../b"), []string{"graph_url: the path is not plainly spelled"}},
		"encoded slash":       {gateway("https://x/a%2Fb"), []string{"graph_url: the path is not plainly spelled"}},
		"letters of others":   {gateway("https://gr\u0430ph.microsoft.com"), []string{"graph_url: not the name or address of a server"}},
		"gateway's port":      {gateway("https://x:99999"), []string{"graph_url: the port has to be between 1 and 65535"}},
		"authority":           {graph(func(g *Graph) { g.AuthorityURL = "http://10.0.0.1" }), []string{"authority_url: must begin with https://: a token would cross the network in the clear"}},

		"export and live":      {Connection{Kind: AD, Transport: TransportStartTLS, LDAP: LDAP{URL: "ldap://dc1"}, Export: Export{File: "x"}}, []string{"url has no meaning beside file", "starttls has no meaning beside file"}},
		"export and tenant":    {Connection{Kind: M365, Graph: Graph{Tenant: "t"}, Export: Export{File: "x"}}, []string{"tenant has no meaning beside file"}},
		"export, no file":      {Connection{Kind: AD, Transport: TransportFile}, []string{"file is missing"}},
		"standard input":       {ExportOf(AD, "-"), []string{"file: an export is read more than once: save it to a file"}},
		"LDAP to m365":         {with(goodGraph, func(c *Connection) { c.URL = "ldaps://dc1" }), []string{"url has no meaning for Microsoft 365"}},
		"Graph to AD":          {with(goodLDAP, func(c *Connection) { c.Tenant = "x.example" }), []string{"tenant has no meaning for Active Directory"}},
		"types of nonsense":    {graph(func(g *Graph) { g.MailboxTypes = "guess" }), []string{"mailbox_types: use one of purpose, exchange, none"}},
		"Exchange by a token":  {Connection{Kind: M365, Graph: Graph{AccessTokenFrom: "env:T", MailboxTypes: "exchange"}}, []string{"mailbox_types: Exchange needs a token of its own, and access_token_from is for Graph alone"}},
		"types alone":          {Connection{Kind: M365, Graph: Graph{MailboxTypes: "none"}}, []string{"say where the directory is: tenant and its credentials (live) or file (an export)"}},
		"types of an export":   {Connection{Kind: M365, Graph: Graph{MailboxTypes: "none"}, Export: Export{File: "x"}}, []string{"mailbox_types has no meaning beside file"}},
		"mailboxes live":       {with(goodGraph, func(c *Connection) { c.Mailboxes = "x" }), []string{"mailboxes goes with file"}},
		"mailboxes of AD":      {Connection{Kind: AD, Export: Export{File: "x", Mailboxes: "y"}}, []string{"mailboxes has no meaning for Active Directory"}},
		"mailboxes from stdin": {Connection{Kind: M365, Export: Export{File: "x", Mailboxes: "-"}}, []string{"mailboxes: an export is read more than once: save it to a file"}},

		"export by transport": {with(ExportOf(AD, "x"), func(c *Connection) { c.Transport = TransportGraph }), []string{"transport: has to be file"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.conn.Normalize("").Validate()
			var got []string
			var problems ConnectionProblems
			switch {
			case errors.As(err, &problems):
				for _, p := range problems {
					got = append(got, p.Text(func(field string) string { return field }))
				}
			case err != nil:
				got = []string{err.Error()}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if err != nil && (CodeOf(err) != CodeUsage || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestProblemsNameFieldsAsAsked(t *testing.T) {
	var problems ConnectionProblems
	err := Connection{Kind: AD, Transport: TransportLDAPS, LDAP: LDAP{URL: "ldap://dc1"}}.Validate()
	if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), "the connection to Active Directory: url ldap://") {
		t.Fatal(err)
	}
	flag := func(field string) string { return "--" + field }
	if got := problems[0].Text(flag); got != "--url ldap:// would send the password in clear: use ldaps://, or add --starttls" {
		t.Error(got)
	}
}

// TestNormalize: what is spelled otherwise is the same connection, and one that
// was normalized stays as it is.
func TestNormalize(t *testing.T) {
	ldap := func(l LDAP) Connection { return Connection{Kind: AD, LDAP: l} }
	graph := func(g Graph) Connection { return Connection{Kind: M365, Graph: g} }
	for name, c := range map[string]struct{ in, want Connection }{
		"URL":           {ldap(LDAP{URL: " LDAPS://DC1.Corp.Example:636// "}), ldap(LDAP{URL: "ldaps://dc1.corp.example"})},
		"other port":    {ldap(LDAP{URL: "ldaps://DC1:03269"}), ldap(LDAP{URL: "ldaps://dc1:3269"})},
		"no port":       {ldap(LDAP{URL: "ldaps://dc1:"}), ldap(LDAP{URL: "ldaps://dc1"})},
		"wrong port":    {ldap(LDAP{URL: "ldaps://dc1:99999"}), ldap(LDAP{URL: "ldaps://dc1:99999"})},
		"IPv6":          {ldap(LDAP{URL: "ldaps://[2001:DB8:0:0::1]:636"}), ldap(LDAP{URL: "ldaps://[2001:db8::1]"})},
		"IPv6 and port": {ldap(LDAP{URL: "ldaps://[::1]:637"}), ldap(LDAP{URL: "ldaps://[::1]:637"})},
		"zone":          {ldap(LDAP{URL: "ldaps://[fe80::1%25eth0]:636"}), ldap(LDAP{URL: "ldaps://[fe80::1%25eth0]"})},
		"no URL":        {ldap(LDAP{URL: " ldaps://u:P@DC1 "}), ldap(LDAP{URL: "ldaps://u:P@DC1"})},
		"names": {ldap(LDAP{BindDN: " CN=Svc,DC=x ", BaseDN: " DC=x", TLSServerName: " DC1.Example"}),
			ldap(LDAP{BindDN: "CN=Svc,DC=x", BaseDN: "DC=x", TLSServerName: "dc1.example"})},
		"paths": {ldap(LDAP{BindPasswordFrom: "file:../pw", CAFile: "a/../ca.pem"}), ldap(LDAP{BindPasswordFrom: "file:/pw", CAFile: "/dir/ca.pem"})},
		"absolute paths": {ldap(LDAP{BindPasswordFrom: "file:/run/pw", CAFile: "/etc//ca.pem"}),
			ldap(LDAP{BindPasswordFrom: "file:/run/pw", CAFile: "/etc/ca.pem"})},
		"other references": {ldap(LDAP{BindPasswordFrom: "command:file:x"}), ldap(LDAP{BindPasswordFrom: "command:file:x"})},
		"ids": {graph(Graph{Tenant: " Contoso.OnMicrosoft.example", ClientID: "8C1F2A34-0000-4000-8000-5E6F7A8B9C0D ", Cloud: "Global"}),
			graph(Graph{Tenant: "contoso.onmicrosoft.example", ClientID: "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d"})},
		"cloud":    {graph(Graph{Cloud: " USGov"}), graph(Graph{Cloud: "usgov"})},
		"types":    {graph(Graph{MailboxTypes: " Exchange"}), graph(Graph{MailboxTypes: "exchange"})},
		"purposes": {graph(Graph{MailboxTypes: "purpose"}), graph(Graph{})},
		"mailboxes": {Connection{Kind: M365, Export: Export{File: "u.json", Mailboxes: "a/../m.csv"}},
			Connection{Kind: M365, Transport: TransportFile, Export: Export{File: "/dir/u.json", Mailboxes: "/dir/m.csv"}}},
		"endpoints": {graph(Graph{GraphURL: "HTTPS://Gate.Example:443/Graph/v1.0/", AuthorityURL: "http://LOCALHOST:80/"}),
			graph(Graph{GraphURL: "https://gate.example/Graph", AuthorityURL: "http://localhost"})},
		"encoded path": {graph(Graph{GraphURL: "https://gate/a%2Fb/"}), graph(Graph{GraphURL: "https://gate/a%2Fb"})},
		"export":       {Connection{Kind: AD, Export: Export{File: "ad.ldif"}}, ExportOf(AD, "/dir/ad.ldif")},
	} {
		want := c.want
		if want.Transport == "" {
			want.Transport = map[Kind]string{AD: TransportLDAPS, M365: TransportGraph}[want.Kind]
		}
		got := c.in.Normalize("/dir")
		if got != want {
			t.Errorf("%s: got\n%+v, want\n%+v", name, got, want)
		}
		if again := got.Normalize("/elsewhere"); again != got {
			t.Errorf("%s: again\n%+v, first\n%+v", name, again, got)
		}
	}
	if got := ldap(LDAP{CAFile: "ca.pem"}).Normalize(""); got.CAFile != "ca.pem" {
		t.Errorf("without a folder: %q", got.CAFile)
	}
}

// The JSON form is what state files hold since the first version.
func TestConnectionJSON(t *testing.T) {
	for text, want := range map[string]Connection{
		`{"transport":"starttls","url":"ldap://dc1","bind_dn":"svc","bind_password_from":"env:PW","base_dn":"DC=x","ca_file":"/ca.pem","tls_server_name":"dc1"}`: {
			Transport: TransportStartTLS,
			LDAP:      LDAP{URL: "ldap://dc1", BindDN: "svc", BindPasswordFrom: "env:PW", BaseDN: "DC=x", CAFile: "/ca.pem", TLSServerName: "dc1"},
		},
		`{"transport":"graph","tenant":"t","client_id":"c","client_secret_from":"env:S","certificate_from":"env:C","access_token_from":"env:A","cloud":"usgov","graph_url":"https://g","authority_url":"https://a"}`: {
			Transport: TransportGraph,
			Graph:     Graph{Tenant: "t", ClientID: "c", ClientSecretFrom: "env:S", CertificateFrom: "env:C", AccessTokenFrom: "env:A", Cloud: "usgov", GraphURL: "https://g", AuthorityURL: "https://a"},
		},
		`{"transport":"file","file":"/ad.ldif"}`: {Transport: TransportFile, Export: Export{File: "/ad.ldif"}},
	} {
		var got Connection
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if b, err := json.Marshal(want); err != nil || string(b) != text {
			t.Errorf("%s, %v, want\n%s", b, err, text)
		}
	}
}

// TestEncoding: what people call an encoding is one of those that there are.
func TestEncoding(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "UTF8": "utf-8", "utf-16": "utf-16le", "Unicode": "utf-16le", "utf_16be": "utf-16be",
		"windows-1252": "windows-1252", "cp1252": "windows-1252", "1250": "windows-1250", "Windows 1250": "windows-1250",
		"850": "cp850", "ibm850": "cp850", "IBM-852": "cp852", "latin1": "iso-8859-1", "ISO-8859-2": "iso-8859-2", "Macintosh": "macintosh",
	} {
		c := Connection{Kind: AD, Export: Export{File: "/x", Encoding: in}}.Normalize("")
		if err := c.Validate(); c.Encoding != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", in, c.Encoding, err, want)
		}
	}
	for _, bad := range []string{"utf-7", "99", "windows", "koi8-r", "x1252"} {
		c := Connection{Kind: AD, Export: Export{File: "/x", Encoding: bad}}.Normalize("")
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "encoding: use one of utf-8, ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	c := with(goodLDAP, func(c *Connection) { c.Encoding = "utf-8" }).Normalize("")
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "encoding goes with file") {
		t.Errorf("without a file: %v", err)
	}
}

// FuzzNormalize: what was normalized stays as it is, or it would be connected
// again for ever.
func FuzzNormalize(f *testing.F) {
	f.Add(" LDAPS://DC1.Corp.Example:636// ", "Contoso.example", "file:../pw", "ca.pem")
	f.Add("https://Gate/v1.0/v1.0/", "common", `command:op "x`, "")
	f.Add("ldaps://[fe80::1%25Eth0]:0636", "", "file:", "-")
	f.Fuzz(func(t *testing.T, url, name, ref, path string) {
		for _, c := range []Connection{
			{Kind: AD, LDAP: LDAP{URL: url, BindDN: name, TLSServerName: name, BindPasswordFrom: ref, CAFile: path}},
			{Kind: M365, Graph: Graph{GraphURL: url, AuthorityURL: url, Tenant: name, Cloud: name, ClientSecretFrom: ref}, Export: Export{File: path}},
		} {
			once := c.Normalize("/dir")
			if twice := once.Normalize("/dir"); twice != once {
				t.Errorf("%+v\nbecomes %+v\nand then %+v", c, once, twice)
			}
			if err := once.Validate(); err != nil && CodeOf(err) != CodeUsage {
				t.Errorf("%+v: %v", once, err)
			}
		}
	})
}

// TestDefaultBind: on Windows the account that runs the program is enough.
func TestDefaultBind(t *testing.T) {
	for _, c := range []struct {
		system string
		ldap   LDAP
		want   string
	}{
		{"windows", LDAP{Domain: "corp.example"}, BindWindows},
		{"windows", LDAP{URL: "ldap://dc1"}, BindWindows},
		{"windows", LDAP{URL: "ldaps://dc1", BindDN: "svc"}, ""},
		{"windows", LDAP{URL: "ldaps://dc1", BindPasswordFrom: "env:PW"}, ""},
		{"windows", LDAP{Domain: "corp.example", Bind: BindSimple}, BindSimple},
		{"windows", LDAP{}, ""},
		{"linux", LDAP{Domain: "corp.example"}, ""},
	} {
		if got := c.ldap.WithDefaultBind(c.system).Bind; got != c.want {
			t.Errorf("%s, %+v: %q, want %q", c.system, c.ldap, got, c.want)
		}
	}
}

// TestNormalizeSealed: what is sealed by the login is LDAP, and spelled alike.
func TestNormalizeSealed(t *testing.T) {
	c := Connection{Kind: AD, LDAP: LDAP{URL: "LDAP://DC1.Corp.Example:389/", Bind: " Kerberos ", Principal: " Svc@corp.example ", KeytabFrom: "file:k", KDC: "DC1"}}.Normalize("/srv")
	want := Connection{Kind: AD, Transport: TransportSealed, LDAP: LDAP{URL: "ldap://dc1.corp.example", Bind: BindKerberos, Principal: "Svc@CORP.EXAMPLE", KeytabFrom: "file:/srv/k", KDC: "dc1"}}
	if c != want {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if c := (Connection{Kind: AD, LDAP: LDAP{Domain: "Corp.Example.", Bind: "simple"}}).Normalize(""); c.Transport != TransportLDAPS || c.Bind != "" || c.Domain != "corp.example" {
		t.Errorf("%+v", c)
	}
}
