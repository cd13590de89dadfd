package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// ReasonManual is the reason of a pair that was given by hand.
const ReasonManual = "manual"

// Match pairs a customer's pending accounts with mailboxes: automatically, or
// as told.
func (im *Importer) Match(ctx context.Context, r MatchRequest) (MatchResult, error) {
	reg, err := im.read(ctx, r.Customer, noAccounts)
	if err != nil {
		return MatchResult{}, err
	}
	if err := reg.canMatch(reg.customer.mode); err != nil {
		return MatchResult{}, err
	}
	var mailboxes []*source.User
	var tenant source.Info
	full, err := im.readBeside(ctx, reg.customer.id, func() (err error) {
		if r.Auto || len(r.Pairs) > 0 {
			mailboxes, tenant, err = im.readTenant(ctx, reg, false)
		}
		return err
	})
	if err != nil {
		return MatchResult{}, err
	}
	var finish func() MatchResult
	command := "match"
	if r.Auto {
		command = "match --auto --by " + string(r.By)
	}
	run, err := im.changeFrom(ctx, full, command, r.DryRun, func(d *draft) (err error) {
		if err := reg.canMatch(d.mode); err != nil {
			return err
		}
		d.identify(source.M365, tenant.ID)
		if r.Auto {
			finish, err = d.matchAuto(r.By, mailboxes)
		} else {
			finish, err = d.matchByHand(r, mailboxes)
		}
		return err
	}, func() (*registry, error) { return im.read(ctx, reg.customer.id, fullAccounts) })
	if err != nil {
		return MatchResult{}, err
	}
	result := finish()
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

func (reg *registry) canMatch(mode Mode) error {
	if mode == ModeOn {
		return nil
	}
	return &source.Error{
		Code:    CodeRefused,
		Message: fmt.Sprintf("%s has password sync %s: accounts are matched with mailboxes only when it is on", reg.customer.name, mode),
		Hint:    "the mode is chosen at the first import (--password-sync on); with off, e-mail comes from the directory that was imported from",
	}
}

// readTenant reads all users of the customer's Microsoft 365, and which tenant
// it is.
func (im *Importer) readTenant(ctx context.Context, reg *registry, otherDirectory bool) ([]*source.User, source.Info, error) {
	conn, err := reg.connection(source.M365)
	if err != nil {
		return nil, source.Info{}, err
	}
	dir, err := im.open(ctx, conn)
	if err != nil {
		return nil, source.Info{}, err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	if err != nil {
		return nil, info, err
	}
	if err := reg.checkIdentity(source.M365, info.ID, otherDirectory); err != nil {
		return nil, info, err
	}
	users, err := readAll(ctx, dir)
	return users, info, err
}

func readAll(ctx context.Context, dir source.Directory) ([]*source.User, error) {
	var users []*source.User
	for u, err := range dir.Users(ctx, source.Scope{}) {
		if err != nil {
			return nil, err
		}
		users = append(users, &u)
	}
	return users, nil
}

// matchAuto drafts an automatic match.
func (d *draft) matchAuto(by match.Method, mailboxes []*source.User) (func() MatchResult, error) {
	in, owner, err := d.matchInput(mailboxes)
	if err != nil {
		return nil, err
	}
	found := match.Auto(in, by).Result
	parallel.Ranges(len(found.Pairs), func(from, to int) {
		for _, p := range found.Pairs[from:to] {
			d.after[owner[p.AD.ID]].pair(p.M365, matchNote{Reason: p.Reason, Confidence: p.Confidence, Evidence: p.Evidence})
		}
	})
	already := 0
	for _, p := range in.AD {
		if p.Taken() {
			already++
		}
	}
	taken := map[string]bool{}
	for _, p := range in.M365 {
		taken[p.ID] = p.Taken()
	}
	for _, p := range found.Pairs {
		taken[p.M365.ID] = true
	}
	return func() MatchResult {
		result := viewMatch(found, true, taken)
		result.Customer = d.reg.customer.name
		result.Counts.AlreadyMatched = already
		return result
	}, nil
}

// matchInput lists the users of both sides; owner maps an AD user to its account.
func (d *draft) matchInput(mailboxes []*source.User) (in match.Input, owner map[string]int, err error) {
	owner = make(map[string]int, len(d.after))
	partners := make(map[optional]string, len(d.after))
	users, errs := make([]*source.User, len(d.after)), make([]error, len(d.after))
	parallel.Ranges(len(d.after), func(from, to int) {
		for i := from; i < to; i++ {
			if a := d.after[i]; a != nil {
				users[i], errs[i] = a.user(source.AD)
			}
		}
	})
	for i, a := range d.after {
		if errs[i] != nil { // the first will do
			return in, nil, errs[i]
		}
		if a == nil {
			continue
		}
		u := users[i]
		owner[u.ID] = i
		in.AD = append(in.AD, match.Person{User: u, Partner: string(a.m365ID)})
		if a.m365ID != "" {
			partners[a.m365ID] = u.ID
		}
	}
	in.Decisions = d.decisions.list()
	in.M365 = make([]match.Person, len(mailboxes))
	for i := range mailboxes {
		in.M365[i] = match.Person{User: mailboxes[i], Partner: partners[optional(mailboxes[i].ID)]}
	}
	return in, owner, nil
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
		v := MatchReview{AD: ad(x.AD), Candidates: []MatchCandidate{}, Reason: x.Reason}
		for _, c := range x.Candidates {
			v.Candidates = append(v.Candidates, MatchCandidate{M365: m365(c.M365), Confidence: c.Confidence, Evidence: list(c.Evidence), Against: list(c.Against)})
		}
		r.Review = append(r.Review, v)
	}
	for _, u := range found.UnmatchedAD {
		r.UnmatchedAD = append(r.UnmatchedAD, UnmatchedUser{ad(u.User), u.Reason})
	}
	for _, u := range found.UnmatchedM365 {
		r.UnmatchedM365 = append(r.UnmatchedM365, m365(u))
	}
	sorted(r.Pairs, func(p *MatchedPair) (ou, name, id string) { return userOrder(&p.AD) })
	sorted(r.Review, func(x *MatchReview) (ou, name, id string) { return userOrder(&x.AD) })
	sorted(r.UnmatchedAD, func(u *UnmatchedUser) (ou, name, id string) { return userOrder(&u.User) })
	sorted(r.UnmatchedM365, userOrder)
	r.Counts.Matched, r.Counts.Review = len(r.Pairs), len(r.Review)
	r.Counts.UnmatchedAD, r.Counts.UnmatchedM365 = len(r.UnmatchedAD), len(r.UnmatchedM365)
	return r
}

func emptyMatch(customer string) MatchResult {
	return MatchResult{
		Customer: customer, Pairs: []MatchedPair{}, Ambiguous: []MatchAmbiguous{}, Review: []MatchReview{},
		UnmatchedAD: []UnmatchedUser{}, UnmatchedM365: []User{},
	}
}

// list makes a nil list an empty one, since JSON tells them apart.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// matchByHand drafts the pairs and partings that were asked for.
func (d *draft) matchByHand(r MatchRequest, mailboxes []*source.User) (func() MatchResult, error) {
	result := emptyMatch(d.reg.customer.name)
	parted, err := d.unpair(r.Unpair)
	if err != nil {
		return nil, err
	}
	result.Unpaired = parted
	result.Counts.Unpaired = len(parted)

	ad, m365 := make([]string, len(r.Pairs)), make([]string, len(r.Pairs))
	for i, p := range r.Pairs {
		ad[i], m365[i] = p.AD, p.M365
	}
	accounts, err := d.find(ad)
	if err != nil {
		return nil, err
	}
	holder := map[string]*account{}
	for _, a := range d.accounts() {
		if a.m365ID != "" {
			holder[string(a.m365ID)] = a
		}
	}
	// A pair that stands may be named again after its mailbox is gone.
	there := make(map[optional]bool, len(mailboxes))
	for _, u := range mailboxes {
		there[optional(u.ID)] = true
	}
	standing := slices.Clone(mailboxes)
	for _, a := range accounts {
		if a.m365ID == "" || there[a.m365ID] {
			continue
		}
		there[a.m365ID] = true
		u, err := a.user(source.M365)
		if err != nil {
			return nil, err
		}
		standing = append(standing, u)
	}
	boxes, err := findMailboxes(m365, standing)
	if err != nil {
		return nil, err
	}
	done := map[*account]bool{}
	for i, a := range accounts {
		box := boxes[i]
		if done[a] && holder[box.ID] == a {
			continue // the same pair twice
		}
		done[a] = true
		u, err := a.user(source.AD)
		if err != nil {
			return nil, err
		}
		note := matchNote{Reason: ReasonManual, Confidence: 1}
		pair := MatchedPair{AD: viewUser(u, true), M365: viewUser(box, true), Reason: note.Reason, Confidence: 1, Evidence: []match.Evidence{}}
		other := holder[box.ID]
		switch {
		case other == a:
			pair.Unchanged = true
			result.Counts.AlreadyMatched++
		case a.m365ID != "":
			return nil, &source.Error{Code: CodePairTaken, Message: fmt.Sprintf("%s is matched with %s already", accountLabel(a), a.m365UPN),
				Hint: "part them first: --unpair " + a.username}
		case other != nil:
			return nil, &source.Error{Code: CodePairTaken, Message: fmt.Sprintf("the mailbox %s is matched with %s already", userLabel(box), accountLabel(other)),
				Hint: "part them first: --unpair " + other.username}
		default:
			a.pair(box, note)
			d.decisions.decide(Decision{
				Verdict: match.VerdictMatch, ADID: u.ID, M365ID: box.ID, ADName: u.DisplayName, M365Name: box.DisplayName, DecidedAt: parseTime(d.now),
			})
			holder[box.ID] = a
			result.Counts.Matched++
		}
		result.Pairs = append(result.Pairs, pair)
	}
	return func() MatchResult { return result }, d.leave(&result, mailboxes)
}

// ReasonNotAsked is the reason of a user that a match by hand did not name.
const ReasonNotAsked = "not_asked"

// leave lists who a match by hand leaves without a partner.
func (d *draft) leave(r *MatchResult, mailboxes []*source.User) error {
	r.ByHand = true
	taken := map[string]bool{}
	for _, a := range d.accounts() {
		if a.m365ID != "" {
			taken[string(a.m365ID)] = true
			continue
		}
		u, err := a.user(source.AD)
		if err != nil {
			return err
		}
		r.UnmatchedAD = append(r.UnmatchedAD, UnmatchedUser{viewUser(u, true), ReasonNotAsked})
	}
	for _, u := range mailboxes {
		if u.HasMailbox() && !taken[u.ID] {
			r.UnmatchedM365 = append(r.UnmatchedM365, viewUser(u, false))
		}
	}
	sorted(r.UnmatchedAD, func(u *UnmatchedUser) (ou, name, id string) { return userOrder(&u.User) })
	sorted(r.UnmatchedM365, userOrder)
	r.Counts.UnmatchedAD, r.Counts.UnmatchedM365 = len(r.UnmatchedAD), len(r.UnmatchedM365)
	return nil
}

// unpair makes matched accounts pending again, and keeps the rules from joining
// them anew.
func (d *draft) unpair(sels []string) ([]MatchedPair, error) {
	accounts, err := d.find(sels)
	if err != nil {
		return nil, err
	}
	var parted []MatchedPair
	for _, a := range accounts {
		if a.m365ID == "" {
			continue // parted already: nothing to do
		}
		pair, err := a.matchedPair()
		if err != nil {
			return nil, err
		}
		parted = append(parted, pair)
		a.unpair()
		d.decisions.decide(Decision{
			Verdict: match.VerdictReject, ADID: pair.AD.ID, M365ID: pair.M365.ID, Reason: "parted by hand",
			ADName: pair.AD.DisplayName, M365Name: pair.M365.DisplayName, DecidedAt: parseTime(d.now),
		})
	}
	return parted, nil
}

// matchedPair is a standing pair with the reason that was kept.
func (a *account) matchedPair() (MatchedPair, error) {
	ad, err := a.user(source.AD)
	if err != nil {
		return MatchedPair{}, err
	}
	m365, err := a.user(source.M365)
	if err != nil {
		return MatchedPair{}, err
	}
	var note matchNote
	if err := json.Unmarshal([]byte(a.match), &note); err != nil {
		return MatchedPair{}, damagedRow(err, "match of account %s", a.id)
	}
	return MatchedPair{AD: viewUser(ad, true), M365: viewUser(m365, true), Reason: note.Reason, Confidence: note.Confidence, Evidence: list(note.Evidence)}, nil
}

// find returns the account that each SEL names.
func (d *draft) find(sels []string) ([]*account, error) {
	s := newSelectors(sels)
	found := make([]*account, len(sels))
	for _, a := range d.accounts() {
		for _, i := range s.offerAccount(a) {
			found[i] = a
		}
	}
	return found, s.check("account", "`qpimport accounts` lists them")
}

// findMailboxes returns the Microsoft 365 user that each SEL names; it needs an
// address, since the account is to have it.
func findMailboxes(sels []string, users []*source.User) ([]*source.User, error) {
	s := newSelectors(sels)
	found := make([]*source.User, len(sels))
	for i := range users {
		for _, j := range s.offerUser(users[i]) {
			found[j] = users[i]
		}
	}
	if err := s.check("Microsoft 365 user", "`qpimport users --source m365 --all` lists them"); err != nil {
		return nil, err
	}
	for i, u := range found {
		if u.Email == "" {
			return nil, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("%q, %s, has no address and so no mailbox", sels[i], cmp.Or(u.DisplayName, u.UPN)),
				Hint: "match with a user that has a mailbox"}
		}
	}
	return found, nil
}

// MatchExports matches two directories automatically without a customer: a
// pilot, that keeps nothing.
func MatchExports(ctx context.Context, open Opener, ad, m365 source.Connection, by match.Method) (MatchResult, error) {
	sides := make([][]*source.User, 2)
	for i, conn := range []source.Connection{ad, m365} {
		dir, err := open(ctx, conn)
		if err != nil {
			return MatchResult{}, err
		}
		sides[i], err = readAll(ctx, dir)
		if err != nil {
			_ = dir.Close()
			return MatchResult{}, err
		}
		if err := dir.Close(); err != nil {
			return MatchResult{}, err
		}
	}
	in := match.Input{AD: people(sides[0]), M365: people(sides[1])}
	return viewMatch(match.Auto(in, by).Result, false, nil), nil
}

func people(users []*source.User) []match.Person {
	p := make([]match.Person, len(users))
	for i := range users {
		p[i].User = users[i]
	}
	return p
}
