package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Match pairs a customer's pending accounts with mailboxes by rule. It counts
// everybody in both directories, who are read whole.
func (im *Importer) Match(ctx context.Context, r MatchRequest) (MatchResult, error) {
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return MatchResult{}, err
	}
	full, sides, err := im.readSides(ctx, snap, r.ADAsRead)
	if err != nil {
		return MatchResult{}, err
	}
	var result MatchResult
	c := command{name: "match --auto --by " + string(r.By), params: r, dry: r.DryRun, limits: &registry.Limits{Allow: r.Allow}}
	run, err := im.changeLoaded(ctx, full, everything, c, func(d *draft) (err error) {
		if result, err = d.matchAuto(r.By, sides); err != nil {
			return err
		}
		return d.filterMatch(&result, sides, r.Filter)
	})
	if err != nil {
		return MatchResult{}, err
	}
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

// everything is what a match takes of a customer.
var everything = registry.Load{Accounts: true, People: []source.Kind{source.AD, source.M365}}

// sides are the two directories of a match. ad is nil where AD is taken as it was
// last read.
type sides struct{ ad, m365 *reading }

// readSides reads a customer and both of its directories.
func (im *Importer) readSides(ctx context.Context, snap *registry.Snapshot, adAsRead bool) (*registry.Snapshot, sides, error) {
	var s sides
	if err := canMatch(snap.Customer); err != nil {
		return nil, s, err
	}
	for _, kind := range []source.Kind{source.AD, source.M365} { // before either is asked anything
		if _, err := connection(snap, kind); err != nil {
			return nil, s, err
		}
	}
	if _, read := snap.Reads[source.AD]; adAsRead && !read {
		return nil, s, &source.Error{Code: CodeRefused, Topic: TopicNeverRead, Message: snap.Customer.Name + "'s Active Directory was never read whole"}
	}
	reads := []func() error{func() (err error) {
		s.m365, err = im.readWhole(ctx, snap, source.M365, question{})
		return err
	}}
	if !adAsRead {
		reads = append(reads, func() (err error) {
			s.ad, err = im.readWhole(ctx, snap, source.AD, question{})
			return err
		})
	}
	full, err := im.beside(ctx, snap.Customer.ID, everything, reads...)
	return full, s, err
}

func canMatch(c registry.Customer) error {
	if c.PasswordSync == registry.ModeOn {
		return nil
	}
	return &source.Error{
		Code: CodeRefused, Topic: TopicOnlyOnMatches,
		Message: fmt.Sprintf("%s has password sync %s: accounts are matched with mailboxes only when it is on", c.Name, c.PasswordSync),
	}
}

// matchAuto drafts an automatic match.
func (d *draft) matchAuto(by match.Method, s sides) (MatchResult, error) {
	if err := canMatch(d.after.Customer); err != nil {
		return MatchResult{}, err
	}
	if err := d.learnSides(s); err != nil {
		return MatchResult{}, err
	}
	in, err := d.matchInput(s)
	if err != nil {
		return MatchResult{}, err
	}
	found := match.Auto(in, by).Result
	places := d.places(source.AD)
	for _, p := range found.Pairs { // edit is not for several at once
		d.edit(places[p.AD.ID])
	}
	parallel.Ranges(len(found.Pairs), func(from, to int) {
		for _, p := range found.Pairs[from:to] {
			pair(d.after.Accounts[places[p.AD.ID]], p.M365, registry.Pairing{Reason: p.Reason, Confidence: p.Confidence, Evidence: p.Evidence}, d.now)
		}
	})
	if len(found.Pairs) > 0 {
		d.after.Customer.MatchBy = string(by)
	}
	d.settle()
	taken := map[string]bool{}
	already := 0
	for _, p := range in.AD {
		if p.Taken() {
			already++
		}
	}
	for _, p := range in.M365 {
		taken[p.ID] = p.Taken()
	}
	for _, p := range found.Pairs {
		taken[p.M365.ID] = true
	}
	result := viewMatch(found, true, taken)
	result.Customer = d.after.Customer.Name
	result.Counts.AlreadyMatched = already
	result.Read = d.reads(s)
	result.Notes = append(s.notes(), lostLetters(found)...)
	d.doubtful = len(result.Doubtful)
	return result, nil
}

// filterMatch leaves in a result who is to be shown.
func (d *draft) filterMatch(result *MatchResult, s sides, f Filter) error {
	if f.IsZero() {
		return nil
	}
	ad := s.ad
	if ad == nil && len(f.OUs) > 0 {
		var err error
		if ad, err = knownOUs(d.before); err != nil {
			return err
		}
	}
	filter, err := f.in(ad, d.after.Customer.Name)
	if err == nil {
		filter.match(result)
	}
	return err
}

// learnSides takes the reads of a match into the draft.
func (d *draft) learnSides(s sides) error {
	for _, r := range []*reading{s.ad, s.m365} {
		if err := d.learn(r); err != nil {
			return err
		}
	}
	return nil
}

// reads says when the sides of a match were read, and how many users they hold.
func (d *draft) reads(s sides) *MatchReads {
	of := func(r *reading, kind source.Kind) *MatchRead {
		if r != nil {
			return r.shown()
		}
		if last, ok := d.before.Reads[kind]; ok {
			return &MatchRead{At: last.At, Users: last.People, AsRead: true}
		}
		return nil
	}
	return &MatchReads{AD: of(s.ad, source.AD), M365: of(s.m365, source.M365)}
}

// notes are what the directories remark about themselves.
func (s sides) notes() []string {
	notes := []string{}
	for _, r := range []*reading{s.ad, s.m365} {
		if r != nil {
			notes = append(notes, r.notes(false)...)
		}
	}
	if s.ad != nil && s.m365 != nil {
		if note := source.StaleNote(s.ad.info, s.m365.info, s.m365.at); note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// matchInput lists everybody on both sides, the gone included: who has an account
// may be paired, all others count.
func (d *draft) matchInput(s sides) (match.Input, error) {
	ad, goneAD, err := d.everybody(source.AD, s.ad)
	if err != nil {
		return match.Input{}, err
	}
	m365, goneM365, err := d.everybody(source.M365, s.m365)
	if err != nil {
		return match.Input{}, err
	}
	in := match.Input{Decisions: matchDecisions(d.after.Decisions)}
	places, holders := d.places(source.AD), d.places(source.M365)
	addAD := func(users []*source.User, gone bool) {
		for _, u := range users {
			p := match.Person{User: u, Gone: gone || u.SkipReason() == source.SkipDeleted}
			if i, ok := places[u.ID]; ok {
				p.Partner = d.after.Accounts[i].LinkID(source.M365)
			} else {
				p.Bystander = true
			}
			in.AD = append(in.AD, p)
		}
	}
	addM365 := func(users []*source.User, gone bool) {
		for _, u := range users {
			p := match.Person{User: u, Gone: gone || u.SkipReason() == source.SkipDeleted}
			if i, ok := holders[u.ID]; ok {
				p.Partner = d.after.Accounts[i].LinkID(source.AD)
			} else if gone {
				continue
			}
			in.M365 = append(in.M365, p)
		}
	}
	in.AD, in.M365 = make([]match.Person, 0, len(ad)+len(goneAD)), make([]match.Person, 0, len(m365))
	addAD(ad, false)
	addAD(goneAD, true)
	addM365(m365, false)
	addM365(goneM365, true)
	return in, nil
}

// everybody are the users of a directory, as read now or else as last read, and
// those who are known and gone: by an earlier read, or by an account alone.
func (d *draft) everybody(kind source.Kind, r *reading) (users, gone []*source.User, err error) {
	known := d.before.People[kind]
	if r == nil {
		users, gone, err = known.Users()
		return users, append(gone, d.unread(kind, nil)...), err
	}
	there := make(map[string]bool, len(r.users))
	for _, u := range r.users {
		there[u.ID] = true
	}
	for id, p := range known {
		if there[id] {
			continue
		}
		u, err := p.User()
		if err != nil {
			return nil, nil, err
		}
		gone = append(gone, u)
	}
	return r.users, append(gone, d.unread(kind, there)...), nil
}

// unread are the users of accounts who are neither among those that were read now
// nor known from an earlier read.
func (d *draft) unread(kind source.Kind, there map[string]bool) []*source.User {
	var users []*source.User
	for _, a := range d.before.Accounts {
		id := a.LinkID(kind)
		if _, known := d.before.People[kind][id]; id != "" && !known && !there[id] {
			users = append(users, userOf(a, kind))
		}
	}
	return users
}

// viewMatch is what an automatic match found as the program shows it.
func viewMatch(found match.Result, imported bool, taken map[string]bool) MatchResult {
	ad := func(u *source.User) User { return viewUser(u, imported) }
	m365 := func(u *source.User) User { return viewUser(u, taken[u.ID]) }
	r := emptyMatch("")
	r.Pairs = make([]MatchedPair, len(found.Pairs))
	parallel.Ranges(len(found.Pairs), func(from, to int) {
		for i := from; i < to; i++ {
			p := found.Pairs[i]
			r.Pairs[i] = MatchedPair{AD: ad(p.AD), M365: m365(p.M365), Reason: p.Reason, Confidence: p.Confidence, Evidence: list(p.Evidence)}
		}
	})
	for _, a := range found.Ambiguous {
		v := MatchAmbiguous{AD: []User{}, M365: []User{}, Reason: a.Reason}
		for _, u := range a.AD {
			v.AD = append(v.AD, ad(u))
		}
		for _, u := range a.M365 {
			v.M365 = append(v.M365, m365(u))
		}
		r.Counts.Ambiguous += len(v.AD)
		r.Ambiguous = append(r.Ambiguous, v)
	}
	for _, x := range found.Review {
		v := MatchReview{AD: ad(x.AD), Candidates: []MatchCandidate{}, Reason: x.Reason, Why: whySkipped(x.AD, x.Reason)}
		for _, c := range x.Candidates {
			v.Why = cmp.Or(v.Why, whySkipped(c.M365, c.M365.SkipReason()))
			v.Candidates = append(v.Candidates, MatchCandidate{M365: m365(c.M365), Confidence: c.Confidence, Evidence: list(c.Evidence), Against: list(c.Against)})
		}
		r.Review = append(r.Review, v)
	}
	for _, x := range found.Doubtful {
		r.Doubtful = append(r.Doubtful, MatchDoubtful{AD: viewUser(x.AD, true), M365: viewUser(x.M365, true), Reason: x.Reason, Against: list(x.Against)})
	}
	for _, u := range found.UnmatchedAD {
		v := UnmatchedUser{User: ad(u.User), Reason: u.Reason, Why: whySkipped(u.User, u.Reason)}
		if u.Reason == source.SkipPrivileged {
			v.By = u.User.Privileges
		}
		r.UnmatchedAD = append(r.UnmatchedAD, v)
	}
	for _, u := range found.UnmatchedM365 {
		r.UnmatchedM365 = append(r.UnmatchedM365, m365(u))
	}
	sortBy(r.Pairs, func(p *MatchedPair) (ou, name, id string) { return userOrder(&p.AD) })
	sortBy(r.Doubtful, func(x *MatchDoubtful) (ou, name, id string) { return userOrder(&x.AD) })
	sortBy(r.Review, func(x *MatchReview) (ou, name, id string) { return userOrder(&x.AD) })
	sortBy(r.UnmatchedAD, func(u *UnmatchedUser) (ou, name, id string) { return userOrder(&u.User) })
	sortBy(r.UnmatchedM365, userOrder)
	r.Free = freeMailboxes(&r)
	r.Counts.Matched, r.Counts.Review = len(r.Pairs), len(r.Review)
	r.Counts.UnmatchedAD, r.Counts.UnmatchedM365 = len(r.UnmatchedAD), len(r.UnmatchedM365)
	return r
}

// freeMailboxes are those that a match could give away, in the order of a list.
func freeMailboxes(r *MatchResult) []User {
	free := slices.Clone(r.UnmatchedM365)
	for _, x := range r.Ambiguous {
		free = append(free, x.M365...)
	}
	for _, p := range r.Pairs {
		free = append(free, p.M365)
	}
	sortBy(free, userOrder)
	return free
}

func emptyMatch(customer string) MatchResult {
	return MatchResult{
		Customer: customer, Pairs: []MatchedPair{}, Ambiguous: []MatchAmbiguous{}, Review: []MatchReview{},
		UnmatchedAD: []UnmatchedUser{}, UnmatchedM365: []User{}, Doubtful: []MatchDoubtful{},
	}
}

// MatchExports matches two directories automatically without a customer: a
// pilot, that keeps nothing.
func MatchExports(ctx context.Context, open Opener, ad, m365 source.Connection, by match.Method, f Filter) (MatchResult, error) {
	var s sides
	for _, side := range []struct {
		conn source.Connection
		read **reading
	}{{ad, &s.ad}, {m365, &s.m365}} {
		dir, err := open(ctx, side.conn)
		if err != nil {
			return MatchResult{}, err
		}
		r := &reading{kind: side.conn.Kind, export: side.conn.Transport == source.TransportFile, at: time.Now().UTC().Round(0)}
		if len(f.OUs) > 0 {
			err = r.readOUs(ctx, dir)
		}
		if err == nil {
			err = r.read(ctx, dir, question{})
		}
		if cerr := dir.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return MatchResult{}, err
		}
		*side.read = r
	}
	in := match.Input{AD: people(s.ad.users), M365: people(s.m365.users)}
	found := match.Auto(in, by).Result
	result := viewMatch(found, false, nil)
	result.Read = &MatchReads{AD: s.ad.shown(), M365: s.m365.shown()}
	result.Notes = append(s.notes(), lostLetters(found)...)
	if f.IsZero() {
		return result, nil
	}
	filter, err := f.in(s.ad, "the export")
	if err == nil {
		filter.match(&result)
	}
	return result, err
}

// lostLetters remarks on names that an export has damaged: nobody is told by them.
func lostLetters(r match.Result) []string {
	var notes []string
	for _, side := range []struct {
		kind source.Kind
		n    int
	}{{source.AD, r.DamagedAD}, {source.M365, r.DamagedM365}} {
		if side.n > 0 {
			notes = append(notes, fmt.Sprintf("%d names of %s lost letters on their way here, and nobody is matched by them: make the export anew in UTF-8.", side.n, side.kind))
		}
	}
	return notes
}

// shown is the read as a result has it.
func (r *reading) shown() *MatchRead { return &MatchRead{At: r.at, Users: len(r.users)} }

// people are users whom nothing is known of but what was read.
func people(users []*source.User) []match.Person {
	p := make([]match.Person, len(users))
	for i, u := range users {
		p[i] = match.Person{User: u, Gone: u.SkipReason() == source.SkipDeleted}
	}
	return p
}
