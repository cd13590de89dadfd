package ad

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

const canary = "canary-Pa55word-new"

// startResets serves a company whose passwords the bind account may set.
func startResets(t *testing.T, n int, o ldapfake.Options) (*ldapfake.Server, Config) {
	t.Helper()
	o.Entries = append(o.Entries, company(n)...)
	if o.Resetters == nil {
		o.Resetters = map[string]ldapfake.Rights{account: ldapfake.AllRights}
	}
	s, cfg := start(t, o)
	cfg.Connection.Role = source.RoleReset
	return s, cfg
}

func openResetter(t *testing.T, cfg Config) *Resetter {
	t.Helper()
	r, err := OpenResetter(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func state(t *testing.T, r *Resetter, id string) *source.PasswordState {
	t.Helper()
	s, err := r.Password(t.Context(), id)
	if err != nil || s == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	return s
}

func newPassword(p string) source.NewPassword {
	return source.NewPassword{Password: source.NewSecret(p)}
}

// A password is set by one modify request that names the object by its GUID, and what
// is set is read back.
func TestSetPassword(t *testing.T) {
	s, cfg := startResets(t, 2, ldapfake.Options{})
	r := openResetter(t, cfg)
	one := person(1)
	id := idOf(t, one)
	before := state(t, r, id)
	if err := r.SetPassword(t.Context(), id, newPassword(canary)); err != nil {
		t.Fatal(err)
	}
	after := state(t, r, id)
	if s.Password(one.DN) != canary || after.Mark.Version != 1 || after.MustChange != source.No || before.Mark.Moved(after.Mark) == source.No {
		t.Errorf("%q, %+v, before %+v", s.Password(one.DN), after, before)
	}
	if err := r.SetPassword(t.Context(), id, source.NewPassword{Password: source.NewSecret(canary + "2"), MustChange: true, Unlock: true}); err != nil {
		t.Fatal(err)
	}
	last := state(t, r, id)
	if last.MustChange != source.Yes || !last.Mark.At.IsZero() || after.Mark.Moved(last.Mark) != source.Yes {
		t.Errorf("%+v", last)
	}
	var bases []string
	for _, q := range s.Requests() {
		if q.Op == "modify" {
			bases = append(bases, q.Base)
		}
	}
	if len(bases) != 2 || bases[0] != "<GUID="+id+">" {
		t.Errorf("%q", bases)
	}

	// Renamed meanwhile it is the same one, gone it is nobody.
	s.Rename(one.DN, "CN=Another,"+domain)
	if err := r.SetPassword(t.Context(), id, newPassword(canary)); err != nil {
		t.Error(err)
	}
	s.Rename("CN=Another,"+domain, "")
	expect(t, r.SetPassword(t.Context(), id, newPassword(canary)), source.CodeNotFound, "no longer in the directory")
	if got, err := r.Password(t.Context(), id); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A connection that reads never lets a request out that modifies.
func TestReadersCannotWrite(t *testing.T) {
	s, cfg := startResets(t, 2, ldapfake.Options{})
	reader := cfg
	reader.Connection.Role = ""
	if _, err := OpenResetter(t.Context(), reader); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("%v", err)
	}
	d := open(t, reader)
	for _, write := range map[string]func() error{
		"modify": func() error {
			req := ldap.NewModifyRequest(person(1).DN, nil)
			req.Replace("description", []string{"x"})
			return d.conn.Modify(req)
		},
		"delete": func() error { return d.conn.Del(ldap.NewDelRequest(person(1).DN, nil)) },
	} {
		if err := write(); err == nil {
			t.Error("it was sent")
		}
	}
	if n := s.Count("modify") + s.Count("unknown"); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
	// Nor does the one that sets passwords delete anything.
	r := openResetter(t, cfg)
	if err := r.conn.Del(ldap.NewDelRequest(person(1).DN, nil)); err == nil || s.Count("unknown") != 0 {
		t.Errorf("%v", err)
	}
}

// What AD refuses is said in words, and nothing the server says is repeated.
func TestSetPasswordRefused(t *testing.T) {
	id := idOf(t, person(1))
	base := map[string][]string{"objectClass": {"top", "domainDNS"}, "objectGUID": {"domain-root-guid"}, "minPwdLength": {"12"}, "pwdProperties": {"1"},
		"objectSid": {"\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"}}
	root := []ldapfake.Entry{{DN: domain, Attrs: base}}
	for name, c := range map[string]struct {
		rights   ldapfake.Rights
		password source.NewPassword
		result   *ldapfake.Result
		code     source.Code
		text     string
	}{
		"policy":           {ldapfake.AllRights, newPassword("canary-7"), nil, source.CodePasswordRefused, "0000052D"},
		"no right":         {ldapfake.Rights{MustChange: true}, newPassword(canary), nil, source.CodePermission, "00000005"},
		"no must-change":   {ldapfake.Rights{Reset: true}, source.NewPassword{Password: source.NewSecret(canary), MustChange: true}, nil, source.CodePermission, "may not set"},
		"global catalog":   {ldapfake.AllRights, newPassword(canary), &ldapfake.Result{Code: 53, Text: "00002035: modify forbidden on global catalog port canary"}, source.CodePermission, "unwilling"},
		"read-only server": {ldapfake.AllRights, newPassword(canary), &ldapfake.Result{Code: 10, Referral: []string{"ldap://dc2.corp.contoso.example/x"}}, source.CodePermission, "takes no changes; it names dc2.corp.contoso.example"},
		"busy":             {ldapfake.AllRights, newPassword(canary), &ldapfake.Result{Code: 51, Text: "canary"}, source.CodeUnreachable, "cannot answer now"},
		"fails inside":     {ldapfake.AllRights, newPassword(canary), &ldapfake.Result{Code: 80, Text: "canary"}, source.CodeOutcomeUnknown, "nobody knows whether"},
		"out of time":      {ldapfake.AllRights, newPassword(canary), &ldapfake.Result{Code: 3, Text: "canary"}, source.CodeOutcomeUnknown, "nobody knows whether"},
		"empty":            {ldapfake.AllRights, newPassword(""), nil, source.CodePasswordRefused, "is empty"},
		"too long":         {ldapfake.AllRights, newPassword(strings.Repeat("x", 257)), nil, source.CodePasswordRefused, "longer than 256"},
		"control":          {ldapfake.AllRights, newPassword("canary-\x00-Pa55word"), nil, source.CodePasswordRefused, "control character"},
		"no text":          {ldapfake.AllRights, newPassword("canary-\xff-Pa55word"), nil, source.CodePasswordRefused, "not text"},
	} {
		t.Run(name, func(t *testing.T) {
			o := ldapfake.Options{Entries: root, Resetters: map[string]ldapfake.Rights{account: c.rights}}
			o.Result = func(r *ldapfake.Request) *ldapfake.Result {
				if r.Op == "modify" {
					return c.result
				}
				return nil
			}
			s, cfg := startResets(t, 2, o)
			r := openResetter(t, cfg)
			err := r.SetPassword(t.Context(), id, c.password)
			expect(t, err, c.code, c.text)
			if strings.Contains(err.Error(), "canary") || s.Password(person(1).DN) != "" {
				t.Errorf("%q, %v", s.Password(person(1).DN), err)
			}
		})
	}
}

// Where the answer is lost nobody knows, whether the password was set or not.
func TestSetPasswordUnanswered(t *testing.T) {
	id := idOf(t, person(1))
	for name, c := range map[string]struct {
		options func(*ldapfake.Options)
		done    bool
	}{
		"cut after": {func(o *ldapfake.Options) {
			o.Edit = func(a ldapfake.Answer) ([]byte, error) {
				if a.Op == 0x67 {
					return nil, ldapfake.ErrCut
				}
				return a.Bytes, nil
			}
		}, true},
		"mute": {func(o *ldapfake.Options) {
			o.Edit = func(a ldapfake.Answer) ([]byte, error) {
				if a.Op == 0x67 {
					return nil, ldapfake.ErrMute
				}
				return a.Bytes, nil
			}
		}, true},
		"another answer": {func(o *ldapfake.Options) {
			o.Edit = func(a ldapfake.Answer) ([]byte, error) {
				if a.Op == 0x67 {
					a.Bytes[len(a.Bytes)-1]++
					return append(a.Bytes, 0), nil
				}
				return a.Bytes, nil
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var o ldapfake.Options
			c.options(&o)
			s, cfg := startResets(t, 2, o)
			cfg.Timeouts = short
			r := openResetter(t, cfg)
			before := state(t, r, id)
			expect(t, r.SetPassword(t.Context(), id, newPassword(canary)), source.CodeOutcomeUnknown, "nobody knows")
			if (s.Password(person(1).DN) == canary) != c.done {
				t.Fatalf("%q", s.Password(person(1).DN))
			}
			again := openResetter(t, cfg)
			if moved := before.Mark.Moved(state(t, again, id).Mark); c.done && moved == source.No {
				t.Errorf("read back: %v", moved)
			}
			if n := s.Count("modify"); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
	// Interrupted before it is sent: nothing is.
	s, cfg := startResets(t, 2, ldapfake.Options{})
	r := openResetter(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.SetPassword(ctx, id, newPassword(canary)); !errors.Is(err, context.Canceled) || s.Count("modify") != 0 {
		t.Errorf("%v", err)
	}
}

// A password that expires at once, because a right on the domain is missing, is seen.
func TestPasswordExpiresAtOnce(t *testing.T) {
	_, cfg := startResets(t, 2, ldapfake.Options{Resetters: map[string]ldapfake.Rights{account: {Reset: true}}})
	r := openResetter(t, cfg)
	id := idOf(t, person(1))
	if err := r.SetPassword(t.Context(), id, newPassword(canary)); err != nil {
		t.Fatal(err)
	}
	if s := state(t, r, id); s.MustChange != source.Yes {
		t.Errorf("%+v", s)
	}
}

func TestPolicy(t *testing.T) {
	pso := "CN=Strict,CN=Password Settings Container,CN=System," + domain
	hidden := "CN=Hidden,CN=Password Settings Container,CN=System," + domain
	strict, secret := changed(7, map[string][]string{"msDS-ResultantPSO": {pso}}), changed(8, map[string][]string{"msDS-ResultantPSO": {hidden}})
	_, cfg := startResets(t, 2, ldapfake.Options{Entries: []ldapfake.Entry{strict, secret,
		{DN: pso, Attrs: map[string][]string{"objectGUID": {"0123456789abcdef"}, "objectClass": {"msDS-PasswordSettings"}, "msDS-MinimumPasswordLength": {"20"}, "msDS-PasswordComplexityEnabled": {"TRUE"}}},
		{DN: hidden, Attrs: map[string][]string{"objectGUID": {"0123456789abcdeg"}}},
		{DN: domain, Attrs: map[string][]string{"objectClass": {"domainDNS"}, "objectGUID": {"domain-root-guid"}, "minPwdLength": {"9"}, "pwdProperties": {"0"},
			"objectSid": {"\x01\x04\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00"}}}}})
	r := openResetter(t, cfg)
	for e, want := range map[*ldapfake.Entry]source.PasswordPolicy{
		&strict: {MinLength: 20, Complex: true},
		&secret: {MinLength: 9, Complex: true, Unread: `the fine-grained policy "` + hidden + `"`},
	} {
		if got := state(t, r, idOf(t, *e)).Policy; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := state(t, r, idOf(t, person(1))).Policy; got != (source.PasswordPolicy{MinLength: 9}) {
		t.Errorf("%+v", got)
	}
}

// A check lists whose password was set since the last one, and nobody else.
func TestPasswordChanges(t *testing.T) {
	unreadable := map[string][]string{"replPropertyMetaData": nil}
	s, cfg := startResets(t, 5, ldapfake.Options{})
	d := open(t, cfg)
	check := func(since source.PasswordCursor) ([]source.PasswordChange, source.PasswordCursor) {
		t.Helper()
		changes, now, err := d.PasswordChanges(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		return changes, now
	}
	changes, first := check(source.PasswordCursor{})
	if len(changes) != 0 || first.Server == "" || first.USN == 0 || first.At.IsZero() {
		t.Fatalf("%+v, %+v", changes, first)
	}
	s.Change(person(1).DN, map[string][]string{"unicodePwd": {"x"}})
	s.Change(person(2).DN, map[string][]string{"title": {"x"}}) // changed, but not the password
	s.Change(person(3).DN, map[string][]string{"unicodePwd": {"x"}, "pwdLastSet": {"0"}})
	if changes, _ = check(source.PasswordCursor{Server: "another", USN: 1}); len(changes) != 0 {
		t.Errorf("of another server: %+v", changes)
	}
	asked := s.Count("search")
	changes, second := check(first)
	if n := s.Count("search") - asked; n != 3 { // what the server is, how far it is, and who changed
		t.Errorf("%d requests", n)
	}
	ids := map[string]bool{}
	for _, c := range changes {
		ids[c.ID] = c.Certain
	}
	if want := map[string]bool{idOf(t, person(1)): true, idOf(t, person(3)): true}; !maps.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	if changes, _ = check(second); len(changes) != 0 {
		t.Errorf("the second time: %+v", changes)
	}
	// Where the metadata may not be read, the time tells; must-change hides it.
	s.Change(person(1).DN, map[string][]string{"unicodePwd": {"y"}})
	s.Change(person(1).DN, unreadable)
	s.Change(person(3).DN, map[string][]string{"replPropertyMetaData": nil, "pwdLastSet": {"0"}})
	s.Change(person(4).DN, map[string][]string{"pwdLastSet": {"133000000000000000"}, "title": {"y"}})
	changes, _ = check(source.PasswordCursor{Server: second.Server, USN: second.USN, At: second.At.Add(-time.Second)})
	ids = map[string]bool{}
	for _, c := range changes {
		ids[c.ID] = c.Certain
	}
	if want := map[string]bool{idOf(t, person(1)): true, idOf(t, person(3)): false}; !maps.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
}

func FuzzMetadata(f *testing.F) {
	value := make([]byte, 16+48)
	binary.LittleEndian.PutUint32(value, 1)
	binary.LittleEndian.PutUint32(value[8:], 1)
	binary.LittleEndian.PutUint32(value[16:], attidUnicodePwd)
	binary.LittleEndian.PutUint32(value[20:], 7)
	f.Add(value)
	f.Add(value[:40])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if found, ok := passwordMetadata(b); ok && (len(b) < 64 || found.version < 0) {
			t.Errorf("%+v of %d bytes", found, len(b))
		}
	})
}
