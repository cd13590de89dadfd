package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/m365"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// domainUnderTest is an AD in which the passwords of two users are set.
type domainUnderTest struct {
	users []source.User
	open  func(ctx context.Context, role string) (source.Directory, error)
	// has says whether a user's password is this one.
	has func(i int, password string) bool
}

// fakeDomain is a domain controller for tests.
func fakeDomain(t *testing.T) domainUnderTest {
	t.Helper()
	const who = "helpdesk@corp.example"
	var entries []ldapfake.Entry
	var users []source.User
	for i, name := range []string{"ann", "bob"} {
		guid := fmt.Sprintf("0123456789abcde%d", i)
		dn := "CN=" + name + ",OU=Staff,DC=corp,DC=contoso,DC=example"
		entries = append(entries, ldapfake.Entry{DN: dn, Attrs: map[string][]string{
			"objectClass": {"top", "person", "organizationalPerson", "user"}, "objectGUID": {guid}, "sAMAccountType": {"805306368"},
			"sAMAccountName": {name}, "userPrincipalName": {name + "@corp.example"}, "displayName": {name}, "userAccountControl": {"512"},
		}})
		id, err := adattr.GUID([]byte(guid))
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, source.User{Kind: source.AD, ID: id, DN: dn, Username: name, DisplayName: name})
	}
	s, err := ldapfake.Start(ldapfake.Options{Entries: entries, Accounts: map[string]string{who: "x"}, Resetters: map[string]ldapfake.Rights{who: ldapfake.AllRights}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return domainUnderTest{
		users: users,
		open: func(ctx context.Context, role string) (source.Directory, error) {
			return openAD(ctx, s.URL(), s.CAFile(), "", who, "x", role)
		},
		has: func(i int, password string) bool { return s.Password(users[i].DN) == password },
	}
}

// liveDomain is the domain controller that testdata/samba/setup.sh runs.
func liveDomain(t *testing.T) domainUnderTest {
	t.Helper()
	if os.Getenv("QPIMPORT_TEST_AD") != "required" {
		t.Skip("no live Active Directory: make test starts one (testdata/samba/setup.sh), and sets QPIMPORT_TEST_AD=required")
	}
	env := func(name string) string { return os.Getenv("QPIMPORT_TEST_AD_" + name) }
	password, err := os.ReadFile(env("PASSWORD_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	as := func(ctx context.Context, who, password, role string) (source.Directory, error) {
		return openAD(ctx, env("URL"), env("CA"), env("TLS_NAME"), who+"@corp.contoso.example", password, role)
	}
	d := domainUnderTest{open: func(ctx context.Context, role string) (source.Directory, error) {
		return as(ctx, "live-helpdesk", strings.TrimSpace(string(password)), role)
	}}
	reader, err := d.open(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for u, err := range reader.Users(t.Context(), source.Scope{Base: "OU=Live Resets," + env("BASE_DN")}) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Username == "reset-eve" || u.Username == "reset-fay" {
			d.users = append(d.users, u)
		}
	}
	if len(d.users) != 2 {
		t.Fatalf("%d users: setup.sh load", len(d.users))
	}
	d.has = func(i int, password string) bool {
		dir, err := as(t.Context(), d.users[i].Username, password, "")
		if err == nil {
			_ = dir.Close()
		} else if source.CodeOf(err) != source.CodeCredentials {
			t.Fatal(err)
		}
		return err == nil
	}
	return d
}

func openAD(ctx context.Context, url, ca, name, who, password, role string) (source.Directory, error) {
	cfg := ad.Config{
		Connection: source.Connection{Kind: source.AD, Transport: source.TransportLDAPS, Role: role, LDAP: source.LDAP{
			URL: url, CAFile: ca, TLSServerName: name, BindDN: who, BindPasswordFrom: "env:X",
		}},
		Password: func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
	}
	if role == "" {
		d, err := ad.Open(ctx, cfg)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	d, err := ad.OpenResetter(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// killed stands for the end of the process.
type killed struct{ step string }

// fault is what happens at a step of a reset: the process ends, or the step fails.
type fault struct {
	at   int // the number of the step, from 1; 0 for none
	kill bool
	step int
	hit  string
	// do happens at the first step of the name on, and nothing fails.
	on string
	do func()
	// dead, where set, is a directory that does not answer any more.
	dead source.Kind
	// unreadable is the id of a user who may not be read.
	unreadable string
}

// reach is called before and after each thing that a reset does.
func (f *fault) reach(what string) error {
	f.step++
	if f.do != nil && what == f.on {
		do := f.do
		f.do = nil
		do()
	}
	if f.dead != "" && strings.HasSuffix(what, " "+string(f.dead)) {
		return &source.Error{Code: source.CodeOutcomeUnknown, Message: "no answer"}
	}
	if f.step != f.at {
		return nil
	}
	f.hit = what
	if f.kill {
		panic(killed{what})
	}
	if strings.HasPrefix(what, "set") {
		return &source.Error{Code: source.CodeOutcomeUnknown, Message: "no answer"}
	}
	return &source.Error{Code: source.CodeUnreachable, Message: "fails"}
}

// faultyStore fails where a reset writes to the registry.
type faultyStore struct {
	registry.Store
	f *fault
}

func (s faultyStore) Apply(ctx context.Context, sets ...registry.ChangeSet) ([]int64, error) {
	if err := s.f.reach("apply"); err != nil {
		return nil, err
	}
	runs, err := s.Store.Apply(ctx, sets...)
	if err == nil {
		if err := s.f.reach("applied"); err != nil && s.f.kill {
			return nil, err
		}
	}
	return runs, err
}

func (s faultyStore) Note(ctx context.Context, customer string, n registry.PasswordNote) error {
	if err := s.f.reach("note"); err != nil {
		return err
	}
	err := s.Store.Note(ctx, customer, n)
	return errors.Join(err, s.f.reach("noted"))
}

// faultyDirectory fails where a reset asks a directory, or writes to it.
type faultyDirectory struct {
	source.Directory
	source.PasswordResetter
	f    *fault
	kind source.Kind
}

func (d faultyDirectory) Password(ctx context.Context, id string) (*source.PasswordState, error) {
	if err := d.f.reach("read " + string(d.kind)); err != nil {
		return nil, err
	}
	if id == d.f.unreadable {
		return nil, &source.Error{Code: source.CodePermission, Message: "may not be read"}
	}
	return d.PasswordResetter.Password(ctx, id)
}

func (d faultyDirectory) SetPassword(ctx context.Context, id string, p source.NewPassword) error {
	if err := d.f.reach("set " + string(d.kind)); err != nil {
		return err
	}
	err := d.PasswordResetter.SetPassword(ctx, id, p)
	return errors.Join(d.f.reach("set already in "+string(d.kind)), err)
}

// resetBench is a customer of two people in a domain and a tenant.
type resetBench struct {
	*testing.T
	store  registry.Store
	domain domainUnderTest
	graph  *graphfake.Server
	id     string // of the customer
}

func newResetBench(t *testing.T, domain domainUnderTest) *resetBench {
	t.Helper()
	b := &resetBench{T: t, domain: domain}
	var users []json.RawMessage
	for i := range domain.users {
		users = append(users, json.RawMessage(fmt.Sprintf(`{"id":"%s","displayName":"p%d","userPrincipalName":"p%d@contoso.example","accountEnabled":true}`, sourcetest.GUID(i+1), i, i)))
	}
	ticks := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.graph = graphfake.Start(graphfake.Options{Users: users, Passwords: graphfake.Passwords{Reset: true, Now: func() time.Time {
		ticks = ticks.Add(time.Second) // Graph knows no fractions of it
		return ticks
	}}})
	t.Cleanup(b.graph.Close)
	var err error
	if b.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	im := b.importer(&fault{})
	c, err := im.CreateCustomer(t.Context(), "Fabrikam", nil)
	if err != nil {
		t.Fatal(err)
	}
	b.id = c.ID
	if _, err := im.change(t.Context(), c.ID, command{name: "made"}, func(d *draft) error {
		d.after.Customer.PasswordSync = registry.ModeOn
		for _, kind := range bothKinds {
			d.connect(source.Connection{Kind: kind, Role: source.RoleReset, Transport: "live"})
		}
		for i, u := range domain.users {
			a := &registry.Account{
				DisplayName: u.DisplayName, Username: u.Username, State: registry.StateActive, Email: fmt.Sprintf("p%d@contoso.example", i), EmailSource: registry.EmailFromM365,
				AD:   &registry.Link{ID: u.ID, Name: u.DN, Status: registry.StatusOK},
				M365: &registry.Link{ID: sourcetest.GUID(i + 1), Name: fmt.Sprintf("p%d@contoso.example", i), Status: registry.StatusOK},
			}
			d.add(a)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b
}

// importer is a process of its own on the registry, to which a fault happens.
func (b *resetBench) importer(f *fault) *Importer {
	open := func(ctx context.Context, c source.Connection) (dir source.Directory, err error) {
		if err := f.reach("open " + string(c.Kind)); err != nil {
			return nil, err
		}
		if c.Kind == source.AD {
			dir, err = b.domain.open(ctx, c.Role)
		} else {
			dir, err = m365.OpenResetter(ctx, m365.Config{
				Connection: source.Connection{Kind: source.M365, Transport: source.TransportGraph, Role: c.Role, Graph: source.Graph{
					AccessTokenFrom: "", ClientSecretFrom: "env:X", Tenant: graphfake.DefaultTenant, ClientID: graphfake.DefaultClientID, GraphURL: b.graph.GraphURL(), AuthorityURL: b.graph.URL,
				}},
				ClientSecret: func(context.Context) (source.Secret, error) {
					return source.NewSecret(graphfake.DefaultClientSecret), nil
				},
			})
		}
		if err != nil {
			return nil, err
		}
		can, _ := source.As[source.PasswordResetter](dir)
		return faultyDirectory{dir, can, f, c.Kind}, nil
	}
	return New(Options{Store: faultyStore{b.store, f}, Open: open, Pause: func(context.Context, time.Duration) error { return nil }})
}

// truth says in which directories somebody has a password.
func (b *resetBench) truth(i int, password string) map[source.Kind]bool {
	return map[source.Kind]bool{source.AD: b.domain.has(i, password), source.M365: b.graph.Password(sourcetest.GUID(i+1)) == password}
}

// known says what the registry knows of somebody's reset, nil where it knows of none.
func (b *resetBench) known(i int) *registry.Reset {
	b.Helper()
	snap, err := b.store.Snapshot(b.Context(), registry.Ref{ID: b.id}, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		b.Fatal(err)
	}
	return snap.Passwords[snap.Accounts[i].ID].Reset
}

// reset resets somebody's password with a fault, and returns the password; whether it
// ended by itself; and what it said.
func (b *resetBench) reset(i int, f *fault) (passwords []ResetPassword, result *ResetResult) {
	b.Helper()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
		}
	}()
	im := b.importer(f)
	p, err := im.PrepareReset(b.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{b.domain.users[i].Username}})
	if err != nil {
		return nil, nil
	}
	passwords = p.Passwords()
	_ = p.Apply(b.Context()) // what it says is in the result
	r := p.Result()
	_ = p.Close()
	return passwords, &r
}

// resume goes on with a run, and wants it to end well.
func (b *resetBench) resume(run int64, passwords []ResetPassword) ResetResult {
	b.Helper()
	p, err := b.importer(&fault{}).PrepareResume(b.Context(), ResumeRequest{Run: run, Passwords: passwords})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	if err := p.Apply(b.Context()); err != nil {
		b.Fatal(err)
	}
	return p.Result()
}

// setAD sets a password in AD as somebody else does.
func (b *resetBench) setAD(i int, password string) {
	b.Helper()
	dir, err := b.domain.open(b.Context(), source.RoleReset)
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	resets, _ := source.As[source.PasswordResetter](dir)
	if err := resets.SetPassword(b.Context(), b.domain.users[i].ID, source.NewPassword{Password: source.NewSecret(password)}); err != nil {
		b.Fatal(err)
	}
}

// check wants what is known of a reset to be what is so.
func (b *resetBench) check(i int, password, when string) {
	b.Helper()
	reset, truth := b.known(i), b.truth(i, password)
	for _, kind := range bothKinds {
		if side := sideOf(reset, kind); (side.Outcome == registry.ResetSet) != truth[kind] || reset.Open() {
			b.Fatalf("%s: %s is %s, and that it has the new password is %v", when, kind, side.Outcome, truth[kind])
		}
	}
}

// run makes n resets, each with a fault at the next step, and wants each to end with
// both sides known, and then both new. It returns how often each kind of step was hit.
func (b *resetBench) run(n int) map[string]int {
	b.Helper()
	hits := map[string]int{}
	last := "" // of a reset before
	at, kill := 0, false
	for k := range n {
		i := k % 2
		f := &fault{at: at, kill: kill}
		passwords, result := b.reset(i, f)
		hits[f.hit]++
		if f.hit == "" { // beyond the last step
			at, kill = 0, !kill
		}
		at++
		when := fmt.Sprintf("reset %d, fault at %q (step %d, killed: %v)", k, f.hit, f.at, f.kill)
		reset := b.known(i)
		if len(passwords) == 0 || reset == nil || reset.ID != passwords[0].Reset {
			// It did not come to that: nothing was set.
			if len(passwords) > 0 {
				if truth := b.truth(i, passwords[0].Password.Reveal()); truth[source.AD] || truth[source.M365] {
					b.Fatalf("%s: set, and not recorded: %v", when, truth)
				}
			}
			continue
		}
		password := passwords[0].Password.Reveal()
		if result != nil {
			for kind, side := range map[source.Kind]*SideReset{source.AD: result.Accounts[0].AD, source.M365: result.Accounts[0].M365} {
				if truth := b.truth(i, password); side != nil && (side.Outcome == registry.ResetSet) != truth[kind] && side.Outcome != OutcomeUnknown && side.Outcome != OutcomePlanned {
					b.Fatalf("%s: the result says that %s is %s, and it has it: %v", when, kind, side.Outcome, truth[kind])
				}
			}
		}
		b.resume(reset.Run, nil)
		b.check(i, password, when+", looked at again")
		if r := b.known(i); !r.Done() {
			b.resume(r.Run, passwords)
			b.check(i, password, when+", gone on with")
			if !b.known(i).Done() {
				b.Fatalf("%s: not done after going on: %+v", when, b.known(i))
			}
		}
		if last != "" && i == 0 && b.domain.has(i, last) {
			b.Fatalf("%s: the password before is good still", when)
		}
		if i == 0 {
			last = password
		}
	}
	return hits
}

// TestResetFaults has a fault happen at each step of a reset in turn.
func TestResetFaults(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	hits := b.run(90)
	t.Logf("%v", hits)
	for _, want := range []string{"", "open ad", "open m365", "read ad", "read m365", "apply", "applied", "note", "noted", "set ad", "set already in ad", "set m365", "set already in m365"} {
		if hits[want] == 0 {
			t.Errorf("no fault at %q: %v", want, slices.Sorted(maps.Keys(hits)))
		}
	}
}

// TestLiveResetFaults is the same with a real domain controller.
func TestLiveResetFaults(t *testing.T) {
	newResetBench(t, liveDomain(t)).run(50)
}

// hook has something happen at a step.
func hook(at string, do func()) *fault { return &fault{on: at, do: do} }

// Two processes that reset one person at once: one of them does, and the other says
// so, whichever is the faster.
func TestResetTwice(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	request := ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann"}}
	prepare := func() *PreparedReset {
		t.Helper()
		p, err := b.importer(&fault{}).PrepareReset(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return p
	}
	first, second := prepare(), prepare()
	if err := first.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := second.Apply(t.Context()); source.CodeOf(err) != CodeRefused || second.Result().Applied {
		t.Errorf("%v", err)
	}
	b.check(0, first.Passwords()[0].Password.Reveal(), "the first")

	// While one is at it, another cannot begin, and can take it over; the first then
	// sets nothing more.
	var taken error
	var third *PreparedReset
	im := b.importer(hook("set already in ad", func() {
		_, taken = b.importer(&fault{}).PrepareReset(t.Context(), request)
		b.resume(b.known(0).Run, nil)
	}))
	third, err := im.PrepareReset(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	err = third.Apply(t.Context())
	refused, perr := third.Result(), error(nil)
	if source.CodeOf(err) != CodeRefused || refused.Counts.Set != 0 {
		t.Errorf("from whom it was taken: %v, %+v, %v", err, refused.Counts, perr)
	}
	if taken != nil {
		t.Errorf("what is under way is a result: %v", taken)
	}
	password := third.Passwords()[0].Password.Reveal()
	b.check(0, password, "taken over")
	if truth := b.truth(0, password); !truth[source.AD] || truth[source.M365] || !b.known(0).Half() {
		t.Errorf("%v", truth)
	}
	p, err := b.importer(&fault{}).PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Pending: true})
	if err != nil || len(p.Passwords()) != 1 {
		t.Fatalf("who waits: %v", err)
	}
	defer p.Close()
	if err := p.Apply(t.Context()); err != nil || p.Result().Counts.Set != 1 {
		t.Errorf("%v, %+v", err, p.Result())
	}
}

// An interruption between the two sides lets that person be done to the end, and
// leaves the next alone.
func TestResetInterrupted(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	ctx, cancel := context.WithCancel(t.Context())
	p, err := b.importer(hook("set already in ad", cancel)).PrepareReset(ctx, ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann", "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = p.Apply(ctx)
	if r := p.Result(); !errors.Is(err, context.Canceled) || r.Counts.Set != 1 || r.Counts.NotSet != 1 {
		t.Errorf("%v, %+v", err, r.Counts)
	}
	for i, password := range p.Passwords() {
		b.check(i, password.Password.Reveal(), "interrupted")
	}
}

// What somebody else set between the look and the write is not written over, and who
// was renamed or replaced meanwhile is seen.
func TestResetMeanwhile(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	p, err := b.importer(&fault{}).PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann", "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b.setAD(0, "somebody's own 1")
	b.graph.Patch(sourcetest.GUID(2), map[string]any{"lastPasswordChangeDateTime": "2026-05-05T05:05:05Z"})
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := p.Result()
	if r.Accounts[0].Error == nil || r.Accounts[0].Error.Code != CodePasswordChanged || r.Accounts[0].Outcome != OutcomeNotSet || !b.domain.has(0, "somebody's own 1") {
		t.Errorf("%+v", r.Accounts[0])
	}
	if r.Accounts[1].Outcome != OutcomeHalf || r.Accounts[1].M365.Error.Code != CodePasswordChanged {
		t.Errorf("%+v", r.Accounts[1])
	}
	for i, password := range p.Passwords() {
		b.check(i, password.Password.Reveal(), "meanwhile")
	}
}

// A directory that is gone right after something was sent leaves the outcome unknown,
// which is said; the other side is left alone, and going on finds out.
func TestResetUnknown(t *testing.T) {
	for _, kind := range bothKinds {
		t.Run(string(kind), func(t *testing.T) {
			b := newResetBench(t, fakeDomain(t))
			f := &fault{on: "set already in " + string(kind)}
			f.do = func() { f.dead = kind }
			passwords, result := b.reset(0, f)
			if result == nil || result.Counts.Unknown != 1 || !b.known(0).Open() {
				t.Fatalf("%+v", result)
			}
			if side := b.known(0).M365; kind == source.AD && side.Outcome != registry.ResetNotSet {
				t.Errorf("Microsoft 365 is %s", side.Outcome)
			}
			if _, err := b.importer(&fault{}).PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann"}}); err != nil {
				t.Fatal(err)
			}
			b.resume(b.known(0).Run, passwords)
			b.check(0, passwords[0].Password.Reveal(), "gone on with")
			if !b.known(0).Done() {
				t.Errorf("%+v", b.known(0))
			}
		})
	}
}

// A connection that is lost between two people is made anew: the others are set.
func TestResetReconnects(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	var directories []source.Directory
	open := b.domain.open
	b.domain.open = func(ctx context.Context, role string) (source.Directory, error) {
		dir, err := open(ctx, role)
		directories = append(directories, dir)
		return dir, err
	}
	f := hook("set already in m365", func() { _ = directories[0].Close() })
	p, err := b.importer(f).PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann", "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Apply(t.Context()); err != nil || p.Result().Counts.Set != 2 || len(directories) != 2 {
		t.Errorf("%v, %+v, %d connections", err, p.Result().Counts, len(directories))
	}
	for i, password := range p.Passwords() {
		b.check(i, password.Password.Reveal(), "reconnected")
	}
}

// What another controller has not heard of is not taken for not done.
func TestResetElsewhere(t *testing.T) {
	side := &registry.ResetSide{Server: "dc1", Before: source.PasswordMark{Version: 2}}
	p := &PreparedReset{open: map[source.Kind]*resetter{source.AD: {server: "dc2"}}}
	at := func(version int64) *source.PasswordState {
		return &source.PasswordState{Mark: source.PasswordMark{Version: version}}
	}
	if got := p.moved(side, source.AD, at(2)); got != source.Unknown {
		t.Errorf("the same at another one: %v", got)
	}
	if got := p.moved(side, source.AD, at(3)); got != source.Yes {
		t.Errorf("newer at another one: %v", got)
	}
	p.open[source.AD].server = "dc1"
	if got := p.moved(side, source.AD, at(2)); got != source.No {
		t.Errorf("the same at that one: %v", got)
	}
}

// What somebody else set, long after a process was killed that was about to, is not
// taken for its own.
func TestResetKilledAndSetByOthers(t *testing.T) {
	for _, kind := range bothKinds {
		t.Run(string(kind), func(t *testing.T) {
			b := newResetBench(t, fakeDomain(t))
			im := b.importer(hook("set "+string(kind), func() { panic(killed{}) }))
			im.now = func() time.Time { return time.Now().Add(-time.Hour) }
			p, err := im.PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann"}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			passwords := p.Passwords()
			func() {
				defer func() { _ = recover() }()
				_ = p.Apply(t.Context())
			}()
			if kind == source.AD {
				b.setAD(0, "somebody's own 1")
			} else {
				b.graph.Patch(sourcetest.GUID(1), map[string]any{"lastPasswordChangeDateTime": time.Now().UTC().Format(time.RFC3339)})
			}
			r := b.resume(b.known(0).Run, passwords)
			if acc := r.Accounts[0]; acc.Error == nil || acc.Error.Code != CodePasswordChanged {
				t.Errorf("%+v", acc)
			}
			b.check(0, passwords[0].Password.Reveal(), "gone on with")
		})
	}
}

// What nobody can tell any more, since the controller that was sent it is gone, is asked
// about once more and can then be reset anew. Its run is not forgotten before.
func TestResetForEverUnknown(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	b.reset(0, &fault{})
	snap, err := b.store.Snapshot(t.Context(), registry.Ref{ID: b.id}, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		t.Fatal(err)
	}
	p := snap.Passwords[snap.Accounts[0].ID]
	p.Reset = p.Reset.Clone()
	p.Reset.AD.Outcome, p.Reset.AD.Server, p.Reset.AD.Before = registry.ResetSending, "dc9", p.Reset.AD.After
	p.Reset.M365.Outcome = registry.ResetIntended
	if err := b.store.Note(t.Context(), b.id, registry.PasswordNote{Run: p.Reset.Run, Passwords: []registry.Password{p}}); err != nil {
		t.Fatal(err)
	}
	prepare := func() error {
		im := b.importer(&fault{})
		pruned, err := im.Prune(t.Context(), PruneRequest{Before: time.Now().Add(time.Hour)})
		if err != nil || pruned.Counts.Left != 1 {
			t.Errorf("pruned: %+v, %v", pruned.Counts, err)
		}
		r, err := im.PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann"}})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		return r.people[0].refused
	}
	if err := prepare(); source.CodeOf(err) != CodeRefused {
		t.Errorf("under way: %v", err)
	}
	if r := b.resume(p.Reset.Run, nil); r.Counts.Unknown != 1 {
		t.Errorf("%+v", r.Counts)
	}
	if err := prepare(); err != nil {
		t.Errorf("asked again: %v", err)
	}
	passwords, result := b.reset(0, &fault{})
	if result == nil || result.Counts.Set != 1 {
		t.Fatalf("%+v", result)
	}
	b.check(0, passwords[0].Password.Reveal(), "anew")

	// Going on with what is done asks nobody, and writes nothing.
	f := &fault{}
	r, err := b.importer(f).PrepareResume(t.Context(), ResumeRequest{Run: b.known(0).Run, Passwords: passwords})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Apply(t.Context()); err != nil || r.Result().Counts.Set != 1 || f.step != 0 {
		t.Errorf("%v, %+v, %d steps", err, r.Result().Counts, f.step)
	}
}

// Who asks for or sets passwords is led to the controller that hears of each first;
// who reads users is not.
func TestPasswordsGoToThePrimary(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	var opened []source.Connection
	im := New(Options{Store: b.store, Open: func(_ context.Context, c source.Connection) (source.Directory, error) {
		opened = append(opened, c)
		return nil, errors.New("not today")
	}})
	in := func(role string) source.Connection {
		return source.Connection{Kind: source.AD, Role: role, Transport: source.TransportSealed, LDAP: source.LDAP{Domain: "corp.example", Bind: source.BindWindows}}
	}
	for _, role := range []string{"", source.RoleReset} {
		if _, err := im.Connect(t.Context(), b.id, in(role)); err != nil {
			t.Fatal(err)
		}
	}
	primary := in("")
	primary.Primary = true
	resetter := in(source.RoleReset)
	resetter.Primary = true
	for name, c := range map[string]struct {
		call func() error
		want source.Connection
	}{
		"check":  {func() error { _, err := im.CheckPasswords(t.Context(), b.id, false); return err }, primary},
		"status": {func() error { _, err := im.PasswordStatuses(t.Context(), b.id); return err }, primary},
		"reset": {func() error {
			_, err := im.PrepareReset(t.Context(), ResetRequest{Customer: b.id, Accounts: []string{"ann"}})
			return err
		}, resetter},
		"users": {func() error {
			_, err := im.Users(t.Context(), UsersRequest{Customer: b.id, Source: source.AD})
			return err
		}, in("")},
	} {
		opened = nil
		if err := c.call(); err == nil || len(opened) != 1 || opened[0] != c.want {
			t.Errorf("%s: %v; opened %+v", name, err, opened)
		}
	}
}

// One person who may not be read any more does not keep the others from being gone on
// with.
func TestResumeUnreadable(t *testing.T) {
	b := newResetBench(t, fakeDomain(t))
	p, err := b.importer(hook("set ad", func() { panic(killed{}) })).PrepareReset(t.Context(), ResetRequest{Customer: "Fabrikam", Accounts: []string{"ann", "bob"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	passwords := p.Passwords()
	func() {
		defer func() { _ = recover() }()
		_ = p.Apply(t.Context())
	}()
	r, err := b.importer(&fault{unreadable: b.domain.users[0].ID}).PrepareResume(t.Context(), ResumeRequest{Run: b.known(0).Run, Passwords: passwords})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if acc := r.Result().Accounts; acc[0].Outcome != OutcomeUnknown || acc[0].Error == nil || acc[0].Error.Code != source.CodePermission || acc[1].Outcome != OutcomeSet {
		t.Errorf("%+v", acc)
	}
}
