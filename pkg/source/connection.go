package source

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Connection says how a directory is reached: over LDAP, over Microsoft Graph or
// as an export on disk. It holds references to secrets, never a secret. Two
// connections that were normalized are the same where they are equal (==). The
// JSON form is flat: the fields of the parts stand beside the transport.
type Connection struct {
	Kind Kind `json:"-"`
	// Transport is ldaps, starttls, sealed, graph or file.
	Transport string `json:"transport"`
	// Role is "" for one that reads, or [RoleReset].
	Role string `json:"role,omitempty"`
	LDAP
	Graph
	Export
}

// LDAP is how a domain controller is reached, and as whom.
type LDAP struct {
	URL    string `json:"url,omitempty"`    // ldaps://HOST[:PORT], or ldap:// with the transport starttls or sealed
	Domain string `json:"domain,omitempty"` // in place of URL: DNS says which domain controllers it has
	// Primary takes, of the controllers of Domain, the one that hears of each new
	// password at once (the PDC emulator). It is no setting and is not kept: whoever
	// opens a connection for passwords asks for it.
	Primary bool `json:"-"`
	// Bind is how the account logs in, one of [Binds]; "" is simple.
	Bind             string `json:"bind,omitempty"`
	BindDN           string `json:"bind_dn,omitempty"`
	BindPasswordFrom string `json:"bind_password_from,omitempty"`
	Principal        string `json:"principal,omitempty"`   // NAME@REALM, for kerberos
	KeytabFrom       string `json:"keytab_from,omitempty"` // in place of the password; neither is the credential cache
	KDC              string `json:"kdc,omitempty"`         // HOST[:PORT]
	BaseDN           string `json:"base_dn,omitempty"`     // "" is the server's own domain
	CAFile           string `json:"ca_file,omitempty"`
	// TLSServerName is the name by which the server proves who it is, where it is
	// not that of the URL: in its certificate, or as a service of Kerberos.
	TLSServerName string `json:"tls_server_name,omitempty"`
}

// Graph is how a tenant of Microsoft 365 is reached, and as which application.
// Of the three references to a secret exactly one is set, or Auth says how to do
// without.
type Graph struct {
	Tenant           string `json:"tenant,omitempty"` // its id or one of its domains
	ClientID         string `json:"client_id,omitempty"`
	ClientSecretFrom string `json:"client_secret_from,omitempty"`
	CertificateFrom  string `json:"certificate_from,omitempty"`
	AccessTokenFrom  string `json:"access_token_from,omitempty"` // names tenant and application itself
	// Auth is how the application signs in, one of [Auths]; "" is by the reference
	// to a secret that is given.
	Auth          string `json:"auth,omitempty"`
	AssertionFrom string `json:"assertion_from,omitempty"` // of another identity service, for federated
	Cloud         string `json:"cloud,omitempty"`          // "" is the global one
	GraphURL      string `json:"graph_url,omitempty"`      // a private endpoint
	AuthorityURL  string `json:"authority_url,omitempty"`
	// MailboxTypes is how it is found out what mailboxes are: one of [MailboxTypes];
	// "" is by userPurpose of Graph.
	MailboxTypes string `json:"mailbox_types,omitempty"`
}

// WithDefaults takes what is not said from another one.
func (g Graph) WithDefaults(other Graph) Graph {
	return Graph{
		Tenant:           cmp.Or(g.Tenant, other.Tenant),
		ClientID:         cmp.Or(g.ClientID, other.ClientID),
		ClientSecretFrom: cmp.Or(g.ClientSecretFrom, other.ClientSecretFrom),
		CertificateFrom:  cmp.Or(g.CertificateFrom, other.CertificateFrom),
		AccessTokenFrom:  cmp.Or(g.AccessTokenFrom, other.AccessTokenFrom),
		Auth:             cmp.Or(g.Auth, other.Auth),
		AssertionFrom:    cmp.Or(g.AssertionFrom, other.AssertionFrom),
		Cloud:            cmp.Or(g.Cloud, other.Cloud),
		GraphURL:         cmp.Or(g.GraphURL, other.GraphURL),
		AuthorityURL:     cmp.Or(g.AuthorityURL, other.AuthorityURL),
		MailboxTypes:     cmp.Or(g.MailboxTypes, other.MailboxTypes),
	}
}

// The ways to find out what mailboxes are, where it is not by userPurpose of Graph.
const (
	MailboxTypesExchange = "exchange" // Exchange's admin interface
	MailboxTypesNone     = "none"     // nobody is asked
)

const purposeTypes = "purpose"

// MailboxTypes are the names of the ways to find out what mailboxes are.
func MailboxTypes() []string { return []string{purposeTypes, MailboxTypesExchange, MailboxTypesNone} }

// Export is a directory as a file.
type Export struct {
	File string `json:"file,omitempty"`
	// Encoding is how the text is written, one of [Encodings]; "" is found by the
	// text.
	Encoding string `json:"encoding,omitempty"`
	// Mailboxes is a second file: what Get-Mailbox says of the mailboxes of the users
	// in the first one (Microsoft 365 only).
	Mailboxes string `json:"mailboxes,omitempty"`
}

// Encodings are the names of the encodings that an export may have.
func Encodings() []string {
	return []string{
		"utf-8", "utf-16le", "utf-16be", "windows-1252", "windows-1250", "cp850", "cp437", "cp852", "cp866",
		"windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258",
		"iso-8859-1", "iso-8859-2", "iso-8859-15", "macintosh",
	}
}

// normalEncoding spells an encoding as [Encodings] does: cp1252, 1252 and Windows
// 1252 are windows-1252. What is unknown stays.
func normalEncoding(name string) string {
	folded := strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(name))
	if folded == "" {
		return ""
	}
	switch folded {
	case "latin1", "iso88591":
		return "iso-8859-1"
	case "unicode", "utf16":
		return "utf-16le"
	}
	number := strings.TrimLeft(folded, "abcdefghijklmnopqrstuvwxyz")
	for _, known := range Encodings() {
		plain := strings.ReplaceAll(known, "-", "")
		if folded == plain || number != "" && (plain == "windows"+number || plain == "cp"+number) && slices.Contains([]string{"", "cp", "windows", "ibm"}, strings.TrimSuffix(folded, number)) {
			return known
		}
	}
	return name
}

// The transports of a [Connection].
const (
	TransportLDAPS    = "ldaps"
	TransportStartTLS = "starttls"
	TransportSealed   = "sealed" // LDAP whose messages the login encrypts
	TransportGraph    = "graph"
	TransportFile     = "file"
)

// ExportOf is the connection of an export.
func ExportOf(kind Kind, path string) Connection {
	return Connection{Kind: kind, Transport: TransportFile, Export: Export{File: path}}
}

// Clouds are the names of Microsoft's clouds.
func Clouds() []string { return []string{globalCloud, "usgov", "usgov-dod", "china"} }

const globalCloud = "global"

// part is a field of a connection: its name in JSON and its value.
type part struct{ name, value string }

func (l LDAP) parts() []part {
	return []part{
		{"url", l.URL}, {"domain", l.Domain}, {"bind", l.Bind}, {"bind_dn", l.BindDN}, {"bind_password_from", l.BindPasswordFrom},
		{"principal", l.Principal}, {"keytab_from", l.KeytabFrom}, {"kdc", l.KDC},
		{"base_dn", l.BaseDN}, {"ca_file", l.CAFile}, {"tls_server_name", l.TLSServerName},
	}
}

func (g Graph) parts() []part {
	return []part{
		{"tenant", g.Tenant}, {"client_id", g.ClientID}, {"client_secret_from", g.ClientSecretFrom},
		{"certificate_from", g.CertificateFrom}, {"access_token_from", g.AccessTokenFrom},
		{"auth", g.Auth}, {"assertion_from", g.AssertionFrom},
		{"cloud", g.Cloud}, {"graph_url", g.GraphURL}, {"authority_url", g.AuthorityURL},
		{"mailbox_types", g.MailboxTypes},
	}
}

func (e Export) parts() []part {
	return []part{{"file", e.File}, {"encoding", e.Encoding}, {"mailboxes", e.Mailboxes}}
}

// Normalize spells a connection as it is compared and stored: schemes, hosts,
// tenants and ids in lower case, no port and no cloud where it is the default, no
// slash at the end of a URL, no blanks round a name. Relative paths, also those of
// secrets, are below dir; with "" they stay. A transport that is not given follows
// from the rest; LDAP that anybody can read is never chosen. What is wrong stays for
// [Connection.Validate].
func (c Connection) Normalize(dir string) Connection {
	for _, text := range []*string{&c.BindDN, &c.BaseDN, &c.Principal} {
		*text = strings.TrimSpace(*text)
	}
	for _, name := range []*string{&c.Domain, &c.Bind, &c.KDC, &c.TLSServerName, &c.Tenant, &c.ClientID, &c.Auth, &c.Cloud, &c.MailboxTypes} {
		*name = strings.ToLower(strings.TrimSpace(*name))
	}
	c.Domain = strings.TrimSuffix(c.Domain, ".")
	for _, id := range []*string{&c.Tenant, &c.ClientID} {
		if bare := strings.TrimSuffix(strings.TrimPrefix(*id, "{"), "}"); isGUID(bare) { // as tools of Windows write it
			*id = bare
		}
	}
	if name, realm, ok := cutPrincipal(c.Principal); ok {
		c.Principal = name + "@" + strings.ToUpper(realm)
	}
	for _, address := range []*string{&c.URL, &c.GraphURL, &c.AuthorityURL} {
		*address = normalURL(*address)
	}
	for strings.HasSuffix(c.GraphURL, "/v1.0") { // the version that is always asked
		c.GraphURL = strings.TrimRight(strings.TrimSuffix(c.GraphURL, "/v1.0"), "/")
	}
	c.Encoding = normalEncoding(c.Encoding)
	if c.Cloud == globalCloud {
		c.Cloud = ""
	}
	if c.MailboxTypes == purposeTypes {
		c.MailboxTypes = ""
	}
	for _, path := range []*string{&c.CAFile, &c.File, &c.Mailboxes} {
		*path = below(dir, *path)
	}
	for _, ref := range []*string{&c.BindPasswordFrom, &c.KeytabFrom, &c.ClientSecretFrom, &c.CertificateFrom, &c.AccessTokenFrom, &c.AssertionFrom} {
		if r, err := ParseReference(*ref); err == nil && r.Scheme == "file" {
			*ref = "file:" + below(dir, r.Name)
		}
	}
	if c.Bind == BindSimple {
		c.Bind = ""
	}
	if c.Auth == c.Graph.secretAuth() {
		c.Auth = ""
	}
	if c.Transport == "" {
		switch {
		case c.File != "":
			c.Transport = TransportFile
		case c.Kind == M365:
			c.Transport = TransportGraph
		case c.Bind != "" && !strings.HasPrefix(c.URL, "ldaps:"):
			c.Transport = TransportSealed
		default:
			c.Transport = TransportLDAPS
		}
	}
	return c
}

func below(dir, path string) string {
	switch {
	case path == "" || dir == "" && !filepath.IsAbs(path):
		return path
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	case filepath.VolumeName(path) != "": // C:users.csv: below that drive's current folder
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	case os.IsPathSeparator(path[0]): // \users.csv on Windows: at the root of the same drive
		return filepath.Join(filepath.VolumeName(dir), path)
	}
	return filepath.Join(dir, path)
}

// defaultPort is the port of a scheme that a connection may have.
func defaultPort(scheme string) int {
	switch scheme {
	case "ldaps":
		return 636
	case "ldap":
		return 389
	case "https":
		return 443
	}
	return 80
}

// normalURL spells a URL of scheme, host and path. Any other text stays.
func normalURL(text string) string {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || !isPlain(u) {
		return text
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.String()
	} else {
		host = strings.ToLower(host)
	}
	port := u.Port()
	if n, err := strconv.Atoi(port); err == nil {
		port = strconv.Itoa(n)
		if n == defaultPort(u.Scheme) {
			port = ""
		}
	}
	if u.Host = host; strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String()
}

// isPlain says whether a URL is made of scheme, host and path alone.
func isPlain(u *url.URL) bool {
	return u.Opaque == "" && u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

// ConnectionProblem is one thing that is wrong with a connection. It repeats no
// value: somebody may have put a secret there.
type ConnectionProblem struct {
	// Fields are what it is about, as JSON names them; the first is to blame.
	Fields []string
	format string // with a %s for each field
}

// Text says what is wrong, each field named as name has it.
func (p ConnectionProblem) Text(name func(field string) string) string {
	names := make([]any, len(p.Fields))
	for i, field := range p.Fields {
		names[i] = name(field)
	}
	return fmt.Sprintf(p.format, names...)
}

// ConnectionProblems are all that is wrong with a connection.
type ConnectionProblems []ConnectionProblem

func (p ConnectionProblems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Text(func(field string) string { return field })
	}
	return strings.Join(texts, "; ")
}

func (p *ConnectionProblems) add(format string, fields ...string) {
	*p = append(*p, ConnectionProblem{fields, format})
}

// Validate says all that is wrong with a connection that was normalized, without
// a look at the network or the disk. The error is an [Error] with [CodeUsage]
// round [ConnectionProblems].
func (c Connection) Validate() error {
	var p ConnectionProblems
	switch {
	case c.Kind != AD && c.Kind != M365:
		return &Error{Code: CodeUsage, Message: fmt.Sprintf("%q is no directory to connect", string(c.Kind))}
	case c.Role != "" && c.Role != RoleReset:
		p.add("%s: leave it out, or use "+RoleReset, "role")
	case c.Role == RoleReset && (c.File != "" || c.Transport == TransportFile):
		p.add("%s "+RoleReset+" goes with a live directory, not with %s", "role", "file")
	case c.File != "" || c.Transport == TransportFile:
		for _, f := range append(c.LDAP.parts(), c.Graph.parts()...) {
			if f.value != "" {
				p.add("%s has no meaning beside %s", f.name, "file")
			}
		}
		c.Export.validate(&p, c.Kind, c.Transport)
	case c.Encoding != "":
		p.add("%s goes with %s", "encoding", "file")
	case c.Mailboxes != "":
		p.add("%s goes with %s", "mailboxes", "file")
	case c.Kind == AD:
		p.foreign(c.Graph.parts(), c.Kind)
		c.LDAP.validate(&p, c.Transport)
	default:
		p.foreign(c.LDAP.parts(), c.Kind)
		c.Graph.validate(&p, c.Transport)
	}
	for _, f := range slices.Concat(c.LDAP.parts(), c.Graph.parts(), c.Export.parts()) {
		text := utf8.ValidString(f.value) && !strings.ContainsFunc(f.value, unicode.IsControl)
		if !text && !p.about(f.name) {
			p.add("%s: has to be text on one line, without control characters", f.name)
		}
	}
	if len(p) == 0 {
		return nil
	}
	return &Error{Code: CodeUsage, Message: "the connection to " + c.Kind.String(), Err: p}
}

// foreign refuses fields of another transport.
func (p *ConnectionProblems) foreign(parts []part, kind Kind) {
	for _, f := range parts {
		if f.value != "" {
			p.add("%s has no meaning for "+kind.String(), f.name)
		}
	}
}

// about says whether something is wrong with a field already.
func (p ConnectionProblems) about(field string) bool {
	return slices.ContainsFunc(p, func(q ConnectionProblem) bool { return q.Fields[0] == field })
}

func (e Export) validate(p *ConnectionProblems, kind Kind, transport string) {
	switch transport {
	case TransportFile:
	case TransportStartTLS:
		p.add("%s has no meaning beside %s", "starttls", "file")
	default:
		p.add("%s: has to be "+TransportFile, "transport")
	}
	switch e.File {
	case "":
		p.add("%s is missing", "file")
	case "-":
		p.add("%s: an export is read more than once: save it to a file", "file")
	}
	switch {
	case e.Mailboxes != "" && kind != M365:
		p.add("%s has no meaning for "+kind.String(), "mailboxes")
	case e.Mailboxes == "-":
		p.add("%s: an export is read more than once: save it to a file", "mailboxes")
	}
	if e.Encoding != "" && !slices.Contains(Encodings(), e.Encoding) {
		p.add("%s: use one of "+strings.Join(Encodings(), ", "), "encoding")
	}
}

func (l LDAP) validate(p *ConnectionProblems, transport string) {
	switch {
	case transport != TransportLDAPS && transport != TransportStartTLS && transport != TransportSealed:
		p.add("%s: has to be "+TransportLDAPS+", "+TransportStartTLS+" or "+TransportSealed, "transport")
	case l == LDAP{} && transport == TransportLDAPS:
		p.add("say where the directory is: %s or %s (live), or %s (an export)", "domain", "url", "file")
		return
	case l.URL == "" && l.Domain == "":
		p.add("%s is missing", "url")
	case l.URL != "" && l.Domain != "":
		p.add("give one of %s and %s", "url", "domain")
	case l.Domain != "":
		l.validateDomain(p, transport)
	default:
		l.validateURL(p, transport)
	}
	if transport == TransportSealed && l.CAFile != "" {
		p.add("%s goes with ldaps://, or ldap:// and %s", "ca_file", "starttls")
	}
	l.validateBind(p)
	if _, err := ParseDN(l.BaseDN); err != nil && l.BaseDN != "" {
		p.add("%s: not a distinguished name such as DC=corp,DC=example", "base_dn")
	}
	if l.TLSServerName != "" && !isHost(l.TLSServerName) {
		p.add("%s: not the name of a server", "tls_server_name")
	}
}

func (l LDAP) validateURL(p *ConnectionProblems, transport string) {
	startTLS := transport == TransportStartTLS
	u, err := parseAddress(l.URL, "ldaps")
	if err != nil {
		p.add("%s: "+err.Error(), "url")
		return
	}
	if u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		p.add("%s: nothing may follow the host and port", "url")
	}
	switch {
	case u.Scheme == "ldaps" && startTLS:
		p.add("%s goes with ldap://, not with ldaps://", "starttls")
	case u.Scheme == "ldaps" && transport == TransportSealed:
		p.add("%s: what is sealed goes to ldap://, not to ldaps://", "url")
	case u.Scheme == "ldap" && !startTLS && (l.Bind == "" || transport == TransportLDAPS):
		p.add("%s ldap:// would send the password in clear: use ldaps://, or add %s", "url", "starttls")
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		p.add("%s: must begin with ldaps://", "url")
	}
}

// The patterns are compiled where a connection is checked, which few commands do.
var (
	domainPattern = pattern(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])$`)
	hostPattern   = pattern(`^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*\.?$`)
)

func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// isGUID takes capitals too, as people paste them.
func isGUID(s string) bool { return IsID(strings.ToLower(s)) }

func (g Graph) validate(p *ConnectionProblems, transport string) {
	if transport != TransportGraph {
		p.add("%s: has to be "+TransportGraph, "transport")
	}
	if g == (Graph{MailboxTypes: g.MailboxTypes}) {
		p.add("say where the directory is: %s and its credentials (live) or %s (an export)", "tenant", "file")
		return
	}
	needsTenant, needsClient := g.validateAuth(p)
	switch {
	case g.Tenant == "" && needsTenant:
		p.add("%s is missing", "tenant")
	case g.Tenant != "" && !isGUID(g.Tenant) && (!domainPattern().MatchString(g.Tenant) || len(g.Tenant) > 253):
		p.add("%s: not the id or a domain of a tenant", "tenant")
	}
	switch {
	case g.ClientID == "" && needsClient:
		p.add("%s is missing", "client_id")
	case g.ClientID != "" && !isGUID(g.ClientID):
		p.add("%s: not the id of an app registration, such as 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d", "client_id")
	}
	if g.Cloud != "" && !slices.Contains(Clouds(), g.Cloud) {
		p.add("%s: use one of "+strings.Join(Clouds(), ", "), "cloud")
	}
	switch {
	case g.MailboxTypes != "" && !slices.Contains(MailboxTypes(), g.MailboxTypes):
		p.add("%s: use one of "+strings.Join(MailboxTypes(), ", "), "mailbox_types")
	case g.MailboxTypes == MailboxTypesExchange && g.AccessTokenFrom != "":
		p.add("%s: Exchange needs a token of its own, and %s is for Graph alone", "mailbox_types", "access_token_from")
	}
	for _, endpoint := range []part{{"graph_url", g.GraphURL}, {"authority_url", g.AuthorityURL}} {
		if endpoint.value == "" {
			continue
		}
		if err := CheckWebAddress(endpoint.value); err != nil {
			p.add("%s: "+err.Error(), endpoint.name)
		}
	}
}

// reference checks a reference to a secret where there is one.
func (p *ConnectionProblems) reference(field, ref string) {
	if ref == "" {
		return
	}
	if _, err := ParseReference(ref); err != nil {
		p.add("%s: "+err.Error(), field)
	}
}

// CheckWebAddress says what is wrong with the URL of a private endpoint. Secrets
// and tokens are sent there: plain http is for a server on this machine alone.
func CheckWebAddress(text string) error {
	u, err := parseAddress(text, "https")
	switch {
	case err != nil:
		return err
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return errors.New("must begin with https://: a token would cross the network in the clear")
	case !isPlain(u):
		return errors.New("only a path may follow the host and port")
	case hasDots(u.Path) || u.RawPath != "":
		return errors.New("the path is not plainly spelled")
	}
	return nil
}

// parseAddress reads a URL and checks its host and port. No error repeats it.
func parseAddress(text, scheme string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("not an address such as " + scheme + "://HOST")
	}
	n, err := strconv.Atoi(cmp.Or(u.Port(), "1"))
	switch {
	case u.User != nil:
		return nil, errors.New("holds a user name or password; leave it out")
	case !isHost(u.Hostname()):
		return nil, errors.New("not the name or address of a server")
	case err != nil || n < 1 || n > 65535:
		return nil, errors.New("the port has to be between 1 and 65535")
	}
	return u, nil
}

// isHost says whether a name can be looked up; others, and look-alike letters,
// are written in ASCII for that (xn--…).
func isHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || len(host) <= 254 && hostPattern().MatchString(host)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// hasDots looks for steps of a path that lead elsewhere when they are resolved.
func hasDots(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(step string) bool { return step == "." || step == ".." }) ||
		strings.Contains(path, `\`)
}
