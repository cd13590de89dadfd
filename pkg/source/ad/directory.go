// Package ad reads users and OUs from Active Directory over LDAP, and through a
// [Resetter] sets passwords there.
//
// A read is complete or it is an error: the answers are checked byte by byte
// before the LDAP library sees them, pages are asked for one by one, and a
// search has ended only when the server says so with success and an empty
// paging cookie. The connection is encrypted, or there is none, and the
// password is sent exactly once.
package ad

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// Config says how a domain controller is reached.
type Config struct {
	// Connection is one of Active Directory that is live.
	Connection source.Connection
	// Password is asked once: for a simple bind after the server has proved who it
	// is; for Kerberos before, and never sent.
	Password func(context.Context) (source.Secret, error)
	// Keytab is the content of the connection's keytab, as it is or in base64.
	Keytab func(context.Context) (source.Secret, error)
	// CredentialCache and KerberosConfig are what KRB5CCNAME and KRB5_CONFIG say.
	CredentialCache, KerberosConfig string
	// Resolver asks DNS; nil is the system's.
	Resolver *net.Resolver
	Timeouts Timeouts
	// Log, where set, is told what is done: never a secret.
	Log func(format string, args ...any)
}

// Timeouts bound each wait for the server; zero means the default.
type Timeouts struct {
	Dial      time.Duration // to connect; 10 s
	Handshake time.Duration // for StartTLS and the TLS handshake together; 10 s
	Bind      time.Duration // for the login; 30 s
	// Answer is how long the server may take for its next complete message: a
	// search that keeps delivering is never cut off. 150 s, so that AD's own
	// limit of 120 s comes first and says why.
	Answer time.Duration
}

func (t Timeouts) withDefaults() Timeouts {
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&t.Dial, 10*time.Second)
	set(&t.Handshake, 10*time.Second)
	set(&t.Bind, 30*time.Second)
	set(&t.Answer, 150*time.Second)
	return t
}

// Directory is an open connection to one domain controller. It is safe for use
// by several goroutines. A cancelled read closes the connection.
type Directory struct {
	conn      *ldap.Conn
	guard     *guard
	searching sync.Mutex // one search at a time: the guard keeps its objects
	log       func(format string, args ...any)
	root      string // DN of the domain
	base      string // DN that reads are confined to
	info      source.Info
	reached   reached
	maxPages  int
}

var (
	_ source.Directory = (*Directory)(nil)
	_ source.OULister  = (*Directory)(nil)
	_ source.Finder    = (*Directory)(nil)
	_ source.Examiner  = (*Directory)(nil)
)

// Open connects, logs in, and finds out which directory it is. Errors are
// [source.Error]: CodeUsage for settings that cannot work, CodeUnreachable,
// CodeCredentials, CodePermission, CodeNotFound, CodeIncomplete; a cancelled
// context is returned as such.
func Open(ctx context.Context, cfg Config) (*Directory, error) {
	cfg.Timeouts = cfg.Timeouts.withDefaults()
	if cfg.Log == nil {
		cfg.Log = func(string, ...any) {}
	}
	cfg.Connection = cfg.Connection.Normalize("")
	if err := cfg.Connection.Validate(); err != nil {
		return nil, err
	}
	if cfg.Connection.Domain != "" {
		return openNearest(ctx, cfg)
	}
	to, err := parseEndpoint(cfg.Connection)
	if err != nil {
		return nil, err
	}
	raw, conn, err := connect(ctx, to, cfg)
	if err != nil {
		return nil, err
	}
	return login(ctx, raw, conn, to.address, cfg)
}

// connect makes an encrypted connection; where the login seals it, that is done
// then. raw is what lies under it.
func connect(ctx context.Context, to endpoint, cfg Config) (raw, conn net.Conn, err error) {
	raw, conn, err = dial(ctx, to, cfg)
	if err != nil {
		return nil, nil, err
	}
	if secure, ok := conn.(*tls.Conn); ok {
		cfg.Log("connected to %s (%s)", to.address, tlsName(secure.ConnectionState()))
	}
	if cfg.Connection.Bind == "" {
		return raw, conn, nil
	}
	if conn, err = negotiate(ctx, raw, conn, to, cfg); err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return raw, conn, nil
}

// login makes a directory of an encrypted connection: it binds, where that is not
// done already, and looks round. raw is what lies under conn, and is closed to
// interrupt it.
func login(ctx context.Context, raw, conn net.Conn, server string, cfg Config) (*Directory, error) {
	g := newGuard(raw, conn, server)
	g.modifies = cfg.Connection.Role == source.RoleReset
	d := &Directory{conn: ldap.NewConn(g, true), guard: g, log: cfg.Log, maxPages: 100_000}
	d.conn.Start()
	d.reached.bind = cfg.Connection.Bind
	if secure, ok := conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		d.reached.tls = &state
	}
	var err error
	if cfg.Connection.Bind == "" {
		err = d.bind(ctx, cfg)
	}
	if err == nil {
		g.setWait(cfg.Timeouts.Answer)
		err = d.lookRound(ctx, cfg.Connection)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

// Close ends the connection. It may be called more than once.
func (d *Directory) Close() error {
	// What closing reports is of no use to anybody: everything was read already.
	_ = d.conn.Close()
	_ = d.guard.raw.Close()
	return nil
}

// Info says which domain this is, as found when it was opened.
func (d *Directory) Info(context.Context) (source.Info, error) {
	info := d.info
	info.Notes = slices.Clone(info.Notes)
	return info, nil
}

// capabilityAD is among supportedCapabilities of each domain controller.
const capabilityAD = "1.2.840.113556.1.4.800"

// anonymousSID is S-1-5-7, which a token holds when nobody has logged in.
const anonymousSID = "S-1-5-7"

// lookRound reads what the server says of itself and of the domain, and makes
// sure that the bind counted: some servers take a bind and go on as anonymous.
func (d *Directory) lookRound(ctx context.Context, c source.Connection) error {
	dse, err := d.lookup(ctx, "", "defaultNamingContext", "dnsHostName", "currentTime", "supportedCapabilities", "tokenGroups", "isSynchronized")
	if err != nil {
		return err
	}
	for _, token := range values(dse, "tokenGroups") {
		if sid, err := adattr.SID(token); err == nil && sid == anonymousSID {
			return notLoggedIn()
		}
	}
	if strings.EqualFold(text(dse, "isSynchronized"), "FALSE") {
		return unreachable(nil, "wait until it has, or name another domain controller", "%s has not yet replicated the whole domain", d.guard.server)
	}
	d.root = text(dse, "defaultNamingContext")
	d.base = cmp.Or(c.BaseDN, d.root)
	if d.root == "" {
		return &source.Error{Code: source.CodeNotFound, Message: "the server names no domain (defaultNamingContext)", Hint: "is this a domain controller? the port of a global catalog or of AD LDS will not do"}
	}
	if holds := source.CanonicalPath(d.root); c.Domain != "" && !strings.EqualFold(holds, c.Domain) {
		return &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("%s is a domain controller of %s, not of %s, for which DNS names it", d.guard.server, holds, c.Domain), Hint: "have the domain's DNS mended, or name a domain controller by its URL"}
	}
	domain, err := d.lookup(ctx, d.root, "objectSid")
	if err != nil {
		return err
	}
	sid, err := adattr.SID([]byte(text(domain, "objectSid")))
	if err != nil {
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("cannot read objectSid of the domain %q", d.root), Hint: "the bind account must be able to read the directory, as every domain user can by default", Err: err}
	}
	if d.base != d.root {
		if _, err := d.lookup(ctx, d.base, "objectGUID"); err != nil {
			return err
		}
	}

	d.info = source.Info{Kind: source.AD, ID: sid, Name: source.CanonicalPath(d.root), Server: text(dse, "dnsHostName")}
	if d.info.Server == "" {
		d.info.Server = d.guard.server
	}
	isAD := slices.ContainsFunc(values(dse, "supportedCapabilities"), func(v []byte) bool { return string(v) == capabilityAD })
	if !isAD {
		d.info.Notes = append(d.info.Notes, "the server does not say that it is Active Directory")
	}
	if _, port, _ := net.SplitHostPort(d.guard.server); port == "3268" || port == "3269" {
		d.info.Notes = append(d.info.Notes, "this is the port of the global catalog, which holds only some attributes of a user: use 636, or 389 with StartTLS")
	}
	if note := clockNote(text(dse, "currentTime"), time.Now()); note != "" {
		d.info.Notes = append(d.info.Notes, note)
	}
	d.log("domain %q, %s, domain controller %q", d.root, sid, d.info.Server)
	return nil
}

// clockNote remarks on a clock more than 5 minutes off, the most that Kerberos
// stands; currentTime is a generalized time such as 20261123110038.0Z.
func clockNote(currentTime string, now time.Time) string {
	seconds, _, _ := strings.Cut(currentTime, ".")
	server, err := time.Parse("20060102150405", strings.TrimSuffix(seconds, "Z"))
	if err != nil {
		return ""
	}
	off := server.Sub(now).Round(time.Second)
	if off.Abs() <= 5*time.Minute {
		return ""
	}
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the server's clock is %s %s this computer's", off.Abs(), way)
}

// lookup reads attributes of one object.
func (d *Directory) lookup(ctx context.Context, dn string, attributes ...string) (*ldap.Entry, error) {
	return d.lookupWith(ctx, nil, dn, attributes...)
}

func (d *Directory) lookupWith(ctx context.Context, controls []ldap.Control, dn string, attributes ...string) (*ldap.Entry, error) {
	res, err := d.search(ctx, &ldap.SearchRequest{
		BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: attributes, Controls: controls,
	})
	if err != nil {
		return nil, err
	}
	if len(res.Entries) != 1 {
		return nil, unreadable(dn)
	}
	return res.Entries[0], nil
}

func unreadable(dn string) error {
	return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("cannot read %s", describe(dn)), Hint: "the bind account may not have the right to read it"}
}

// search asks once and waits for the whole answer.
func (d *Directory) search(ctx context.Context, req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	res, err := d.ask(ctx, req)
	if err != nil {
		return nil, d.explain(ctx, req.BaseDN, err)
	}
	return res, nil
}

// ask is search with the error as the LDAP library has it, and beside that what
// came before it.
func (d *Directory) ask(ctx context.Context, req *ldap.SearchRequest) (*ldap.SearchResult, error) {
	d.searching.Lock()
	defer d.searching.Unlock()
	d.guard.take() // what a search that failed has left
	var res *ldap.SearchResult
	err := d.do(ctx, func() (err error) {
		res, err = d.conn.Search(req)
		return err
	})
	if res == nil {
		res = &ldap.SearchResult{}
	}
	res.Entries = d.guard.take()
	return res, err
}

// do calls the LDAP library: a cancelled context closes the connection, which
// ends the call, and a panic is an error.
func (d *Directory) do(ctx context.Context, call func() error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = d.guard.raw.Close() })
	defer stop()
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
		}
	}()
	return call()
}

var errPanic = errors.New("the LDAP library gave up on the answer")

// values returns the values of an attribute, whose name the server may spell in
// other case than it was asked for.
func values(e *ldap.Entry, name string) [][]byte {
	return e.GetEqualFoldRawAttributeValues(name)
}

// text returns the first value of an attribute, "" for none.
func text(e *ldap.Entry, name string) string {
	if v := values(e, name); len(v) > 0 {
		return string(v[0])
	}
	return ""
}
