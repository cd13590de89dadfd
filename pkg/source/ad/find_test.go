package ad

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// onFind limits a fault to the question for one object.
func onFind(r *ldapfake.Request) bool { return strings.HasPrefix(r.Base, "<GUID=") }

func idOf(t testing.TB, e ldapfake.Entry) string {
	t.Helper()
	id, err := adattr.GUID([]byte(e.Attrs["objectGUID"][0]))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// find asks for a user and checks that there is an answer or an error, not both.
func find(t testing.TB, d *Directory, id string) (*source.User, error) {
	t.Helper()
	u, err := d.Find(t.Context(), id)
	if u != nil && (err != nil || u.ID != id) {
		t.Errorf("asked for %s, got %+v, %v", id, u, err)
	}
	return u, err
}

// changed is a person with some attributes replaced; nil takes one away.
func changed(n int, attrs map[string][]string) ldapfake.Entry {
	e := person(n)
	maps.Copy(e.Attrs, attrs)
	maps.DeleteFunc(e.Attrs, func(_ string, v []string) bool { return v == nil })
	return e
}

// One user is asked for by his GUID, wherever he is, and arrives as a read of all
// would have him.
func TestFind(t *testing.T) {
	outside := changed(9, map[string][]string{"proxyAddresses": {"SMTP:a@b.example", "smtp:c@d.example", "smtp:e@f.example"}})
	outside.DN = "CN=moved,OU=Leavers," + domain
	s, cfg := start(t, ldapfake.Options{Entries: append(company(3), outside), MaxValRange: 2})
	everywhere, err := read(t.Context(), open(t, cfg), source.Scope{})
	if err != nil || len(everywhere) != 4 {
		t.Fatalf("%d users, %v", len(everywhere), err)
	}
	cfg.Connection.BaseDN = "OU=Staff," + domain
	d := open(t, cfg)
	if users, err := read(t.Context(), d, source.Scope{}); err != nil || len(users) != 3 {
		t.Errorf("below the base: %d users, %v", len(users), err)
	}
	for _, want := range everywhere {
		before := len(s.Requests())
		if got, err := find(t, d, want.ID); err != nil || got == nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		r := s.Requests()[before]
		filter, err := ldap.DecompileFilter(r.Filter)
		if err != nil || r.Base != "<GUID="+want.ID+">" || r.Scope != 0 || filter != "(objectClass=*)" || !r.Secure {
			t.Errorf("%q below %q, scope %d, %v", filter, r.Base, r.Scope, err)
		}
	}
	if len(everywhere[3].Addresses) != 3 {
		t.Errorf("the values came in no ranges: %q", everywhere[3].Addresses)
	}
}

// Who was deleted is absent, and so is what is no user, as with a read of all.
func TestFindNobody(t *testing.T) {
	none := map[string]ldapfake.Entry{
		"a computer":        changed(10, map[string][]string{"sAMAccountType": {"805306369"}, "objectClass": {"top", "user", "computer"}}),
		"a trust":           changed(11, map[string][]string{"sAMAccountType": {"805306370"}}),
		"a contact":         changed(12, map[string][]string{"sAMAccountType": nil, "objectClass": {"top", "person", "contact"}}),
		"an OU":             changed(13, map[string][]string{"sAMAccountType": nil, "objectClass": {"top", "organizationalUnit"}}),
		"a deleted user":    changed(14, map[string][]string{"isDeleted": {"TRUE"}}),
		"a tombstone shown": changed(15, map[string][]string{"isDeleted": {"TRUE"}, "sAMAccountType": nil}),
	}
	entries := slices.AppendSeq(company(3), maps.Values(none))
	_, cfg := start(t, ldapfake.Options{Entries: entries, Faults: ldapfake.Faults{ShowDeleted: true}})
	_, hidden := start(t, ldapfake.Options{Entries: entries})
	for name, e := range none {
		for _, cfg := range []Config{cfg, hidden} {
			if u, err := find(t, open(t, cfg), idOf(t, e)); u != nil || err != nil {
				t.Errorf("%s: %+v, %v", name, u, err)
			}
		}
	}
	if u, err := find(t, open(t, cfg), idOf(t, person(99))); u != nil || err != nil {
		t.Errorf("an unknown GUID: %+v, %v", u, err)
	}
}

// What may not be read, is damaged or another object is never an absence.
func TestFindUnreadable(t *testing.T) {
	for name, c := range map[string]struct {
		attrs map[string][]string
		code  source.Code
	}{
		"no userAccountControl":         {map[string][]string{"userAccountControl": nil}, source.CodePermission},
		"no sAMAccountType":             {map[string][]string{"sAMAccountType": nil}, source.CodePermission},
		"nothing that says what it is":  {map[string][]string{"sAMAccountType": nil, "objectClass": {}}, source.CodePermission},
		"a SID that is none":            {map[string][]string{"objectSid": {"x"}}, source.CodeIncomplete},
		"a userAccountControl of words": {map[string][]string{"userAccountControl": {"x"}}, source.CodeIncomplete},
	} {
		e := changed(9, c.attrs)
		_, cfg := start(t, ldapfake.Options{Entries: append(company(3), e)})
		u, err := find(t, open(t, cfg), idOf(t, e))
		if u != nil {
			t.Errorf("%s: %+v", name, u)
		}
		expect(t, err, c.code)
	}
}

// What ends the question in any way but the right one is an error with a code, for
// a user who is there and for one who is not: never an absence, never somebody else.
func TestFindFaults(t *testing.T) {
	result := func(res ldapfake.Result) ldapfake.Faults {
		return ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
			if onFind(r) {
				return &res
			}
			return nil
		}}
	}
	// instead sends another message in place of the one that ends the answer.
	instead := func(message func(a ldapfake.Answer) ([]byte, error)) ldapfake.Faults {
		return ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onFind(a.Request) && a.Op == 0x65 {
				return message(a)
			}
			return a.Bytes, nil
		}}
	}
	done := func(code byte) []byte {
		return element(0x65, element(0x0a, []byte{code}), element(0x04), element(0x04))
	}
	object := func(dn string) []byte {
		return element(0x64, element(0x04, []byte(dn)), element(0x30, element(0x30, element(0x04, []byte("objectGUID")), element(0x31, element(0x04, make([]byte, 16))))))
	}
	for name, c := range map[string]struct {
		faults ldapfake.Faults
		code   source.Code
		words  string
	}{
		"referral":          {result(ldapfake.Result{Code: 10, Referral: []string{"ldap://dc9.example/DC=x"}}), source.CodeNotFound, "dc9.example"},
		"operations error":  {result(ldapfake.Result{Code: 1}), source.CodeIncomplete, "operations error"},
		"logged out":        {result(ldapfake.Result{Code: 1, Text: "000004DC: LdapErr"}), source.CodeCredentials, "anonymous"},
		"time limit":        {result(ldapfake.Result{Code: 3}), source.CodeIncomplete, "time limit exceeded"},
		"size limit":        {result(ldapfake.Result{Code: 4}), source.CodeIncomplete, "size limit exceeded"},
		"strong auth":       {result(ldapfake.Result{Code: 8}), source.CodePermission, "refuses"},
		"no such attribute": {result(ldapfake.Result{Code: 16}), source.CodeIncomplete, "no such attribute"},
		"alias problem":     {result(ldapfake.Result{Code: 33}), source.CodeIncomplete, "alias problem"},
		"no DN":             {result(ldapfake.Result{Code: 34}), source.CodeNotFound, "no DN"},
		"no right":          {result(ldapfake.Result{Code: 50}), source.CodePermission, "may not read"},
		"busy":              {result(ldapfake.Result{Code: 51}), source.CodeUnreachable, "busy"},
		"unavailable":       {result(ldapfake.Result{Code: 52}), source.CodeUnreachable, "unavailable"},
		"unwilling":         {result(ldapfake.Result{Code: 53}), source.CodeIncomplete, "unwilling"},
		"other":             {result(ldapfake.Result{Code: 80, Text: password}), source.CodeUnreachable, "other"},
		"code 288":          {result(ldapfake.Result{Code: 256 + 32}), source.CodeIncomplete, ""},
		"an empty answer":   {result(ldapfake.Result{}), source.CodePermission, "cannot read"},
		"cut before the end": {instead(func(ldapfake.Answer) ([]byte, error) {
			return nil, ldapfake.ErrCut
		}), source.CodeUnreachable, "closed the connection"},
		"cut in the end": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return a.Bytes[:len(a.Bytes)-1], ldapfake.ErrCut
		}), source.CodeUnreachable, "closed the connection"},
		"mute": {instead(func(ldapfake.Answer) ([]byte, error) {
			return nil, ldapfake.ErrMute
		}), source.CodeUnreachable, "has not answered for"},
		"wrong message id": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return envelope(a.Request.ID+1, done(32)), nil
		}), source.CodeIncomplete, "answers nothing that was asked"},
		"the id of the last question": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return envelope(a.Request.ID-1, done(32)), nil
		}), source.CodeIncomplete, "answers nothing that was asked"},
		"the end of a bind": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return envelope(a.Request.ID, element(0x61, element(0x0a, []byte{32}), element(0x04), element(0x04))), nil
		}), source.CodeIncomplete, "answers nothing that was asked"},
		"no code": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return envelope(a.Request.ID, element(0x65, element(0x0a), element(0x04), element(0x04))), nil
		}), source.CodeIncomplete, "not LDAP"},
		"notice of disconnection": {instead(func(ldapfake.Answer) ([]byte, error) {
			return envelope(0, element(0x78, element(0x0a, []byte{32}), element(0x04), element(0x04))), ldapfake.ErrCut
		}), source.CodeUnreachable, "ended the connection"},
		"an object and none": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return append(envelope(a.Request.ID, object("CN=x")), envelope(a.Request.ID, done(32))...), nil
		}), source.CodeIncomplete, "contradicts itself"},
		"a reference and none": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return append(envelope(a.Request.ID, element(0x73, element(0x04, []byte("ldap://dc9.example/")))), envelope(a.Request.ID, done(32))...), nil
		}), source.CodeIncomplete, "contradicts itself"},
		"a reference": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return append(envelope(a.Request.ID, element(0x73, element(0x04, []byte("ldap://dc9.example/")))), envelope(a.Request.ID, done(0))...), nil
		}), source.CodeIncomplete, "contradicts itself"},
		"two objects": {instead(func(a ldapfake.Answer) ([]byte, error) {
			return slices.Concat(envelope(a.Request.ID, object("CN=x")), envelope(a.Request.ID, object("CN=y")), envelope(a.Request.ID, done(0))), nil
		}), source.CodeIncomplete, "contradicts itself"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, who := range []ldapfake.Entry{person(1), person(99)} {
				_, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: c.faults})
				if name == "mute" {
					cfg.Timeouts.Answer = short.Answer
				}
				u, err := find(t, open(t, cfg), idOf(t, who))
				if u != nil {
					t.Errorf("found %+v", u)
				}
				expect(t, err, c.code, c.words)
			}
		})
	}

	// One object, and another than was asked for.
	_, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: instead(func(a ldapfake.Answer) ([]byte, error) {
		return append(envelope(a.Request.ID, object("CN=somebody else")), envelope(a.Request.ID, done(0))...), nil
	})})
	u, err := find(t, open(t, cfg), idOf(t, person(99)))
	if u != nil {
		t.Errorf("found %+v", u)
	}
	expect(t, err, source.CodeIncomplete, "somebody else")
}

// After a failure the connection tells no absences.
func TestFindOnClosedConnection(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(3)})
	d := open(t, cfg)
	s.CutConnections()
	waitFor(t, d.conn.IsClosing)
	for range 2 {
		u, err := find(t, d, idOf(t, person(99)))
		if u != nil {
			t.Errorf("found %+v", u)
		}
		expect(t, err, source.CodeUnreachable, "closed the connection")
	}
}

// A command that may take no longer gets no absence.
func TestFindCancelled(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
		if onFind(a.Request) {
			return nil, ldapfake.ErrMute
		}
		return a.Bytes, nil
	}}})
	d := open(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	u, err := d.Find(ctx, idOf(t, person(99)))
	if u != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v, %v", u, err)
	}
}

// Reads and questions at once on one connection do not disturb each other.
func TestFindWhileReading(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(50), MaxPageSize: 5})
	d := open(t, cfg)
	n := 0
	for u, err := range d.Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if found, err := find(t, d, u.ID); err != nil || found == nil || found.DN != u.DN {
			t.Fatalf("%+v, %v", found, err)
		}
		if found, err := find(t, d, fmt.Sprintf("%08d-0000-4000-8000-000000000000", n)); found != nil || err != nil {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	if n != 50 {
		t.Errorf("%d users", n)
	}
}
