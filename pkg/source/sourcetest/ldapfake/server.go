// Package ldapfake is a domain controller for tests: it speaks LDAP on the wire,
// over TLS, StartTLS or any [net.Conn], and answers from a list of entries the
// way Active Directory does. It can also be made to fail in every way that a
// server, a network or an attacker may. It is written from RFC 4511, RFC 2696
// and MS-ADTS, and shares no code with the client that it tests.
package ldapfake

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/qpimport/qpimport/pkg/source"
)

// Entry is an object: its DN and its attributes' values, byte for byte.
type Entry struct {
	DN    string
	Attrs map[string][]string
}

// Options say what the server holds and how it behaves. The zero value is a
// well-behaved domain controller without users.
type Options struct {
	// Domain is the DN of the domain; default DC=corp,DC=contoso,DC=example. An
	// entry for it is made where Entries hold none.
	Domain  string
	Entries []Entry
	// Accounts are bind names, in any case, with their passwords.
	Accounts map[string]string
	// Refuse gives bind names AD's code for a refused login, such as 533,
	// whatever the password.
	Refuse map[string]string
	// SASL, where set, begins the acceptor's side of a login by SASL GSSAPI.
	SASL func() SASL
	// Resetters are bind names that may set passwords, in lower case.
	Resetters map[string]Rights
	// MaxPageSize and MaxValRange are AD's limits; default 1000 and 1500.
	MaxPageSize, MaxValRange int
	// RootDSE replaces attributes of the rootDSE; nil leaves one out.
	RootDSE map[string][]string

	// Certificate is shown in TLS; its zero value is valid for 127.0.0.1.
	Certificate Certificate
	// MaxTLS is the highest version of TLS that is offered; 0 is the newest.
	MaxTLS uint16

	Faults
}

// SASL is the acceptor's side of a login.
type SASL interface {
	// Step takes the client's token and returns the answer; done says that the
	// client is logged in. An error refuses it.
	Step(token []byte) (reply []byte, done bool, err error)
	// Conn goes on with the security layer that was agreed on.
	Conn(net.Conn) net.Conn
}

// Faults are the ways in which the server misbehaves.
type Faults struct {
	// Anonymous takes each bind and goes on as if there had been none.
	Anonymous bool
	// NoStartTLS refuses StartTLS; MuteTLS accepts it, then says nothing.
	// AfterStartTLS is sent in the clear right behind the answer to it.
	NoStartTLS, MuteTLS bool
	AfterStartTLS       []byte
	// NoPaging leaves out the paging control. RepeatPage gives the first page
	// and its cookie for ever; EndlessPages gives empty pages with new cookies.
	// SameCookie gives all pages of a search one cookie, as Samba does.
	NoPaging, RepeatPage, EndlessPages, SameCookie bool
	// NoExtendedDN knows nothing of the control that asks for names with ids.
	NoExtendedDN bool
	// ShowDeleted shows entries with isDeleted to whoever asks; AD does so only to
	// whoever asks for them.
	ShowDeleted bool
	// Result, where it returns one, is the answer instead of the right one.
	Result func(*Request) *Result
	// Edit sees each message before it is sent and returns what is sent instead.
	// With ErrCut the connection is then closed; with ErrMute it stays open and
	// nothing follows.
	Edit func(Answer) ([]byte, error)
}

// What Edit may return.
var (
	ErrCut  = errors.New("cut the connection")
	ErrMute = errors.New("say nothing more")
)

// Result is a result of an operation. For a search, as many entries as After
// says are sent before it.
type Result struct {
	Code     int
	Text     string
	Referral []string
	After    int
	Creds    []byte // serverSaslCreds of a bind
}

// Answer is a message that the server is about to send.
type Answer struct {
	Request *Request
	N       int  // number of the message within the answer to the request, from 0
	Op      byte // tag of the operation, such as 0x64 for SearchResultEntry
	Bytes   []byte
}

// Request is a message that the server received.
type Request struct {
	Conn   int // number of the connection, from 1
	ID     int64
	Op     string // bind, unbind, search, modify, abandon, extended, unknown
	Secure bool   // it came encrypted

	Name, Password string // bind
	Mechanism      string // bind by SASL
	Token          []byte
	OID            string // extended

	Changes []Modification // modify

	Base       string // search, modify
	Scope      int
	Filter     *ber.Packet
	Attributes []string
	Controls   []string // their OIDs
	Paged      bool
	PageSize   int
	Cookie     string
	Extended   bool // names are asked for with ids
	Hex        bool // and those in hex
}

// Server is a running fake.
type Server struct {
	opts    Options
	entries []*object
	byKey   map[string]*object
	ca      *CA
	folder  string
	plain   net.Listener
	secure  net.Listener
	tls     *tls.Config

	mu       sync.Mutex
	conns    map[net.Conn]bool
	number   int
	requests []*Request
	closed   bool
	// entries and byKey change with each modify; who reads them keeps what he has.
	passwords map[string]string // by key, of what was set
	usn       int64
	wg        sync.WaitGroup
}

// New makes a server that listens nowhere: connections are given to ServeConn.
func New(opts Options) (*Server, error) {
	if opts.Domain == "" {
		opts.Domain = "DC=corp,DC=contoso,DC=example"
	}
	if opts.MaxPageSize == 0 {
		opts.MaxPageSize = 1000
	}
	if opts.MaxValRange == 0 {
		opts.MaxValRange = 1500
	}
	s := &Server{opts: opts, conns: map[net.Conn]bool{}, byKey: map[string]*object{}, passwords: map[string]string{}, usn: 1_000_000}
	accounts := map[string]string{}
	for name, password := range opts.Accounts {
		accounts[strings.ToLower(name)] = password
	}
	s.opts.Accounts = accounts
	entries := opts.Entries
	domain := false
	for _, e := range entries {
		domain = domain || source.DNKey(e.DN) == source.DNKey(opts.Domain)
	}
	if !domain {
		entries = append([]Entry{domainEntry(opts.Domain)}, entries...)
	}
	if opts.Resetters != nil {
		entries = append(slices.Clip(entries), serverEntry(opts.Domain))
	}
	for _, e := range entries {
		o := newObject(e)
		s.entries = append(s.entries, o)
		s.byKey[o.key] = o
	}
	var err error
	until := time.Now().Add(24 * time.Hour)
	if opts.Certificate.AuthorityEnded {
		until = time.Now().Add(-time.Minute)
	}
	if s.ca, err = newCA(until); err != nil {
		return nil, err
	}
	cert, err := s.ca.Issue(opts.Certificate)
	if err != nil {
		return nil, err
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: opts.MaxTLS}
	return s, nil
}

// Start runs a server on two ports of 127.0.0.1, for LDAPS and for LDAP.
func Start(opts Options) (*Server, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "ldapfake"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.CAFile(), s.ca.PEM(), 0o600); err != nil {
		return nil, err
	}
	if s.plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.wg.Go(func() { s.accept(s.plain, false) })
	s.wg.Go(func() { s.accept(s.secure, true) })
	return s, nil
}

// URL is the address for LDAPS.
func (s *Server) URL() string { return "ldaps://" + s.secure.Addr().String() }

// PlainURL is the address for LDAP, which takes a login after StartTLS only.
func (s *Server) PlainURL() string { return "ldap://" + s.plain.Addr().String() }

// CAFile is the path of the certificate that the server's is signed with.
func (s *Server) CAFile() string { return filepath.Join(s.folder, "ca.pem") }

// Requests are the messages received so far.
func (s *Server) Requests() []*Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Request(nil), s.requests...)
}

// Count says how many requests of a kind were received.
func (s *Server) Count(op string) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Op == op {
			n++
		}
	}
	return n
}

// Connections says how many connections are open now.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// CutConnections closes all connections, as a restart does.
func (s *Server) CutConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Close ends the server and all connections, and waits for it.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, l := range []net.Listener{s.plain, s.secure} {
		if l != nil {
			l.Close()
		}
	}
	s.CutConnections()
	s.wg.Wait()
	if s.folder != "" {
		os.RemoveAll(s.folder)
	}
}

func (s *Server) accept(l net.Listener, secure bool) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() {
			done := s.track(conn)
			defer done()
			if secure {
				s.serve(tls.Server(conn, s.tls), true)
			} else {
				s.serve(conn, false)
			}
		})
	}
}

// ServeConn serves one connection that counts as encrypted, until it ends.
func (s *Server) ServeConn(conn net.Conn) {
	done := s.track(conn)
	defer done()
	s.serve(conn, true)
}

func (s *Server) track(conn net.Conn) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
	}
	s.conns[conn] = true
	return func() {
		conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}
}

// session is one connection.
type session struct {
	s      *Server
	conn   net.Conn
	out    *bufio.Writer
	number int
	secure bool
	user   string // who is logged in, "" for nobody
	paged  map[string][]*object
	pages  int
	muted  bool
	sasl   SASL // of a login that has not ended
}

// serve answers one request after the other.
func (s *Server) serve(conn net.Conn, secure bool) {
	s.mu.Lock()
	s.number++
	c := &session{s: s, conn: conn, out: bufio.NewWriterSize(conn, 64<<10), number: s.number, secure: secure, paged: map[string][]*object{}}
	s.mu.Unlock()
	in := bufio.NewReader(conn)
	for {
		packet, err := ber.ReadPacket(in)
		if err != nil {
			return
		}
		r := c.parse(packet)
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		if c.muted {
			continue
		}
		switch err := c.answer(r); {
		case errors.Is(err, errStartTLS):
			if s.opts.MuteTLS {
				_, _ = io.Copy(io.Discard, conn)
				return
			}
			conn := tls.Server(c.conn, s.tls)
			c.conn, c.secure = conn, true
			in = bufio.NewReader(conn)
			c.out.Reset(conn)
		case errors.Is(err, errLayer):
			conn := c.sasl.Conn(c.conn)
			c.conn, c.secure, c.sasl = conn, true, nil
			in = bufio.NewReader(conn)
			c.out.Reset(conn)
		case errors.Is(err, ErrMute):
			c.muted = true
		case err != nil:
			return
		}
	}
}

var (
	errStartTLS = errors.New("go on with TLS")
	errLayer    = errors.New("go on with the security layer")
)

const opSearchEntry = 0x64

const (
	oidStartTLS = "1.3.6.1.4.1.1466.20037"
	oidPaging   = "1.2.840.113556.1.4.319"
	oidDomain   = "1.2.840.113556.1.4.1339"
	oidDeleted  = "1.2.840.113556.1.4.417"
	oidExtended = "1.2.840.113556.1.4.529"
)

// parse decodes a request, as far as it can be.
func (c *session) parse(p *ber.Packet) *Request {
	r := &Request{Conn: c.number, Op: "unknown", Secure: c.secure}
	if len(p.Children) < 2 {
		return r
	}
	r.ID, _ = p.Children[0].Value.(int64)
	op := p.Children[1]
	str := func(i int) string {
		if i < len(op.Children) {
			return op.Children[i].Data.String()
		}
		return ""
	}
	switch op.Tag {
	case 0:
		r.Op, r.Name, r.Password = "bind", str(1), str(2)
		if len(op.Children) > 2 && op.Children[2].Tag == 3 {
			r.Mechanism, r.Password = "unknown", ""
			for i, part := range op.Children[2].Children {
				if i == 0 {
					r.Mechanism = part.Data.String()
				} else {
					r.Token = part.Data.Bytes()
				}
			}
		}
	case 2:
		r.Op = "unbind"
	case 16:
		r.Op = "abandon"
	case 6:
		parseModify(r, op)
	case 23:
		r.Op, r.OID = "extended", str(0)
	case 3:
		if len(op.Children) != 8 {
			return r
		}
		r.Op, r.Base, r.Filter = "search", str(0), op.Children[6]
		scope, _ := op.Children[1].Value.(int64)
		r.Scope = int(scope)
		for _, a := range op.Children[7].Children {
			r.Attributes = append(r.Attributes, a.Data.String())
		}
	}
	if len(p.Children) > 2 {
		for _, control := range p.Children[2].Children {
			c.parseControl(r, control)
		}
	}
	return r
}

func (c *session) parseControl(r *Request, control *ber.Packet) {
	if len(control.Children) == 0 {
		return
	}
	oid := control.Children[0].Data.String()
	r.Controls = append(r.Controls, oid)
	value, err := ber.DecodePacketErr(control.Children[len(control.Children)-1].Data.Bytes())
	number := func() (n int64) {
		if err == nil && len(value.Children) > 0 {
			n, _ = value.Children[0].Value.(int64)
		}
		return n
	}
	switch {
	case oid == oidPaging && err == nil && len(value.Children) == 2:
		r.Paged, r.PageSize, r.Cookie = true, int(number()), value.Children[1].Data.String()
	case oid == oidExtended:
		r.Extended, r.Hex = true, number() == 0
	}
}

// answer answers a request; an error ends the connection or changes it.
func (c *session) answer(r *Request) error {
	if c.s.opts.Result != nil {
		if res := c.s.opts.Result(r); res != nil && r.Op != "search" {
			return c.send(r, 0, responseTag(r.Op), res.encode(), nil)
		}
	}
	switch r.Op {
	case "bind":
		if r.Mechanism != "" {
			return c.bindSASL(r)
		}
		return c.send(r, 0, 0x61, c.bind(r).encode(), nil)
	case "search":
		return c.search(r)
	case "modify":
		return c.send(r, 0, 0x67, c.modify(r).encode(), nil)
	case "extended":
		if r.OID != oidStartTLS || c.secure || c.s.opts.NoStartTLS {
			return c.send(r, 0, 0x78, (&Result{Code: 2, Text: "0000201F: unsupported extended operation"}).encode(), nil)
		}
		if err := c.send(r, 0, 0x78, (&Result{}).encode(), nil); err != nil {
			return err
		}
		if _, err := c.conn.Write(c.s.opts.AfterStartTLS); err != nil {
			return err
		}
		return errStartTLS
	case "abandon":
		return nil
	}
	return ErrCut
}

func responseTag(op string) byte {
	switch op {
	case "bind":
		return 0x61
	case "search":
		return 0x65
	case "modify":
		return 0x67
	}
	return 0x78
}

// bind is a simple bind as AD takes it.
func (c *session) bind(r *Request) *Result {
	c.user = ""
	name := strings.ToLower(r.Name)
	refuse := func(code string) *Result {
		return &Result{Code: 49, Text: "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " + code + ", v4563\x00"}
	}
	if !c.secure {
		return &Result{Code: 8, Text: "00002028: LdapErr: DSID-0C09023D, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection, data 0, v4563"}
	}
	if code := c.s.opts.Refuse[r.Name]; code != "" {
		return refuse(code)
	}
	if r.Password == "" || c.s.opts.Anonymous {
		return &Result{} // success, and nobody is logged in
	}
	if password, ok := c.s.opts.Accounts[name]; (!ok || password != r.Password) && !c.s.isUser(name, r.Password) {
		return refuse("52e")
	}
	c.user = name
	return &Result{}
}

// bindSASL is one step of a login by SASL.
func (c *session) bindSASL(r *Request) error {
	if c.s.opts.SASL == nil || r.Mechanism != "GSSAPI" {
		return c.send(r, 0, 0x61, (&Result{Code: 7, Text: "auth method not supported"}).encode(), nil)
	}
	if c.sasl == nil {
		c.sasl = c.s.opts.SASL()
	}
	reply, done, err := c.sasl.Step(r.Token)
	switch {
	case err != nil:
		c.sasl = nil
		return c.send(r, 0, 0x61, (&Result{Code: 49, Text: "80090308: LdapErr: DSID-0C0904D3, comment: AcceptSecurityContext error, data 57, v4563\x00"}).encode(), nil)
	case !done:
		return c.send(r, 0, 0x61, (&Result{Code: 14, Creds: reply}).encode(), nil)
	}
	c.user = "sasl"
	if err := c.send(r, 0, 0x61, (&Result{}).encode(), nil); err != nil {
		return err
	}
	return errLayer
}

// send sends one message, unless Edit changes it.
func (c *session) send(r *Request, n int, op byte, body, controls []byte) error {
	message := tlv(0x30, integer(0x02, r.ID), tlv(op, body), controls)
	var then error
	if c.s.opts.Edit != nil {
		message, then = c.s.opts.Edit(Answer{Request: r, N: n, Op: op, Bytes: message})
	}
	if _, err := c.out.Write(message); err != nil {
		return err
	}
	if op == opSearchEntry && c.s.opts.Edit == nil {
		return nil // sent together with what follows
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	return then
}

// rootDSE describes the server to the session.
func (s *Server) rootDSE(user string) Entry {
	token := []string{"\x01\x01\x00\x00\x00\x00\x00\x05\x07\x00\x00\x00"} // S-1-5-7, anonymous
	if user != "" {
		token = []string{"\x01\x01\x00\x00\x00\x00\x00\x05\x0b\x00\x00\x00"} // S-1-5-11, authenticated users
	}
	attrs := map[string][]string{
		"defaultNamingContext":    {s.opts.Domain},
		"rootDomainNamingContext": {s.opts.Domain},
		"dnsHostName":             {"dc1." + source.CanonicalPath(s.opts.Domain)},
		"currentTime":             {currentTime()},
		"supportedCapabilities":   {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670", "1.2.840.113556.1.4.1791"},
		"supportedControl":        {oidPaging, oidDomain, oidExtended},
		"supportedLDAPVersion":    {"3", "2"},
		"tokenGroups":             token,
	}
	if s.opts.Resetters != nil {
		s.mu.Lock()
		attrs["highestCommittedUSN"] = []string{strconv.FormatInt(s.usn, 10)}
		s.mu.Unlock()
		attrs["dsServiceName"] = []string{serverDN(s.opts.Domain)}
	}
	maps.Copy(attrs, s.opts.RootDSE)
	maps.DeleteFunc(attrs, func(_ string, v []string) bool { return v == nil })
	return Entry{DN: "", Attrs: attrs}
}

// String names the server in a failing test.
func (s *Server) String() string {
	return fmt.Sprintf("ldapfake with %d entries", len(s.entries))
}
