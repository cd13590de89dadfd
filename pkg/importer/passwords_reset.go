package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/internal/newpassword"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// PreparedReset is a run of resets in which everything was looked at that can be
// looked at, and nothing was set. The caller puts the passwords in a safe place
// before they are set, and closes it.
type PreparedReset struct {
	im     *Importer
	params any
	snap   *registry.Snapshot
	open   map[source.Kind]*resetter
	reader *resetter    // Microsoft 365 to read, opened where it is needed
	synced *source.Flag // of the tenant, once it was asked
	// carried is how people whom Microsoft 365 has from AD hold power there, by SID; nil
	// until it was asked.
	carried map[string]string
	people  []*toReset
	// privileged says that those who hold power are meant too.
	privileged bool
	run        int64 // 0 before it is recorded
	takesUp    bool  // goes on where another process was cut off
	applied    bool
	sync       *SyncResult
	notes      []string
}

// toReset is an account whose password is to be set.
type toReset struct {
	account  *registry.Account
	record   registry.Password // with the reset that is meant
	rules    newpassword.Rules
	password source.Secret
	named    bool // and not only one of those who wait
	given    bool // there is a password to set
	idle     bool // going on has nothing left to find out or to set
	problems map[source.Kind]error
	refused  error // why nothing is tried
	notes    []string
}

func (t *toReset) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// PrepareReset chooses whose passwords are set, makes them, and checks both
// directories: that they are there and the customer's own, that each person is known
// and present, who owns the password, and who holds power.
func (im *Importer) PrepareReset(ctx context.Context, r ResetRequest) (*PreparedReset, error) {
	customer, err := im.ownerOf(ctx, r.Customer, livingSelectors(r.Accounts))
	if err != nil {
		return nil, err
	}
	snap, err := im.find(ctx, customer, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		return nil, err
	}
	p := &PreparedReset{im: im, params: r, snap: snap, privileged: r.Privileged, open: map[source.Kind]*resetter{}, notes: []string{}}
	if err := p.prepare(ctx, r); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *PreparedReset) prepare(ctx context.Context, r ResetRequest) error {
	if err := p.choose(r); err != nil {
		return err
	}
	if err := p.openDirectories(ctx); err != nil {
		return err
	}
	for _, t := range p.people {
		if t.refused == nil {
			if err := p.look(ctx, t, r); err != nil {
				return err
			}
		}
		if t.refused == nil {
			t.refused = t.choosePassword(r)
		}
	}
	return nil
}

// choose finds the accounts, and refuses those that may not be touched.
func (p *PreparedReset) choose(r ResetRequest) error {
	d := newDraft(p.snap, p.im.clock())
	places, err := d.find(livingSelectors(r.Accounts))
	if err != nil {
		return err
	}
	named := len(places)
	if r.Pending {
		for i, a := range p.snap.Accounts {
			known := p.snap.Passwords[a.ID]
			if state := known.State(); state == registry.PasswordOutOfStep || state == registry.PasswordHalf {
				places = append(places, i)
			}
		}
	}
	asked := slices.Clone(places[:named])
	slices.Sort(places)
	for _, i := range slices.Compact(places) {
		a := p.snap.Accounts[i]
		t := &toReset{account: a, record: p.snap.Passwords[a.ID], named: slices.Contains(asked, i), problems: map[source.Kind]error{}}
		t.refused = p.mayReset(t)
		p.people = append(p.people, t)
	}
	if len(p.people) == 0 {
		return &source.Error{Code: source.CodeNotFound, Topic: TopicNobodyWaits, Message: "nobody of " + p.snap.Customer.Name + " waits for a new password"}
	}
	return nil
}

// mayReset says what the registry has against a reset.
func (p *PreparedReset) mayReset(t *toReset) error {
	a := t.account
	refuse := func(format string, args ...any) error {
		return &source.Error{Code: CodeRefused, Message: accountLabel(a) + " " + fmt.Sprintf(format, args...)}
	}
	for _, kind := range bothKinds {
		if a.Link(kind).Gone() {
			return refuse("is gone from %s", kind)
		}
	}
	if t.record.Reset != nil && t.record.Reset.UnderWay() {
		return &source.Error{
			Code: CodeRefused, Topic: TopicResumeFirst, Subject: strconv.FormatInt(t.record.Reset.Run, 10),
			Message: accountLabel(a) + " is being reset, or was when that was cut off",
		}
	}
	if p.snap.Customer.PasswordSync == registry.ModeOn && a.M365 == nil {
		return &source.Error{Code: CodeRefused, Topic: TopicMatchFirst, Message: accountLabel(a) + " waits for its mailbox: the password would be set in one directory alone"}
	}
	return nil
}

// openDirectories opens those that set passwords, as far as they are needed.
func (p *PreparedReset) openDirectories(ctx context.Context) error {
	needs := func(kind source.Kind) bool {
		return slices.ContainsFunc(p.people, func(t *toReset) bool { return t.refused == nil && t.account.Link(kind) != nil })
	}
	for _, kind := range bothKinds {
		// Whether Microsoft 365 is needed is known when the user was looked at: one that is
		// synchronised is set in AD alone.
		if _, connected := p.snap.Resetters[kind]; !needs(kind) || kind == source.M365 && !connected && needs(source.AD) {
			continue
		}
		if err := p.openResetter(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

// openResetter opens a directory that sets passwords, notes which domain controller that
// is where the connection names none, and reads who holds power in it.
func (p *PreparedReset) openResetter(ctx context.Context, kind source.Kind) error {
	r, err := p.im.openResetter(ctx, p.snap, kind)
	if err != nil {
		return err
	}
	p.open[kind] = r
	if domain := p.snap.Resetters[kind].Connection.Domain; domain != "" {
		p.notes = append(p.notes, fmt.Sprintf("%s is the domain controller of %s that hears of each password first: a new one works at once", r.server, domain))
	}
	return p.readPowers(ctx, kind, r)
}

func (p *PreparedReset) readPowers(ctx context.Context, kind source.Kind, r *resetter) error {
	if err := r.readPowers(ctx); err != nil {
		return err
	}
	if r.powers.Unknown == "" {
		return nil
	}
	reader, err := p.openLive(ctx, kind)
	if err == nil {
		err = reader.readPowers(ctx)
		err = errors.Join(err, reader.dir.Close())
	}
	if err == nil && reader.powers.Unknown == "" {
		r.powers = reader.powers
	} else {
		p.notes = append(p.notes, fmt.Sprintf("who holds power in %s is not known (%s): what is known of before counts, and %s itself decides", kind, r.powers.Unknown, kind))
	}
	return nil
}

// openLive opens a directory to read, as it is now.
func (p *PreparedReset) openLive(ctx context.Context, kind source.Kind) (*resetter, error) {
	dir, err := p.im.connect(ctx, p.snap, kind)
	if err != nil {
		return nil, err
	}
	info, err := dir.Info(ctx)
	if err == nil {
		err = checkIdentity(p.snap, kind, info.ID, false)
	}
	if err == nil && !info.AsOf.IsZero() {
		err = &source.Error{Code: source.CodeUsage, Message: "an export does not say how things are now"}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return &resetter{dir: dir}, nil
}

// Close closes the directories.
func (p *PreparedReset) Close() error {
	var errs []error
	for _, kind := range bothKinds {
		if r := p.open[kind]; r != nil {
			errs = append(errs, r.dir.Close())
		}
	}
	if p.reader != nil {
		errs = append(errs, p.reader.dir.Close())
	}
	p.open, p.reader = map[source.Kind]*resetter{}, nil
	return errors.Join(errs...)
}

// look reads how a person's password stands and decides where it is set. An error is
// one of the directory; what is against this person is in refused.
func (p *PreparedReset) look(ctx context.Context, t *toReset, r ResetRequest) error {
	a := t.account
	reset := &registry.Reset{ID: registry.NewID(), At: p.im.clock(), MustChange: r.MustChange, Unlock: r.Unlock}
	refuse := func(format string, args ...any) error {
		t.refused = &source.Error{Code: CodeRefused, Message: accountLabel(a) + " " + fmt.Sprintf(format, args...)}
		return nil
	}
	sid := ""
	for _, kind := range bothKinds {
		link := a.Link(kind)
		if link == nil {
			continue
		}
		state, err := p.stateOf(ctx, kind, link.ID)
		if source.CodeOf(err) == source.CodePermission { // of this one user, perhaps
			t.refused = err
			return nil
		}
		if err != nil {
			return err
		}
		if t.refused = p.against(a, kind, state); t.refused != nil {
			return nil
		}
		if t.refused = otherName(a, kind, &state.User); t.refused != nil {
			return nil
		}
		if why := service(&state.User); why != "" {
			if !t.named {
				return refuse("is no one person's in %s (%s): it is reset where it is named", kind, why)
			}
			t.note("is no one person's in %s (%s): who or what signs in so has to be told", kind, why)
		}
		if state.User.Enabled == source.No {
			t.note("is disabled in %s", kind)
		}
		side := &registry.ResetSide{ID: link.ID, Outcome: registry.ResetIntended, Before: state.Mark}
		if kind == source.AD {
			reset.AD, sid = side, state.User.SID
			if r.MustChange && state.NeverExpires {
				t.note("the password never expires in AD, so that it does not have to be changed there")
			}
			if state.Locked == source.Yes && !r.Unlock {
				t.note("is locked out of AD, and stays so")
			}
			t.take(state, p.snap.Customer.Name)
			continue
		}
		switch synced := followsAD(state); {
		case synced && reset.AD != nil:
			reset.Follows = true
		case synced:
			return refuse("is synchronised from Active Directory: the password has to be set there")
		case p.open[kind] == nil:
			return noResetter(p.snap, kind)
		default:
			reset.M365 = side
			t.take(state, p.snap.Customer.Name)
		}
	}
	if reset.AD != nil && a.M365 == nil {
		reset.Follows = p.tenantSynced(ctx) == source.Yes
	}
	if reset.Follows && a.M365 == nil && !p.privileged {
		way, err := p.carriedPower(ctx, sid)
		if err != nil {
			return err
		}
		if way != "" {
			t.refused = &source.Error{Code: CodeRefused, Topic: TopicPrivileged, Message: fmt.Sprintf("%s holds power in %s, to which the password is carried: %s", accountLabel(a), source.M365, way)}
			return nil
		}
	}
	t.record.Account, t.record.Reset = a.ID, reset
	return nil
}

// against says what speaks against setting a user's password, by how the directory has
// him now (nil where it does not); nil for nothing.
func (p *PreparedReset) against(a *registry.Account, kind source.Kind, state *source.PasswordState) error {
	refuse := func(topic source.Topic, format string, args ...any) error {
		return &source.Error{Code: CodeRefused, Topic: topic, Message: accountLabel(a) + " " + fmt.Sprintf(format, args...)}
	}
	if state == nil {
		return refuse("", "is not in %s any more", kind)
	}
	switch never := state.User.SkipReason(source.SkipSystem); {
	case source.NeverImported(never):
		return refuse("", "is no person in %s (%s)", kind, never)
	case kind == source.AD && p.signsIn(&state.User):
		return refuse("", "is the account that a connection of %s signs in as: set its password by hand, and tell the connection", p.snap.Customer.Name)
	case state.User.Guest:
		return refuse("", "is a guest of the tenant: the password is kept at home")
	case p.privileged:
		return nil
	}
	r := p.open[kind]
	if r == nil && kind == source.M365 {
		r = p.reader
	}
	if way := r.power(&state.User, a.Link(kind)); way != "" {
		return refuse(TopicPrivileged, "holds power in %s: %s", kind, way)
	}
	return nil
}

// signsIn says that the program itself signs in to AD as a user.
func (p *PreparedReset) signsIn(u *source.User) bool {
	for _, d := range []registry.Directory{p.snap.Directories[source.AD], p.snap.Resetters[source.AD]} {
		for _, login := range []string{d.Connection.BindDN, d.Connection.Principal} {
			local, _, _ := strings.Cut(login, "@")
			if _, user, ok := source.DomainUser(login); ok {
				local = user
			}
			if login != "" && (strings.EqualFold(login, u.UPN) || strings.EqualFold(local, u.Username) || source.DNKey(login) == source.DNKey(u.DN)) {
				return true
			}
		}
	}
	return false
}

// service says why a user is taken for nobody's own: a service signs in as him, or
// several share the mailbox; "" where that is not so.
func service(u *source.User) string {
	switch reason := u.SkipReason(source.SkipSystem, source.SkipPrivileged); reason {
	case source.SkipServiceUser:
		return u.Service()
	case source.SkipShared, source.SkipRoom, source.SkipEquipment:
		return reason
	}
	return ""
}

// otherName refuses who is called otherwise than when the account was last brought up to
// date: the name may be another person's by now, and the password is handed out by it.
func otherName(a *registry.Account, kind source.Kind, u *source.User) error {
	was, is := a.Link(kind).Name, u.UPN
	if kind == source.AD {
		was, is = a.Username, u.Username
	}
	if was == "" || strings.EqualFold(was, is) { // an export need not say it
		return nil
	}
	return &source.Error{
		Code: CodeRefused, Topic: TopicRefreshFirst,
		Message: fmt.Sprintf("%s is called %.100q in %s by now, and not %.100q: who goes by that name may be somebody else", accountLabel(a), is, kind, was),
	}
}

// followsAD says that a user of Microsoft 365 has the password that is set in AD.
func followsAD(s *source.PasswordState) bool {
	return s.User.Synced == source.Yes && s.CloudManaged != source.Yes
}

// tenantSynced says, asked once, whether AD Connect runs in the tenant.
func (p *PreparedReset) tenantSynced(ctx context.Context) source.Flag {
	if p.synced != nil {
		return *p.synced
	}
	synced, err := p.im.tenantSynced(ctx, p.snap, p.open[source.M365])
	if err != nil {
		p.notes = append(p.notes, "whether AD Connect carries passwords to Microsoft 365 is not known: "+err.Error())
	}
	p.synced = &synced
	return synced
}

// stateOf reads how a user's password stands: from the directory that sets it, or, of
// Microsoft 365, from the one that is read, which says whether it is set there at all.
func (p *PreparedReset) stateOf(ctx context.Context, kind source.Kind, id string) (*source.PasswordState, error) {
	if r := p.open[kind]; r != nil {
		return r.Password(ctx, id)
	}
	if err := p.openReader(ctx); err != nil {
		return nil, err
	}
	finder, ok := source.As[source.Finder](p.reader.dir)
	if !ok {
		return nil, noResetter(p.snap, kind)
	}
	u, err := finder.Find(ctx, id)
	if u == nil || err != nil {
		return nil, err
	}
	return &source.PasswordState{User: *u}, nil
}

// openReader opens Microsoft 365 to read where no writer of it is open, and reads who
// holds power in it.
func (p *PreparedReset) openReader(ctx context.Context) error {
	if p.reader != nil {
		return nil
	}
	if p.snap.Connection(source.M365) == nil {
		return noResetter(p.snap, source.M365)
	}
	dir, err := p.im.connect(ctx, p.snap, source.M365)
	if err != nil {
		return err
	}
	p.reader = &resetter{dir: dir}
	if err := p.reader.lookRound(ctx, p.snap, source.M365); err != nil {
		return err
	}
	return p.readPowers(ctx, source.M365, p.reader)
}

// carriedPower is the way in which the user whom Microsoft 365 has from AD under a SID
// holds power there, "" for none that is known of.
func (p *PreparedReset) carriedPower(ctx context.Context, sid string) (string, error) {
	if p.carried == nil {
		r := p.open[source.M365]
		if r == nil {
			if err := p.openReader(ctx); err != nil {
				return "", err
			}
			r = p.reader
		}
		var err error
		if p.carried, err = r.powerBySID(ctx); err != nil {
			return "", err
		}
	}
	return p.carried[sid], nil
}

// take adds what a directory asks of the password to what the others ask.
func (t *toReset) take(s *source.PasswordState, customer string) {
	t.rules.MinLength = max(t.rules.MinLength, s.Policy.MinLength)
	t.rules.Complex = t.rules.Complex || s.Policy.Complex
	t.rules.ASCII = t.rules.ASCII || s.Policy.ASCII
	t.rules.Unread = cmp.Or(t.rules.Unread, s.Policy.Unread)
	t.rules.Names = append(t.rules.Names, knownNames(customer, t.account, &s.User)...)
	if s.Policy.Unread != "" {
		t.note("%s may ask for more than can be read", s.Policy.Unread)
	}
}

// choosePassword makes a password, or looks at the one that is given.
func (t *toReset) choosePassword(r ResetRequest) (err error) {
	t.given = true
	if r.Password != nil {
		t.password = *r.Password
		return newpassword.Check(t.password.Reveal(), t.rules)
	}
	t.password, err = newpassword.Make(cmp.Or(r.Style, newpassword.Characters), t.rules)
	return err
}

// Passwords are the new ones, of those for whom nothing speaks against it.
func (p *PreparedReset) Passwords() []ResetPassword {
	passwords := []ResetPassword{}
	for _, t := range p.people {
		if a := t.account; t.refused == nil && t.given {
			passwords = append(passwords, ResetPassword{
				Account: a.ID, DisplayName: a.DisplayName, Username: a.Username, UPN: a.UPN, Email: a.Email, Reset: t.record.Reset.ID, Password: t.password,
			})
		}
	}
	return passwords
}

// Result is what was done, or where nothing was, what is to be.
func (p *PreparedReset) Result() ResetResult {
	result := ResetResult{Customer: p.snap.Customer.Name, Applied: p.applied, Run: orNone(p.run), Accounts: []AccountReset{}, Sync: p.sync, Notes: p.notes}
	for _, t := range p.people {
		v := p.view(t)
		result.Counts.add(v.Outcome)
		result.Accounts = append(result.Accounts, v)
	}
	sortBy(result.Accounts, func(v *AccountReset) (ou, name, id string) { return "", v.DisplayName, v.Account })
	return result
}

func (c *ResetCounts) add(outcome string) {
	c.Selected++
	switch outcome {
	case OutcomePlanned:
		c.Planned++
	case OutcomeSet:
		c.Set++
	case OutcomeHalf:
		c.Half++
	case OutcomeNotSet:
		c.NotSet++
	case OutcomeRefused:
		c.Refused++
	default:
		c.Unknown++
	}
}

func (p *PreparedReset) view(t *toReset) AccountReset {
	a := t.account
	v := AccountReset{Account: a.ID, DisplayName: a.DisplayName, Username: a.Username, UPN: a.UPN, Outcome: OutcomeRefused, Notes: list(t.notes)}
	if t.refused != nil {
		v.Error = problem(t.refused)
		return v
	}
	reset := t.record.Reset
	v.Outcome, v.Follows, v.Reset = outcome(reset), reset.Follows, reset.ID
	if !p.applied {
		v.Outcome = OutcomePlanned
	}
	for _, kind := range bothKinds {
		side := sideOf(reset, kind)
		if side == nil {
			continue
		}
		s := &SideReset{ID: side.ID, Outcome: side.Outcome}
		switch {
		case !p.applied:
			s.Outcome = OutcomePlanned
		case side.Outcome == registry.ResetIntended || side.Outcome == registry.ResetSending:
			s.Outcome = OutcomeUnknown
		}
		s.Server = orNull(side.Server)
		if r := p.open[kind]; r != nil && s.Server == nil {
			s.Server = orNull(r.server)
		}
		if !side.At.IsZero() {
			s.At = &side.At
		}
		if err := t.problems[kind]; err != nil {
			s.Error = problem(err)
			v.Error = cmp.Or(v.Error, s.Error)
		}
		if kind == source.AD {
			v.AD = s
		} else {
			v.M365 = s
		}
	}
	return v
}
