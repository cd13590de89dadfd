package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// Parse reads a manifest, YAML or JSON. The file is how errors name the
// document; relative paths in it are resolved against dir. All that is wrong is
// reported at once: the error is a [source.Error] round [Problems].
func Parse(data []byte, file, dir string) (*Manifest, error) {
	p := &parser{file: file, dir: dir, seen: map[string]int{}}
	m := &Manifest{}
	if root := p.document(data); root != nil {
		p.manifest(root, m)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return m, nil
}

func (p *parser) manifest(root ast.Node, m *Manifest) {
	o := p.object(root, "", "version", "defaults", "customers")
	if o == nil {
		return
	}
	if len(o.fields) == 0 && len(p.problems) > 0 {
		// Another file was meant: what each of its lines lacks tells nothing.
		p.problems = nil
		p.add(o.at, "", "this is no manifest: it has neither version nor customers")
		return
	}
	o.require("version", "customers")
	if version, ok := o.number("version"); ok {
		m.Version = version
		if version != Version {
			// What is wrong by our rules may be right by that version's.
			p.problems = nil
			o.wrong("version", "this program reads version %d only", Version)
			return
		}
	}
	if d := o.object("defaults", "password_sync", "recursive", "m365"); d != nil {
		m.Defaults.PasswordSync = d.passwordSync()
		m.Defaults.Recursive = d.flag("recursive")
		m.Defaults.M365 = d.application()
	}
	for _, entry := range o.entries("customers", 1) {
		c := p.object(entry.node, entry.path, "name", "external_ids", "password_sync", "directories", "import", "match", "emails", "refresh", "allow")
		if c != nil {
			m.Customers = append(m.Customers, c.customer(m.Defaults))
		}
	}
}

func (o *object) customer(defaults Defaults) Customer {
	o.require("name")
	c := Customer{
		Name:         strings.TrimSpace(o.text("name")),
		ExternalIDs:  o.externalIDs(),
		PasswordSync: o.passwordSync(),
		Line:         o.line,
	}
	if c.PasswordSync == "" {
		c.PasswordSync = defaults.PasswordSync
	}
	if c.Name != "" {
		o.once("name", "customer", match.Key(c.Name))
		if match.Key(c.Name) == "" {
			o.wrong("name", "has no visible character")
		}
	}
	if d := o.object("directories", "ad", "m365", "reset"); d != nil {
		c.Directories = Directories{AD: d.ad(), M365: d.m365(defaults.M365)}
		if r := d.object("reset", "ad", "m365"); r != nil {
			c.Directories.ResetAD, c.Directories.ResetM365 = r.resets("ad", r.ad()), r.resets("m365", r.m365(nil))
		}
	}
	for _, entry := range o.entries("import", 0) {
		if i := o.p.object(entry.node, entry.path, "source", "ou", "recursive", "group", "licensed", "sku", "users", "exclude", "exclude_ou", "include_disabled", "include_privileged", "also_m365"); i != nil {
			c.Import = append(c.Import, i.imports(defaults))
		}
	}
	if m := o.object("match", "auto", "by", "pairs"); m != nil {
		c.Match = m.match()
	}
	for _, entry := range o.entries("emails", 0) {
		if e := o.p.object(entry.node, entry.path, "account", "email"); e != nil {
			e.require("account", "email")
			email := Email{e.text("account"), e.text("email"), e.line}
			e.once("account", o.path+" e-mail", strings.ToLower(email.Account))
			c.Emails = append(c.Emails, email)
		}
	}
	if r := o.object("refresh", "new"); r != nil {
		c.Refresh.New = r.choice("new", "list", "import")
	}
	if a := o.object("allow", append([]string{"empty", "max_new", "directory_changed"}, guards...)...); a != nil {
		c.Allow = Allow{Empty: a.flag("empty"), DirectoryChanged: a.flag("directory_changed")}
		for _, kind := range guards {
			for _, n := range a.numbers(kind) {
				if n < 1 || n > 1_000_000 {
					a.wrong(kind, "has to be between 1 and 1000000")
				}
				if c.Allow.Guards == nil {
					c.Allow.Guards = map[string][]int{}
				}
				c.Allow.Guards[kind] = append(c.Allow.Guards[kind], n)
			}
		}
		if n, ok := a.number("max_new"); ok {
			if n < 1 || n > 1_000_000 {
				a.wrong("max_new", "has to be between 1 and 1000000")
			}
			c.Allow.MaxNew = n
		}
	}
	return c
}

// guards are what a customer may allow by the number that was found.
var guards = []string{"missing", "disabled", "out_of_scope", "emails", "upn_suffix"}

// passwordSync reads a mode. YAML 1.1 took on and off for booleans and YAML 1.2
// takes them for text, so that they mean the same with quotes and without.
func (o *object) passwordSync() string {
	if o.fields["password_sync"].isBool() {
		o.wrong("password_sync", `has to be "on" or "off", not true or false`)
		return ""
	}
	return o.choice("password_sync", "on", "off")
}

var systemName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func (o *object) externalIDs() map[string]string {
	ids := map[string]string{}
	e := o.object("external_ids", anyKey)
	if e == nil {
		return ids
	}
	for _, system := range e.keys {
		if !systemName.MatchString(system) {
			e.wrong(system, "the name of a system has lower-case letters, digits, _ and -, and begins with a letter")
			continue
		}
		if e.fields[system].isNumber() {
			raw := e.fields[system].value.GetToken().Value
			e.wrong(system, `an id is text: write "%.40s" in quotes; as a number it would lose leading zeros`, raw)
			continue
		}
		if id := source.CanonicalID(system, e.text(system)); id != "" {
			e.once(system, system+" id", id)
			ids[system] = id
		}
	}
	return ids
}

// resets makes a connection one that sets passwords, which takes a live directory.
func (o *object) resets(key string, c *source.Connection) *source.Connection {
	if c == nil {
		return nil
	}
	if c.Role = source.RoleReset; c.File != "" {
		o.wrong(key, "sets passwords: an export is no directory for that")
	}
	return c
}

func (o *object) ad() *source.Connection {
	d := o.object("ad", "url", "domain", "starttls", "bind", "bind_dn", "bind_password", "principal", "keytab", "kdc", "base_dn", "ca_file", "tls_server_name", "file", "encoding")
	if d == nil {
		return nil
	}
	c := source.Connection{
		Kind: source.AD,
		LDAP: source.LDAP{
			URL:              d.text("url"),
			Domain:           d.text("domain"),
			Bind:             d.text("bind"),
			BindDN:           d.text("bind_dn"),
			BindPasswordFrom: d.secret("bind_password"),
			Principal:        d.text("principal"),
			KeytabFrom:       d.secret("keytab"),
			KDC:              d.text("kdc"),
			BaseDN:           d.text("base_dn"),
			CAFile:           d.text("ca_file"),
			TLSServerName:    d.text("tls_server_name"),
		},
		Export: source.Export{File: d.text("file"), Encoding: d.text("encoding")},
	}
	if d.flag("starttls") {
		c.Transport = source.TransportStartTLS
	}
	return d.connection(c)
}

// signIn are the keys that say which application signs in, and how. They come as a
// whole, from the customer or from the defaults.
var signIn = []string{"client_id", "client_secret", "certificate", "access_token", "auth", "assertion"}

// application reads the one that signs in to the tenants of all customers.
func (o *object) application() *source.Graph {
	d := o.object("m365", "client_id", "client_secret", "certificate", "auth", "assertion", "cloud", "graph_url", "authority_url", "mailbox_types")
	switch {
	case !o.has("m365"):
		return nil
	case d == nil: // what is wrong was said
		return &source.Graph{}
	}
	g := d.graph()
	tenants := g
	tenants.Tenant = "any.example" // each customer's own
	d.connection(source.Connection{Kind: source.M365, Graph: tenants})
	return &g
}

func (o *object) graph() source.Graph {
	return source.Graph{
		ClientID:         o.text("client_id"),
		ClientSecretFrom: o.secret("client_secret"),
		CertificateFrom:  o.secret("certificate"),
		Auth:             o.text("auth"),
		AssertionFrom:    o.secret("assertion"),
		Cloud:            o.text("cloud"),
		GraphURL:         o.text("graph_url"),
		AuthorityURL:     o.text("authority_url"),
		MailboxTypes:     o.text("mailbox_types"),
	}
}

func (o *object) m365(defaults *source.Graph) *source.Connection {
	d := o.object("m365", "tenant", "client_id", "client_secret", "certificate", "access_token", "auth", "assertion", "cloud", "graph_url", "authority_url", "mailbox_types", "file", "encoding", "mailboxes")
	if d == nil {
		return nil
	}
	c := source.Connection{
		Kind:   source.M365,
		Graph:  d.graph(),
		Export: source.Export{File: d.text("file"), Encoding: d.text("encoding"), Mailboxes: d.text("mailboxes")},
	}
	c.Tenant, c.AccessTokenFrom = d.text("tenant"), d.secret("access_token")
	if defaults == nil || d.has("file") || slices.ContainsFunc(signIn, d.has) {
		return d.connection(c)
	}
	d.require("tenant")
	c.Graph = c.WithDefaults(*defaults)
	if d.p.isWrong("defaults.m365") || !d.has("tenant") {
		return &c // else it would be said of each customer
	}
	return d.connection(c)
}

// connection checks what a mapping says of a connection. What was found wrong
// with a key already is not said again.
func (o *object) connection(c source.Connection) *source.Connection {
	c = c.Normalize(o.p.dir)
	var found source.ConnectionProblems
	_ = errors.As(c.Validate(), &found)
	for _, problem := range found {
		if slices.ContainsFunc(problem.Fields, func(field string) bool { return o.isWrong(keyOf(field)) }) {
			continue
		}
		key := keyOf(problem.Fields[0])
		text := problem.Text(keyOf)
		if o.has(key) { // the place names the key
			text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(text, key), ":"), " ")
		}
		o.wrong(key, "%s", text)
	}
	return &c
}

// keyOf is the key for a field of a connection. All secrets of a manifest are
// references.
func keyOf(field string) string { return strings.TrimSuffix(field, "_from") }

func (o *object) imports(defaults Defaults) Import {
	o.require("source")
	i := Import{
		OU:                o.texts("ou", 1),
		Recursive:         o.flag("recursive"),
		Group:             o.texts("group", 1),
		Licensed:          o.flag("licensed"),
		SKU:               o.texts("sku", 1),
		Users:             o.texts("users", 1),
		Exclude:           o.texts("exclude", 0),
		ExcludeOU:         o.texts("exclude_ou", 0),
		IncludeDisabled:   o.flag("include_disabled"),
		IncludePrivileged: o.flag("include_privileged"),
		AlsoM365:          o.flag("also_m365"),
		Line:              o.line,
	}
	name := o.text("source")
	if name == "" {
		return i
	}
	var err error
	if i.Source, err = source.ParseKind(name); err != nil {
		o.wrong("source", "has to be one of ad, m365, o365, entra")
		return i
	}
	for _, key := range []string{"licensed", "sku"} {
		if i.Source == source.AD && o.has(key) {
			o.wrong(key, "has no place with source ad: Active Directory knows no licences")
		}
	}
	switch {
	case i.Source == source.AD && !o.has("ou") && !o.has("group") && !o.has("users"):
		o.wrong("", "an import from ad needs ou, group or users; the domain's own name as ou with recursive: true takes everybody")
	case i.Source == source.AD && !o.has("recursive"):
		i.Recursive = defaults.Recursive && o.has("ou")
	case i.Source == source.M365:
		for _, key := range []string{"ou", "recursive", "exclude_ou"} {
			if o.has(key) {
				o.wrong(key, "has no place with source %s: Microsoft 365 has no OUs", name)
			}
		}
	}
	return i
}

func (o *object) match() Match {
	m := Match{
		Auto: o.flag("auto"),
		By:   match.Method(o.choice("by", string(match.ByDisplayName), string(match.ByEvidence))),
	}
	switch {
	case o.has("by") && !m.Auto:
		o.wrong("by", "has no effect without auto: true")
	case m.Auto && !o.has("by"):
		m.By = match.ByDisplayName
	}
	for _, entry := range o.entries("pairs", 0) {
		pair := o.p.object(entry.node, entry.path, "ad", "m365")
		if pair == nil {
			continue
		}
		pair.require("ad", "m365")
		named := Pair{pair.text("ad"), pair.text("m365"), pair.line}
		pair.once("ad", o.path+" ad", strings.ToLower(named.AD))
		pair.once("m365", o.path+" m365", strings.ToLower(named.M365))
		m.Pairs = append(m.Pairs, named)
	}
	return m
}

// secret reads what has to be a reference to a secret. What is none may be the
// secret itself, so that the problem does not repeat it.
func (o *object) secret(key string) string {
	f := o.fields[key]
	if f == nil || o.isNull(key) {
		return ""
	}
	text, ok := f.asText()
	if !ok || strings.TrimSpace(text) == "" {
		_, err := source.ParseReference("")
		o.wrong(key, "%s", err)
		return ""
	}
	return text
}

// once reports a value that occurred before among those of its kind.
func (o *object) once(key, kind, value string) {
	if value == "" {
		return
	}
	at := o.p.at(o.fields[key].value)
	id := kind + "\x00" + value
	if line, ok := o.p.seen[id]; ok {
		o.wrong(key, "is the same as on line %d", line)
		return
	}
	o.p.seen[id] = at.Line
}

// err is all that was found, nil for nothing.
func (p *parser) err() error {
	if len(p.problems) == 0 {
		return nil
	}
	return &source.Error{Code: source.CodeUsage, Topic: TopicInvalid, Err: p.sorted(), Message: fmt.Sprintf("the manifest has %s", count(len(p.problems)))}
}

func count(n int) string {
	if n == 1 {
		return "an error"
	}
	return fmt.Sprintf("%d errors", n)
}
