package manifest

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
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
	if d := o.object("defaults", "password_sync", "recursive"); d != nil {
		m.Defaults.PasswordSync = d.passwordSync()
		m.Defaults.Recursive = d.flag("recursive")
	}
	for _, entry := range o.entries("customers", 1) {
		c := p.object(entry.node, entry.path, "name", "external_ids", "password_sync", "directories", "import", "match", "emails", "allow")
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
	if d := o.object("directories", "ad", "m365"); d != nil {
		c.Directories = Directories{AD: d.ad(), M365: d.m365()}
	}
	for _, entry := range o.entries("import", 0) {
		if i := o.p.object(entry.node, entry.path, "source", "ou", "recursive", "users", "exclude", "include_disabled"); i != nil {
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
	if a := o.object("allow", "empty", "max_new", "directory_changed"); a != nil {
		c.Allow = Allow{Empty: a.flag("empty"), DirectoryChanged: a.flag("directory_changed")}
		if n, ok := a.number("max_new"); ok {
			if n < 1 || n > 1_000_000 {
				a.wrong("max_new", "has to be between 1 and 1000000")
			}
			c.Allow.MaxNew = n
		}
	}
	return c
}

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
		if id := e.text(system); id != "" {
			e.once(system, system+" id", id)
			ids[system] = id
		}
	}
	return ids
}

func (o *object) ad() *source.Connection {
	d := o.object("ad", "url", "starttls", "bind_dn", "bind_password", "base_dn", "ca_file", "tls_server_name", "file")
	if d == nil {
		return nil
	}
	c := &source.Connection{
		Kind:             source.AD,
		URL:              d.text("url"),
		BindDN:           d.text("bind_dn"),
		BindPasswordFrom: d.secret("bind_password"),
		BaseDN:           d.text("base_dn"),
		CAFile:           d.filename("ca_file"),
		TLSServerName:    d.text("tls_server_name"),
		File:             d.filename("file"),
	}
	startTLS := d.flag("starttls")
	if d.isExport() {
		c.Transport = source.TransportFile
		return c
	}
	d.requireLive("url")
	d.require("bind_dn", "bind_password")
	if _, err := source.ParseDN(c.BaseDN); err != nil && c.BaseDN != "" {
		d.wrong("base_dn", "is not a distinguished name")
	}
	c.Transport = source.TransportLDAPS
	if startTLS {
		c.Transport = source.TransportStartTLS
	}
	if c.URL != "" {
		c.URL = strings.TrimRight(c.URL, "/")
		u, err := url.Parse(c.URL)
		switch {
		case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" ||
			u.Scheme != "ldaps" && u.Scheme != "ldap":
			d.wrong("url", "has to be ldaps://HOST[:PORT], or ldap://HOST[:PORT] with starttls: true")
		case u.Scheme == "ldap" && !startTLS:
			d.wrong("url", "ldap:// would send the password in clear: use ldaps://, or add starttls: true")
		case u.Scheme == "ldaps" && startTLS:
			d.wrong("starttls", "has no place with ldaps://, which is encrypted from the start")
		}
	}
	return c
}

// The ways in which a client may prove itself to Microsoft 365.
var m365Credentials = []string{"client_secret", "certificate", "access_token"}

func (o *object) m365() *source.Connection {
	d := o.object("m365", "tenant", "client_id", "client_secret", "certificate", "access_token", "cloud", "graph_url", "authority_url", "file")
	if d == nil {
		return nil
	}
	c := &source.Connection{
		Kind:             source.M365,
		Tenant:           d.text("tenant"),
		ClientID:         d.text("client_id"),
		ClientSecretFrom: d.secret("client_secret"),
		CertificateFrom:  d.secret("certificate"),
		AccessTokenFrom:  d.secret("access_token"),
		Cloud:            d.choice("cloud", "global", "usgov", "usgov-dod", "china"),
		GraphURL:         d.webAddress("graph_url"),
		AuthorityURL:     d.webAddress("authority_url"),
		File:             d.filename("file"),
	}
	if d.isExport() {
		c.Transport = source.TransportFile
		return c
	}
	c.Transport = source.TransportGraph
	if !d.has("access_token") { // which names tenant and application itself
		d.requireLive("tenant")
		d.require("client_id")
	}
	given := 0
	for _, key := range m365Credentials {
		if d.has(key) {
			given++
		}
	}
	if given != 1 {
		d.wrong("", "needs exactly one of %s", strings.Join(m365Credentials, ", "))
	}
	return c
}

// isExport says whether a directory is an export on disk, which has nothing
// beside its file.
func (o *object) isExport() bool {
	if !o.has("file") {
		return false
	}
	for _, key := range o.keys {
		if key != "file" {
			o.wrong(key, "has no place beside file: a directory is an export or it is live")
		}
	}
	return true
}

// requireLive wants the key by which a live directory is reached.
func (o *object) requireLive(key string) {
	if !o.has(key) {
		o.wrong("", "needs %s, for a live directory, or file, for an export", key)
	}
}

func (o *object) imports(defaults Defaults) Import {
	o.require("source")
	i := Import{
		OU:              o.texts("ou", 1),
		Recursive:       o.flag("recursive"),
		Users:           o.texts("users", 1),
		Exclude:         o.texts("exclude", 0),
		IncludeDisabled: o.flag("include_disabled"),
		Line:            o.line,
	}
	name := o.choice("source", "ad", "m365", "o365", "entra")
	if name == "" {
		return i
	}
	i.Source = source.M365
	if name == "ad" {
		i.Source = source.AD
	}
	switch {
	case i.Source == source.AD && !o.has("ou"):
		o.wrong("", "an import from ad needs ou; the domain's own name with recursive: true takes everybody")
	case i.Source == source.AD && !o.has("recursive"):
		i.Recursive = defaults.Recursive
	case i.Source == source.M365:
		for _, key := range []string{"ou", "recursive"} {
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

// reference is how a secret is referred to.
var reference = regexp.MustCompile(`^(env:[A-Za-z_][A-Za-z0-9_]*|(file|command):.*\S.*)$`)

// secret reads a reference to a secret. What is none may be the secret itself,
// so that the problem does not repeat it.
func (o *object) secret(key string) string {
	const want = "has to say where the secret lies (env:NAME, file:PATH or command:PROGRAM ARG…), not what it is"
	f := o.fields[key]
	if f == nil || o.isNull(key) {
		return ""
	}
	if text, ok := f.asText(); !ok || !reference.MatchString(text) {
		o.wrong(key, want)
		return ""
	}
	ref := o.text(key)
	if path, ok := strings.CutPrefix(ref, "file:"); ok {
		return "file:" + o.p.resolve(path)
	}
	return ref
}

func (o *object) filename(key string) string {
	if path := o.text(key); path != "" {
		return o.p.resolve(path)
	}
	return ""
}

func (p *parser) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(p.dir, path)
}

func (o *object) webAddress(key string) string {
	text := o.text(key)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		o.wrong(key, "has to be https://HOST…; http is for loopback only")
	}
	return text
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
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
	hint := "`qpimport schema manifest` prints what a manifest may hold"
	return &source.Error{Code: source.CodeUsage, Hint: hint, Err: p.sorted(), Message: fmt.Sprintf("the manifest has %s", count(len(p.problems)))}
}

func count(n int) string {
	if n == 1 {
		return "an error"
	}
	return fmt.Sprintf("%d errors", n)
}
