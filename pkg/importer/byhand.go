package importer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The reasons of pairs that were made by hand, and of users whom a match by hand
// did not name.
const (
	ReasonManual   = "manual"   // named as a pair
	ReasonDecision = "decision" // decided in a review
	ReasonNotAsked = "not_asked"
)

// MatchByHand carries out what was decided by hand: pairs, partings, rejections
// and whom to leave alone. All of it is checked before any is carried out.
func (im *Importer) MatchByHand(ctx context.Context, r HandRequest) (MatchResult, error) {
	r.told = true
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return MatchResult{}, err
	}
	if err := canMatch(snap.Customer); err != nil {
		return MatchResult{}, err
	}
	var s sides
	full, err := im.beside(ctx, snap.Customer.ID, everything, func() (err error) {
		if r.FromSheet || slices.ContainsFunc(r.Rows, func(row DecisionRow) bool { return row.M365 != "" }) {
			s.m365, err = im.readWhole(ctx, snap, source.M365, question{})
		}
		return err
	})
	if err != nil {
		return MatchResult{}, err
	}
	name := "match"
	if r.FromSheet {
		name = "match --decisions"
	}
	var result MatchResult
	run, err := im.changeLoaded(ctx, full, everything, command{name: name, params: r, dry: r.DryRun, limits: &registry.Limits{ByHand: true, Allow: r.Allow}}, func(d *draft) (err error) {
		result, err = d.matchByHand(r, s)
		return err
	})
	if err != nil {
		return MatchResult{}, err
	}
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

// hand is a match by hand while it is drafted.
type hand struct {
	*draft
	HandRequest
	*decider
	accounts, mailboxes *selectors
	places              []int                         // of the account that each row names
	boxes               []*source.User                // that each row names
	holders             map[string]int                // places by mailbox
	named               map[registry.DecisionKey]bool // pairs that a row before has named
	there               []*source.User                // of Microsoft 365
	meant               map[string]string             // what names that nobody goes by may have been meant for
	problems            []*source.Error
	decided             []DecisionRow // what became of each row
	result              MatchResult
}

// matchByHand drafts a match by hand.
func (d *draft) matchByHand(r HandRequest, s sides) (MatchResult, error) {
	if err := canMatch(d.after.Customer); err != nil {
		return MatchResult{}, err
	}
	if err := d.learn(s.m365); err != nil {
		return MatchResult{}, err
	}
	there, gone, err := d.everybody(source.M365, s.m365)
	if err != nil {
		return MatchResult{}, err
	}
	h := &hand{
		draft: d, HandRequest: r, decider: newDecider(d.after.Decisions), holders: d.places(source.M365), named: map[registry.DecisionKey]bool{},
		there: there, meant: map[string]string{},
		problems: make([]*source.Error, len(r.Rows)), decided: make([]DecisionRow, len(r.Rows)), result: emptyMatch(d.after.Customer.Name),
	}
	if err := h.find(there, gone); err != nil {
		return h.result, err
	}
	if r.FromSheet {
		h.findClashes()
	}
	// Partings go first: what one gives up another may be given.
	partings := make([]bool, len(r.Rows))
	for i := range r.Rows {
		partings[i] = h.isParting(i)
	}
	for _, parting := range []bool{true, false} {
		for i := range r.Rows {
			if h.problems[i] != nil || partings[i] != parting {
				continue
			}
			if h.problems[i] = h.check(i); h.problems[i] == nil {
				if err := h.carryOut(i); err != nil {
					return h.result, err
				}
			}
		}
	}
	if err := h.refusal(); err != nil {
		return h.result, err
	}
	d.settle()
	if r.FromSheet {
		h.result.Decisions = h.decided
	}
	h.result.Counts.Unpaired = len(h.result.Unpaired)
	h.result.Read, h.result.Notes = d.reads(s), s.notes()
	return h.result, h.listOpen(there)
}

// find finds the accounts and mailboxes that the rows name. A pair that stands may
// be named again after its mailbox is gone.
func (h *hand) find(there, gone []*source.User) error {
	ads, boxes := make([]string, len(h.Rows)), make([]string, len(h.Rows))
	for i, row := range h.Rows {
		ads[i], boxes[i] = row.AD, row.M365
	}
	h.accounts, h.places = livingSelectors(ads), make([]int, len(h.Rows))
	for place, a := range h.after.Accounts {
		for _, i := range h.accounts.offerAccount(h.after.Customer.ID, a) {
			h.places[i] = place
		}
	}
	h.mailboxes, h.boxes = newSelectors(boxes), make([]*source.User, len(h.Rows))
	for _, u := range there {
		for _, i := range h.mailboxes.offerUser(u) {
			h.boxes[i] = u
		}
	}
	byID := map[string]*source.User{}
	for _, u := range gone {
		byID[u.ID] = u
	}
	for i := range h.Rows {
		if len(h.accounts.hits[i]) != 1 || len(h.mailboxes.hits[i]) > 0 {
			continue
		}
		u := byID[h.after.Accounts[h.places[i]].LinkID(source.M365)]
		if s := newSelectors(boxes[i : i+1]); u != nil && len(s.offerUser(u)) > 0 {
			h.boxes[i], h.mailboxes.hits[i] = u, s.hits[0]
		}
	}
	if h.FromSheet {
		return nil // each line is told what is wrong with it
	}
	if err := h.accounts.check("account", TopicUnknownAccount, namesOfAccounts(h.after)); err != nil {
		return err
	}
	return h.mailboxes.only(func(i int) bool { return boxes[i] != "" }).check("Microsoft 365 user", TopicUnknownMailbox, namesOfUsers(slices.Values(there)))
}

// isParting says that a row takes a mailbox away from its account.
func (h *hand) isParting(i int) bool {
	row := h.Rows[i]
	if row.Verdict != match.VerdictReject || len(h.accounts.hits[i]) != 1 {
		return false
	}
	return row.M365 == "" || h.boxes[i] != nil && h.after.Accounts[h.places[i]].LinkID(source.M365) == h.boxes[i].ID
}

// findClashes finds the rows that cannot stand beside an earlier one.
func (h *hand) findClashes() {
	var sound []registry.Decision // what is right by itself, and
	var rowOf []int               // in which row it stands
	for i := range h.Rows {
		if h.check(i) == nil {
			sound, rowOf = append(sound, h.decision(i)), append(rowOf, i)
		}
	}
	for at, clash := range clashes(sound) {
		i := rowOf[at]
		h.problems[i] = &source.Error{Code: source.CodeUsage, Message: accountLabel(h.after.Accounts[h.places[i]]) + ": " + clash}
	}
}

// check says what is wrong with a row as things stand.
func (h *hand) check(i int) *source.Error {
	row := h.Rows[i]
	problem := func(code source.Code, topic source.Topic, subject, format string, args ...any) *source.Error {
		return &source.Error{Code: code, Topic: topic, Subject: subject, Message: fmt.Sprintf(format, args...)}
	}
	wantsBox := row.Verdict == match.VerdictMatch || row.Verdict == match.VerdictReject
	if !wantsBox && row.Verdict != match.VerdictIgnore {
		return problem(source.CodeUsage, "", "", "the decision %q is none of match, reject, ignore", row.Verdict)
	}
	switch len(h.accounts.hits[i]) {
	case 0:
		return problem(source.CodeNotFound, TopicUnknownAccount, h.like(row.AD, namesOfAccounts(h.after)), "no account %q", row.AD)
	case 1:
	default:
		return problem(CodeNotUnique, "", "", "%s", listHits(row.AD, h.accounts.hits[i]))
	}
	a := h.after.Accounts[h.places[i]]
	switch {
	case !wantsBox && a.M365 != nil:
		return problem(CodeRefused, TopicPartFirst, selOf(a), "%s is matched with %s: part them before the user is ignored", accountLabel(a), a.M365.Name)
	case !wantsBox, row.M365 == "" && row.Verdict == match.VerdictReject && !h.FromSheet:
		return nil
	case row.M365 == "":
		return problem(source.CodeUsage, "", "", "%s needs a mailbox", row.Verdict)
	case len(h.mailboxes.hits[i]) == 0:
		return problem(source.CodeNotFound, TopicUnknownMailbox, h.like(row.M365, namesOfUsers(slices.Values(h.there))), "no Microsoft 365 user %q", row.M365)
	case len(h.mailboxes.hits[i]) > 1:
		return problem(CodeNotUnique, "", "", "%s", listHits(row.M365, h.mailboxes.hits[i]))
	case row.Verdict == match.VerdictReject:
		return nil
	}
	box := h.boxes[i]
	holder, held := h.holders[box.ID]
	switch {
	case box.Email == "":
		e := problem(CodeRefused, "", "", "%q, %s, has no address and so no mailbox", row.M365, cmp.Or(box.DisplayName, box.UPN))
		e.Hint = "match with a user that has a mailbox"
		return e
	case source.NeverImported(box.SkipReason()):
		return problem(CodeRefused, "", "", "%q, %s, is nobody's mailbox (%s)", row.M365, cmp.Or(box.DisplayName, box.UPN), box.SkipReason())
	case a.M365 != nil && a.M365.ID != box.ID:
		return problem(CodePairTaken, TopicPartFirst, selOf(a), "%s is matched with %s already", accountLabel(a), a.M365.Name)
	case held && holder != h.places[i]:
		other := h.after.Accounts[holder]
		return problem(CodePairTaken, TopicPartFirst, selOf(other), "the mailbox %s is matched with %s already", userLabel(box), accountLabel(other))
	}
	return nil
}

// like says what may have been meant by a name that nobody goes by, of few names alone.
func (h *hand) like(name string, there iter.Seq[called]) string {
	if _, known := h.meant[name]; !known && len(h.meant) < mostMissing {
		h.meant[name] = meant([]string{name}, there)
	}
	return h.meant[name]
}

// refusal is the error of the rows that are wrong: all lines of a sheet, or else
// the first.
func (h *hand) refusal() error {
	var lines []string
	for i, p := range h.problems {
		switch {
		case p == nil:
		case !h.FromSheet:
			return p
		default:
			lines = append(lines, fmt.Sprintf("line %d: %s%s", h.Rows[i].Row, p.Message, mayMean(p)))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return &source.Error{Code: source.CodeUsage, Message: "nothing was applied:\n" + strings.Join(lines, "\n"), Hint: "correct these lines and run the command again"}
}

// decision is what a row decides.
func (h *hand) decision(i int) registry.Decision {
	row, a := h.Rows[i], h.after.Accounts[h.places[i]]
	d := registry.Decision{Verdict: row.Verdict, Reason: row.Reason, ADID: a.LinkID(source.AD), ADName: a.DisplayName, DecidedAt: h.now}
	if box := h.boxes[i]; box != nil && row.Verdict != match.VerdictIgnore {
		d.M365ID, d.M365Name = box.ID, box.DisplayName
	}
	return d
}

// carryOut drafts what a row decides.
func (h *hand) carryOut(i int) error {
	row, place := h.Rows[i], h.places[i]
	a, box := h.after.Accounts[place], h.boxes[i]
	if row.Verdict == match.VerdictReject && row.M365 == "" {
		if a.M365 == nil || h.joins(place, a.M365.ID) {
			return nil // parted already, or to be paired so again: nothing to do
		}
		var err error
		if box, err = h.user(source.M365, a.M365.ID); err != nil {
			return err
		}
		h.boxes[i] = box
	}
	d := h.decision(i)
	row.ADName, row.M365Name, row.Outcome = d.ADName, d.M365Name, "unchanged"
	if h.decider.decide(d) {
		row.Outcome = "recorded"
	}
	h.decided[i] = row
	switch {
	case row.Verdict == match.VerdictReject && a.LinkID(source.M365) == box.ID:
		p, err := h.standing(a)
		if err != nil {
			return err
		}
		h.result.Unpaired = append(h.result.Unpaired, p)
		delete(h.holders, box.ID)
		part(h.edit(place))
	case row.Verdict == match.VerdictMatch:
		return h.join(place, box)
	}
	return nil
}

// joins says whether a row pairs an account with a mailbox.
func (h *hand) joins(place int, box string) bool {
	for i, row := range h.Rows {
		if row.Verdict == match.VerdictMatch && h.places[i] == place && h.boxes[i] != nil && h.boxes[i].ID == box {
			return true
		}
	}
	return false
}

// join drafts a pair.
func (h *hand) join(place int, box *source.User) error {
	a := h.after.Accounts[place]
	u, err := h.user(source.AD, a.LinkID(source.AD))
	if err != nil {
		return err
	}
	p := MatchedPair{AD: viewUser(u, true), M365: viewUser(box, true), Reason: ReasonManual, Confidence: 1, Evidence: []match.Evidence{}}
	p.Privileged = strings.Join(slices.Concat(u.PrivilegePaths(), box.PrivilegePaths()), "; ")
	if h.FromSheet {
		p.Reason = ReasonDecision
	}
	key := registry.DecisionKey{ADID: p.AD.ID, M365ID: p.M365.ID}
	if h.named[key] {
		return nil
	}
	h.named[key] = true
	if p.Unchanged = a.M365 != nil; p.Unchanged {
		h.result.Counts.AlreadyMatched++
	} else {
		pair(h.edit(place), box, registry.Pairing{Reason: p.Reason, Confidence: 1}, h.now)
		h.holders[box.ID] = place
		h.result.Counts.Matched++
	}
	if h.told {
		accept(h.edit(place))
	}
	h.result.Pairs = append(h.result.Pairs, p)
	return nil
}

// standing is a pair that stands, with the reason that was kept.
func (d *draft) standing(a *registry.Account) (MatchedPair, error) {
	ad, err := d.user(source.AD, a.LinkID(source.AD))
	if err != nil {
		return MatchedPair{}, err
	}
	m365, err := d.user(source.M365, a.LinkID(source.M365))
	if err != nil {
		return MatchedPair{}, err
	}
	p := MatchedPair{AD: viewUser(ad, true), M365: viewUser(m365, true), Evidence: []match.Evidence{}}
	if a.Pairing != nil {
		p.Reason, p.Confidence, p.Evidence = a.Pairing.Reason, a.Pairing.Confidence, list(a.Pairing.Evidence)
	}
	return p, nil
}

// listOpen lists who is left without a partner.
func (h *hand) listOpen(mailboxes []*source.User) error {
	r := &h.result
	r.ByHand = true
	for _, a := range h.after.Accounts {
		if a.M365 != nil {
			continue
		}
		u, err := h.user(source.AD, a.LinkID(source.AD))
		if err != nil {
			return err
		}
		r.UnmatchedAD = append(r.UnmatchedAD, UnmatchedUser{User: viewUser(u, true), Reason: ReasonNotAsked})
	}
	taken := h.draft.places(source.M365)
	for _, u := range mailboxes {
		if _, held := taken[u.ID]; u.HasMailbox() && !held {
			r.UnmatchedM365 = append(r.UnmatchedM365, viewUser(u, false))
		}
	}
	sortBy(r.UnmatchedAD, func(u *UnmatchedUser) (ou, name, id string) { return userOrder(&u.User) })
	sortBy(r.UnmatchedM365, userOrder)
	r.Counts.UnmatchedAD, r.Counts.UnmatchedM365 = len(r.UnmatchedAD), len(r.UnmatchedM365)
	return nil
}
