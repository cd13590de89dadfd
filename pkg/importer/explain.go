package importer

import (
	"cmp"
	"context"
	"slices"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// ExplainRequest asks why a user is matched or not, or with two users why that
// pair is.
type ExplainRequest struct {
	Customer string
	By       match.Method
	// First names an account or a mailbox by SEL; Second is "" or names one of
	// the other side.
	First, Second string
}

// Explanation says why a user or a pair is matched or not.
type Explanation struct {
	Customer string `json:"customer"`
	match.Explanation
	ADUser   *User `json:"ad_user"`   // the users that were held against each other
	M365User *User `json:"m365_user"` // nil where there is no candidate
	// NextAD and NextM365 are the users of the runner-up.
	NextAD   *User `json:"-"`
	NextM365 *User `json:"-"`
	// Standing is the pair that the user is in already, with the reason that was
	// kept.
	Standing *MatchedPair `json:"standing"`
	// Decisions are those about these users.
	Decisions []Decision `json:"decisions"`
}

// Explain says what a match does with a user or a pair, and why. Nothing is
// written. A user that is matched is explained with its mailbox.
func (im *Importer) Explain(ctx context.Context, r ExplainRequest) (Explanation, error) {
	reg, err := im.read(ctx, r.Customer, fullAccounts)
	if err != nil {
		return Explanation{}, err
	}
	if err := reg.canMatch(reg.customer.mode); err != nil {
		return Explanation{}, err
	}
	mailboxes, _, err := im.readTenant(ctx, reg, false)
	if err != nil {
		return Explanation{}, err
	}
	d := im.newDraft(reg)
	a, box, err := d.findSides(r, mailboxes)
	if err != nil {
		return Explanation{}, err
	}
	in, _, err := d.matchInput(mailboxes)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Customer: reg.customer.name, Decisions: []Decision{}}
	var ad, m365 string
	if a != nil {
		ad = string(a.adID)
	}
	if box != nil {
		m365 = box.ID
	}
	x.Explanation = match.Explain(in, r.By, ad, m365)
	x.name(in)
	if a != nil && a.m365ID != "" {
		pair, err := a.matchedPair()
		if err != nil {
			return Explanation{}, err
		}
		x.Standing = &pair
	}
	for _, ds := range d.decisions.sorted() {
		if x.ADUser != nil && ds.ADID == x.ADUser.ID {
			x.Decisions = append(x.Decisions, ds)
		}
	}
	return x, nil
}

// findSides finds whom a request is about: an account and a mailbox, either of
// which may be nil where one user was named that has no partner.
func (d *draft) findSides(r ExplainRequest, mailboxes []*source.User) (a *account, box *source.User, err error) {
	ad, m365 := r.First, r.Second
	isAccount := func(sel string) bool {
		s := newSelectors([]string{sel})
		return slices.ContainsFunc(d.accounts(), func(a *account) bool { return len(s.offerAccount(a)) > 0 })
	}
	isUser := func(sel string) bool {
		s := newSelectors([]string{sel})
		return slices.ContainsFunc(mailboxes, func(u *source.User) bool { return len(s.offerUser(u)) > 0 })
	}
	if !isAccount(ad) || m365 != "" && !isUser(m365) && isUser(ad) { // the other way round, or a mailbox alone
		ad, m365 = m365, ad
	}
	if ad != "" {
		found, err := d.find([]string{ad})
		if err != nil {
			return nil, nil, err
		}
		a = found[0]
	}
	if m365 != "" {
		if box, err = findM365User(m365, mailboxes); err != nil {
			return nil, nil, err
		}
	}
	switch { // a user that is matched is explained with its partner
	case ad == "":
		for _, other := range d.accounts() {
			if string(other.m365ID) == box.ID {
				a = other
			}
		}
	case m365 == "" && a.m365ID != "":
		for i := range mailboxes {
			if mailboxes[i].ID == string(a.m365ID) {
				box = mailboxes[i]
			}
		}
	}
	return a, box, nil
}

// findM365User returns the Microsoft 365 user that a SEL names, whether or not it
// has a mailbox.
func findM365User(sel string, users []*source.User) (*source.User, error) {
	s := newSelectors([]string{sel})
	var found *source.User
	for i := range users {
		if len(s.offerUser(users[i])) > 0 {
			found = users[i]
		}
	}
	return found, s.check("account or Microsoft 365 user", "`qpimport accounts` and `qpimport users --source m365 --all` list them")
}

// name shows the users that were held against each other.
func (x *Explanation) name(in match.Input) {
	find := func(people []match.Person, p *match.Party) *User {
		if p == nil {
			return nil
		}
		for _, u := range people {
			if u.ID == p.ID {
				v := viewUser(u.User, cmp.Or(u.Taken(), u.Kind == source.AD))
				return &v
			}
		}
		return nil
	}
	x.ADUser, x.M365User = find(in.AD, x.AD), find(in.M365, x.M365)
	if x.RunnerUp != nil {
		x.NextAD, x.NextM365 = find(in.AD, &x.RunnerUp.AD), find(in.M365, &x.RunnerUp.M365)
	}
}
