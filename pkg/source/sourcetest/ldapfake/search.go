package ldapfake

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/qpimport/qpimport/pkg/source"
)

// object is an entry as it is stored: attributes can be found in any case.
type object struct {
	dn    string
	key   string // source.DNKey of the DN
	guid  string // dashed, "" where the objectGUID is none
	trash bool   // it was deleted
	names []string
	attrs map[string]attribute // by lower-case name
}

type attribute struct {
	name   string
	values []string
}

func newObject(e Entry) *object {
	o := &object{dn: e.DN, key: source.DNKey(e.DN), attrs: map[string]attribute{}}
	for name, values := range e.Attrs {
		o.attrs[strings.ToLower(name)] = attribute{name, values}
		o.names = append(o.names, strings.ToLower(name))
	}
	sort.Strings(o.names)
	if raw := o.attrs["objectguid"].values; len(raw) == 1 && len(raw[0]) == 16 {
		o.guid = dashed(raw[0])
	}
	deleted := o.attrs["isdeleted"].values
	o.trash = len(deleted) == 1 && deleted[0] == "TRUE"
	return o
}

// dashed writes an objectGUID as MS-DTYP does in braces.
func dashed(raw string) string {
	b := []byte(raw)
	order := []int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	var h string
	for i, from := range order {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			h += "-"
		}
		h += hex.EncodeToString(b[from : from+1])
	}
	return h
}

func currentTime() string { return time.Now().UTC().Format("20060102150405.0Z") }

// domainEntry is the root of a domain, with the well-known containers that
// tests use.
func domainEntry(dn string) Entry {
	return Entry{DN: dn, Attrs: map[string][]string{
		"objectClass": {"top", "domain", "domainDNS"},
		"objectGUID":  {"domain-root-guid"},
		"objectSid":   {"\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"},
		"name":        {strings.SplitN(source.CanonicalPath(dn), ".", 2)[0]},
		"wellKnownObjects": {
			"B:32:A9D1CA15768811D1ADED00C04FD8D5CD:CN=Users," + dn,
			"B:32:AA312825768811D1ADED00C04FD8D5CD:CN=Computers," + dn,
			"B:32:A361B2FFFFD211D1AA4B00C04FD7D83A:OU=Domain Controllers," + dn,
			"B:32:AB1D30F3768811D1ADED00C04FD8D5CD:CN=System," + dn,
		},
		"otherWellKnownObjects": {"B:32:1EB93889E40C45DF9F0C64D23BBB6237:CN=Managed Service Accounts," + dn},
	}}
}

// search answers a search request.
func (c *session) search(r *Request) error {
	n := 0
	send := func(op byte, body, controls []byte) error {
		err := c.send(r, n, op, body, controls)
		n++
		return err
	}
	done := func(res Result, controls []byte) error {
		return send(0x65, res.encode(), controls)
	}

	if r.Base == "" && r.Scope == 0 {
		if err := send(opSearchEntry, c.entry(r, newObject(c.s.rootDSE(c.user))), nil); err != nil {
			return err
		}
		return done(Result{}, nil)
	}
	if c.user == "" {
		return done(Result{Code: 1, Text: "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563"}, nil)
	}
	var found []*object
	var refused *Result
	if r.Cookie == "" || c.s.opts.RepeatPage { // else the search was made already
		found, refused = c.find(r)
	}
	var result Result
	var controls []byte
	if refused != nil {
		result = *refused
	} else {
		found, result, controls = c.page(r, found)
	}
	if c.s.opts.Result != nil {
		if res := c.s.opts.Result(r); res != nil {
			result, controls = *res, nil
			found = found[:min(len(found), res.After)]
		}
	}
	for _, o := range found {
		if err := send(opSearchEntry, c.entry(r, o), nil); err != nil {
			return err
		}
	}
	if refused == nil && c.refers(r) {
		for _, other := range []string{"CN=Configuration,", "DC=DomainDnsZones,", "DC=ForestDnsZones,"} {
			uri := "ldap://" + source.CanonicalPath(c.s.opts.Domain) + "/" + other + c.s.opts.Domain
			if err := send(0x73, tlv(0x04, []byte(uri)), nil); err != nil {
				return err
			}
		}
	}
	return done(result, controls)
}

// refers says whether AD would name the other partitions: at the top of the
// domain, unless it is asked not to.
func (c *session) refers(r *Request) bool {
	for _, oid := range r.Controls {
		if oid == oidDomain {
			return false
		}
	}
	return r.Scope == 2 && source.DNKey(r.Base) == source.DNKey(c.s.opts.Domain)
}

// find looks for the objects of a search, in the order of the entries.
func (c *session) find(r *Request) ([]*object, *Result) {
	base, refused := c.base(r)
	if refused != nil {
		return nil, refused
	}
	var found []*object
	for _, o := range c.s.objects() {
		parent := source.ParentDN(o.key)
		inside := o.key == base.key
		switch r.Scope {
		case 1:
			inside = parent == base.key
		case 2:
			inside = inside || strings.HasSuffix(o.key, ","+base.key)
		}
		if !inside || !c.shows(r, o) {
			continue
		}
		match, err := matches(r.Filter, o)
		if err != nil {
			return nil, &Result{Code: 53, Text: err.Error()}
		}
		if match {
			found = append(found, o)
		}
	}
	return found, nil
}

// shows says whether an object is there for a request: what was deleted is only
// where that is asked for.
func (c *session) shows(r *Request, o *object) bool {
	return !o.trash || c.s.opts.ShowDeleted || slices.Contains(r.Controls, oidDeleted)
}

// guidBase is the form of a base that names an object by its GUID.
var guidBase = regexp.MustCompile(`(?i)^<GUID=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})>$`)

// base finds the object that a search starts from, by DN or by <GUID=…>.
func (c *session) base(r *Request) (*object, *Result) {
	dn := r.Base
	if guid := guidBase.FindStringSubmatch(dn); guid != nil {
		for _, o := range c.s.objects() {
			if o.guid == strings.ToLower(guid[1]) && c.shows(r, o) {
				return o, nil
			}
		}
		return nil, &Result{Code: 32, Text: "0000208D: NameErr: DSID-0310028D, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''\n"}
	}
	if _, err := source.ParseDN(dn); err != nil {
		return nil, &Result{Code: 34, Text: "0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:\n\t''\n"}
	}
	key, domain := source.DNKey(dn), source.DNKey(c.s.opts.Domain)
	if o := c.s.object(key); o != nil && c.shows(r, o) {
		return o, nil
	}
	if key != domain && !strings.HasSuffix(key, ","+domain) {
		return nil, &Result{Code: 10, Text: "0000202B: RefErr: DSID-0310084A, data 0, 1 access points\n\tref 1: 'other.example'\n", Referral: []string{"ldap://other.example/" + dn}}
	}
	return nil, &Result{Code: 32, Text: "0000208D: NameErr: DSID-0310028D, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'" + c.s.opts.Domain + "'\n"}
}

// page takes from the result what goes into one answer. A cookie is good on its
// own connection, once.
func (c *session) page(r *Request, found []*object) ([]*object, Result, []byte) {
	limit := c.s.opts.MaxPageSize
	if !r.Paged {
		if len(found) > limit {
			return found[:limit], Result{Code: 4, Text: "00002023: SvcErr: DSID-031401E7, problem 5003 (WILL_NOT_PERFORM), data 0"}, nil
		}
		return found, Result{}, nil
	}
	if r.Cookie != "" && !c.s.opts.RepeatPage {
		rest, ok := c.paged[r.Cookie]
		if !ok {
			return nil, Result{Code: 53, Text: "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0"}, nil
		}
		delete(c.paged, r.Cookie)
		found = rest
	}
	if r.PageSize == 0 { // the search is given up
		return nil, Result{}, pagingControl("")
	}
	size := min(limit, r.PageSize)
	cookie := ""
	if c.s.opts.EndlessPages {
		size = 0
	}
	if len(found) > size || c.s.opts.RepeatPage || c.s.opts.EndlessPages {
		size = min(size, len(found))
		c.pages++
		cookie = fmt.Sprintf("cookie %d of connection %d", c.pages, c.number)
		if c.s.opts.SameCookie || c.s.opts.RepeatPage {
			cookie = fmt.Sprintf("the cookie of connection %d", c.number)
		}
		c.paged[cookie] = found[size:]
		found = found[:size]
	}
	if c.s.opts.NoPaging {
		return found, Result{}, nil
	}
	return found, Result{}, pagingControl(cookie)
}

func pagingControl(cookie string) []byte {
	value := tlv(0x30, integer(0x02, 0), tlv(0x04, []byte(cookie)))
	return tlv(0xa0, tlv(0x30, tlv(0x04, []byte(oidPaging)), tlv(0x04, value)))
}

// entry encodes a SearchResultEntry with the attributes that were asked for.
func (c *session) entry(r *Request, o *object) []byte {
	var attributes []byte
	add := func(name string, values []string) {
		var set []byte
		for _, v := range values {
			if isDN(name) {
				v = c.name(r, v)
			}
			set = append(set, tlv(0x04, []byte(v))...)
		}
		attributes = append(attributes, tlv(0x30, tlv(0x04, []byte(name)), tlv(0x31, set))...)
	}
	all := len(r.Attributes) == 0
	for _, asked := range r.Attributes {
		name, option, _ := strings.Cut(asked, ";")
		if name == "*" {
			all = true
			continue
		}
		a, ok := o.attrs[strings.ToLower(name)]
		if !ok {
			continue
		}
		low, limit, ranged := parseRange(option, c.s.opts.MaxValRange)
		switch {
		case !ranged && len(a.values) <= limit:
			add(a.name, a.values)
		case !ranged:
			add(a.name, nil)
			fallthrough
		default:
			if low >= len(a.values) {
				continue
			}
			high, end := low+limit, strconv.Itoa(low+limit-1)
			if high >= len(a.values) {
				high, end = len(a.values), "*"
			}
			add(fmt.Sprintf("%s;range=%d-%s", a.name, low, end), a.values[low:high])
		}
	}
	if all {
		for _, name := range o.names {
			add(o.attrs[name].name, o.attrs[name].values)
		}
	}
	return append(tlv(0x04, []byte(c.name(r, o.dn))), tlv(0x30, attributes)...)
}

// isDN knows the attributes of the syntax DN, whatever range of them it is.
func isDN(name string) bool {
	name, _, _ = strings.Cut(strings.ToLower(name), ";")
	switch name {
	case "member", "memberof", "manager", "distinguishedname":
		return true
	}
	return false
}

// name is a DN as a request wants it. A value of an entry may be in the extended form
// itself, as of an object in another domain, of which a server knows no more.
func (c *session) name(r *Request, dn string) string {
	if strings.HasPrefix(dn, "<GUID=") {
		if r.Extended && !c.s.opts.NoExtendedDN {
			return dn
		}
		return dn[strings.LastIndex(dn, ">;")+2:]
	}
	o := c.s.byKey[source.DNKey(dn)]
	if !r.Extended || c.s.opts.NoExtendedDN || o == nil || o.guid == "" {
		return dn
	}
	guid, sid := o.guid, ""
	if raw := o.attrs["objectsid"].values; len(raw) == 1 {
		sid = sidText(raw[0])
		if r.Hex {
			sid = hex.EncodeToString([]byte(raw[0]))
		}
		sid = "<SID=" + sid + ">;"
	}
	if r.Hex {
		guid = hex.EncodeToString([]byte(o.attrs["objectguid"].values[0]))
	}
	return "<GUID=" + guid + ">;" + sid + dn
}

// sidText writes a SID of at least one part as MS-DTYP does.
func sidText(raw string) string {
	b := []byte(raw)
	s := fmt.Sprintf("S-%d-%d", b[0], b[7])
	for i := 8; i+4 <= len(b); i += 4 {
		s += fmt.Sprintf("-%d", uint32(b[i])|uint32(b[i+1])<<8|uint32(b[i+2])<<16|uint32(b[i+3])<<24)
	}
	return s
}

// parseRange reads the option range=1500-* or range=1500-1999, of at most as many values
// as the server gives at once.
func parseRange(option string, most int) (low, limit int, ok bool) {
	text, ok := strings.CutPrefix(strings.ToLower(option), "range=")
	if !ok {
		return 0, most, false
	}
	from, to, _ := strings.Cut(text, "-")
	low, err := strconv.Atoi(from)
	if high, err := strconv.Atoi(to); err == nil {
		most = min(most, high-low+1)
	}
	return low, most, err == nil
}

// matches evaluates a filter: and, or, not, equality, presence and the bit rule
// of AD. AD knows more; the others are an error.
func matches(f *ber.Packet, o *object) (bool, error) {
	switch {
	case f.ClassType != ber.ClassContext:
		return false, fmt.Errorf("not a filter")
	case f.Tag == 0 || f.Tag == 1:
		result := f.Tag == 0
		for _, child := range f.Children {
			m, err := matches(child, o)
			if err != nil {
				return false, err
			}
			if f.Tag == 0 {
				result = result && m
			} else {
				result = result || m
			}
		}
		return result, nil
	case f.Tag == 2 && len(f.Children) == 1:
		m, err := matches(f.Children[0], o)
		return !m, err
	case f.Tag == 3 && len(f.Children) == 2:
		name, value := strings.ToLower(f.Children[0].Data.String()), f.Children[1].Data.String()
		for _, v := range o.attrs[name].values {
			if v == value || !isBinary(name) && strings.EqualFold(v, value) {
				return true, nil
			}
		}
		return false, nil
	case f.Tag == 4 && len(f.Children) == 2:
		return beginsWith(f, o)
	case f.Tag == 5 && len(f.Children) == 2:
		return matchesOrder(f, o)
	case f.Tag == 7:
		_, ok := o.attrs[strings.ToLower(f.Data.String())]
		return ok, nil
	case f.Tag == 9:
		return matchesBits(f, o)
	}
	return false, fmt.Errorf("a filter of kind %d is not implemented", f.Tag)
}

func isBinary(name string) bool { return name == "objectguid" || name == "objectsid" }

// matchesBits is the rule 1.2.840.113556.1.4.803: all bits are set.
func matchesBits(f *ber.Packet, o *object) (bool, error) {
	var rule, name, value string
	for _, child := range f.Children {
		switch child.Tag {
		case 1:
			rule = child.Data.String()
		case 2:
			name = strings.ToLower(child.Data.String())
		case 3:
			value = child.Data.String()
		}
	}
	if rule != "1.2.840.113556.1.4.803" {
		return false, fmt.Errorf("the matching rule %q is not implemented", rule)
	}
	want, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return false, err
	}
	for _, v := range o.attrs[name].values {
		if have, err := strconv.ParseInt(v, 10, 64); err == nil && have&want == want {
			return true, nil
		}
	}
	return false, nil
}

// encode writes an LDAPResult.
func (res *Result) encode() []byte {
	body := append(integer(0x0a, int64(res.Code)), tlv(0x04)...)
	body = append(body, tlv(0x04, []byte(res.Text))...)
	if len(res.Referral) > 0 {
		var uris []byte
		for _, uri := range res.Referral {
			uris = append(uris, tlv(0x04, []byte(uri))...)
		}
		body = append(body, tlv(0xa3, uris)...)
	}
	if res.Creds != nil {
		body = append(body, tlv(0x87, res.Creds)...)
	}
	return body
}

// tlv encodes an element. Constructed ones get a length of four bytes whatever
// they hold, as AD writes it.
func tlv(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := make([]byte, 0, n+6)
	switch {
	case tag&0x20 != 0 || n > 0xffff:
		out = append(out, tag, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	case n > 0xff:
		out = append(out, tag, 0x82, byte(n>>8), byte(n))
	case n > 0x7f:
		out = append(out, tag, 0x81, byte(n))
	default:
		out = append(out, tag, byte(n))
	}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// integer encodes a small number of at least 0.
func integer(tag byte, v int64) []byte {
	digits := []byte{byte(v)}
	for v >>= 8; v > 0; v >>= 8 {
		digits = append([]byte{byte(v)}, digits...)
	}
	if digits[0]&0x80 != 0 {
		digits = append([]byte{0}, digits...)
	}
	return tlv(tag, digits)
}

// SearchEntry is the answer to a search that consists of an entry, as it is sent.
func SearchEntry(id int64, e Entry) []byte {
	var attributes []byte
	for name, values := range e.Attrs {
		var set []byte
		for _, v := range values {
			set = append(set, tlv(0x04, []byte(v))...)
		}
		attributes = append(attributes, tlv(0x30, tlv(0x04, []byte(name)), tlv(0x31, set))...)
	}
	return tlv(0x30, integer(0x02, id), tlv(opSearchEntry, tlv(0x04, []byte(e.DN)), tlv(0x30, attributes)))
}
