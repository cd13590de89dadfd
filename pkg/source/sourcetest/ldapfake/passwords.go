package ldapfake

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/qpimport/qpimport/pkg/source"
)

// Rights are what a bind name may do with users' passwords.
type Rights struct {
	Reset, MustChange, Unlock bool
	// Unexpire is the right Unexpire-Password on the domain: without it a password that
	// is reset has to be changed at once (MS-SAMR 3.1.1.8.7).
	Unexpire bool
}

// AllRights are those of an administrator.
var AllRights = Rights{Reset: true, MustChange: true, Unlock: true, Unexpire: true}

// Modification is one change of a modify request.
type Modification struct {
	Op     int // 0 add, 1 delete, 2 replace
	Name   string
	Values []string
}

// parseModify reads the DN and the changes of a modify request.
func parseModify(r *Request, op *ber.Packet) {
	if len(op.Children) != 2 {
		return
	}
	r.Op, r.Base = "modify", op.Children[0].Data.String()
	for _, change := range op.Children[1].Children {
		if len(change.Children) != 2 || len(change.Children[1].Children) != 2 {
			continue
		}
		kind, _ := change.Children[0].Value.(int64)
		m := Modification{Op: int(kind), Name: change.Children[1].Children[0].Data.String()}
		for _, v := range change.Children[1].Children[1].Children {
			m.Values = append(m.Values, v.Data.String())
		}
		r.Changes = append(r.Changes, m)
	}
}

// Where the id of the server's database is kept.
func serverDN(domain string) string {
	return "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration," + domain
}

func serverEntry(domain string) Entry {
	return Entry{DN: serverDN(domain), Attrs: map[string][]string{
		"objectClass": {"top", "nTDSDSA"}, "objectGUID": {"the-ntds-setting"}, "invocationId": {"invocation-id-01"},
	}}
}

// objects are those that the server holds now.
func (s *Server) objects() []*object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries
}

func (s *Server) object(key string) *object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byKey[key]
}

// Password is what was set for a user, by DN; "" for nothing.
func (s *Server) Password(dn string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords[source.DNKey(dn)]
}

// isUser says whether a user whose password was set logs in with it.
func (s *Server) isUser(name, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, set := range s.passwords {
		if o := s.byKey[key]; o != nil && set == password && strings.EqualFold(first(o, "userprincipalname"), name) {
			return true
		}
	}
	return false
}

// Change alters attributes of an object, as somebody else may at any time; nil takes
// one away. With unicodePwd, in clear, it sets a password.
func (s *Server) Change(dn string, attrs map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byKey[source.DNKey(dn)]
	password, reset := attrs["unicodePwd"]
	next := o.with(attrs, "unicodePwd")
	if reset {
		s.passwords[o.key] = password[0]
		next = s.stamp(next, time.Now())
	}
	s.replace(o, s.count(next))
}

// Add makes an object.
func (s *Server) Add(e Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.count(newObject(e))
	s.entries, s.byKey[o.key] = append(slices.Clone(s.entries), o), o
}

// Rename moves an object to another DN; "" deletes it.
func (s *Server) Rename(dn, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byKey[source.DNKey(dn)]
	delete(s.byKey, o.key)
	if to == "" {
		s.entries = slices.DeleteFunc(slices.Clone(s.entries), func(x *object) bool { return x == o })
		return
	}
	next := o.with(nil)
	next.dn, next.key = to, source.DNKey(to)
	s.replace(o, next)
}

// with is a copy with other attributes, but for those that are left out.
func (o *object) with(attrs map[string][]string, except ...string) *object {
	all := map[string][]string{}
	for _, a := range o.attrs {
		all[a.name] = a.values
	}
	for name, values := range attrs {
		if slices.Contains(except, name) {
			continue
		}
		if old, ok := o.attrs[strings.ToLower(name)]; ok {
			delete(all, old.name)
		}
		if values != nil {
			all[name] = values
		}
	}
	return newObject(Entry{DN: o.dn, Attrs: all})
}

func (s *Server) replace(o, next *object) {
	s.entries = slices.Clone(s.entries)
	s.entries[slices.Index(s.entries, o)] = next
	s.byKey[next.key] = next
}

// count gives an object the next update sequence number.
func (s *Server) count(o *object) *object {
	s.usn++
	return o.with(map[string][]string{"uSNChanged": {strconv.FormatInt(s.usn, 10)}})
}

// stamp notes that the password of an object was set.
func (s *Server) stamp(o *object, at time.Time) *object {
	const attid, header, entry = 0x9005A, 16, 48
	version := uint32(0)
	if old := o.attrs["replpropertymetadata"].values; len(old) == 1 && len(old[0]) >= header+entry {
		version = binary.LittleEndian.Uint32([]byte(old[0][header+4:]))
	}
	meta := make([]byte, header+entry)
	le := binary.LittleEndian
	le.PutUint32(meta, 1)
	le.PutUint32(meta[8:], 1)
	at64 := uint64(at.Unix() + 11644473600)
	le.PutUint32(meta[header:], attid)
	le.PutUint32(meta[header+4:], version+1)
	le.PutUint64(meta[header+8:], at64)
	le.PutUint64(meta[header+32:], uint64(s.usn+1))
	le.PutUint64(meta[header+40:], uint64(s.usn+1))
	ticks := (at.Unix()+11644473600)*1e7 + int64(at.Nanosecond()/100)
	return o.with(map[string][]string{"replPropertyMetaData": {string(meta)}, "pwdLastSet": {strconv.FormatInt(ticks, 10)}})
}

// modify sets a password, as AD takes it; nothing else can be modified.
func (c *session) modify(r *Request) *Result {
	if c.user == "" {
		return &Result{Code: 1, Text: "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563"}
	}
	if !c.secure {
		return &Result{Code: 53, Text: "0000001F: SvcErr: DSID-031A126C, problem 5003 (WILL_NOT_PERFORM), data 0"}
	}
	o, refused := c.base(r)
	if refused != nil {
		return refused
	}
	rights := c.s.opts.Resetters[c.user]
	denied := &Result{Code: 50, Text: "00000005: SecErr: DSID-031A11EF, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0"}
	if !rights.Reset {
		return denied
	}
	attrs := map[string][]string{}
	password, mustChange, unlock := "", false, false
	for _, m := range r.Changes {
		if m.Op != 2 || len(m.Values) != 1 {
			return &Result{Code: 53, Text: "00002077: SvcErr: DSID-03190F4C, problem 5003 (WILL_NOT_PERFORM), data 0"}
		}
		switch value := m.Values[0]; strings.ToLower(m.Name) {
		case "unicodepwd":
			var ok bool
			if password, ok = quoted(value); !ok {
				return &Result{Code: 53, Text: "0000001F: SvcErr: DSID-031A126C, problem 5003 (WILL_NOT_PERFORM), data 0"}
			}
		case "pwdlastset":
			if mustChange = value == "0"; !mustChange || !rights.MustChange {
				return denied
			}
		case "lockouttime":
			if unlock = value == "0"; !unlock || !rights.Unlock {
				return denied
			}
		default:
			return denied
		}
	}
	if n, _ := strconv.Atoi(first(c.s.object(source.DNKey(c.s.opts.Domain)), "minpwdlength")); len([]rune(password)) < n {
		return &Result{Code: 19, Text: "0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n"}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	next := c.s.stamp(o, time.Now())
	if mustChange || !rights.Unexpire {
		attrs["pwdLastSet"] = []string{"0"}
	}
	if unlock {
		attrs["lockoutTime"], attrs["msDS-User-Account-Control-Computed"] = []string{"0"}, []string{"0"}
	}
	c.s.passwords[o.key] = password
	c.s.replace(o, c.s.count(next.with(attrs)))
	return &Result{}
}

func first(o *object, name string) string {
	if o == nil || len(o.attrs[name].values) == 0 {
		return ""
	}
	return o.attrs[name].values[0]
}

// quoted takes a password out of the form of unicodePwd: in quotes, UTF-16.
func quoted(value string) (string, bool) {
	if len(value)%2 != 0 || len(value) < 6 {
		return "", false
	}
	units := make([]uint16, len(value)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16([]byte(value[2*i:]))
	}
	text := string(utf16.Decode(units))
	inner, ok := strings.CutPrefix(text, `"`)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(inner, `"`)
}

// matchesOrder is the filter >= on whole numbers.
func matchesOrder(f *ber.Packet, o *object) (bool, error) {
	name, value := strings.ToLower(f.Children[0].Data.String()), f.Children[1].Data.String()
	want, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return false, fmt.Errorf("%s>=%s is not implemented", name, value)
	}
	for _, v := range o.attrs[name].values {
		if have, err := strconv.ParseInt(v, 10, 64); err == nil && have >= want {
			return true, nil
		}
	}
	return false, nil
}

// beginsWith is the filter name=VALUE*.
func beginsWith(f *ber.Packet, o *object) (bool, error) {
	parts := f.Children[1].Children
	if len(parts) != 1 || parts[0].Tag != 0 {
		return false, fmt.Errorf("a filter by parts other than the first is not implemented")
	}
	for _, v := range o.attrs[strings.ToLower(f.Children[0].Data.String())].values {
		if strings.HasPrefix(strings.ToLower(v), strings.ToLower(parts[0].Data.String())) {
			return true, nil
		}
	}
	return false, nil
}
