package importer

import (
	"context"
	"iter"
	"slices"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// ExplainRequest asks why a user is matched or not, or with two users why that
// pair is.
type ExplainRequest struct {
	Customer string
	By       match.Method
	// First names an account, an AD user or a Microsoft 365 user by SEL; Second is
	// "" or names one of the other side.
	First, Second string
	// ADAsRead takes AD as it was last read whole, and does not read it now.
	ADAsRead bool
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
	Decisions []registry.Decision `json:"decisions"`
}

// Explain says what a match does with a user or a pair, and why. Nothing is
// written. A user that is matched is explained with its mailbox.
func (im *Importer) Explain(ctx context.Context, r ExplainRequest) (Explanation, error) {
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return Explanation{}, err
	}
	full, s, err := im.readSides(ctx, snap, r.ADAsRead)
	if err != nil {
		return Explanation{}, err
	}
	d := newDraft(full, im.clock())
	if err := d.learnSides(s); err != nil {
		return Explanation{}, err
	}
	in, err := d.matchInput(s)
	if err != nil {
		return Explanation{}, err
	}
	ad, m365, err := d.findParties(r, in)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Customer: full.Customer.Name, Decisions: []registry.Decision{}}
	x.Explanation = match.Explain(in, r.By, ad, m365)
	x.name(in)
	if i, ok := d.places(source.AD)[ad]; ok && d.after.Accounts[i].M365 != nil {
		p, err := d.standing(d.after.Accounts[i])
		if err != nil {
			return Explanation{}, err
		}
		x.Standing = &p
	}
	for _, ds := range sortedDecisions(full.Decisions) {
		if x.ADUser != nil && ds.ADID == x.ADUser.ID || x.M365User != nil && ds.M365ID == x.M365User.ID {
			x.Decisions = append(x.Decisions, ds)
		}
	}
	return x, nil
}

// usersIn are the users of people, gone or not.
func usersIn(people []match.Person) iter.Seq[*source.User] {
	return func(yield func(*source.User) bool) {
		for _, p := range people {
			if !yield(p.User) {
				return
			}
		}
	}
}

// findParties finds whom a request is about: the ids of an AD user and of a
// Microsoft 365 user, either of which may be "" where one was named that has no
// partner.
func (d *draft) findParties(r ExplainRequest, in match.Input) (ad, m365 string, err error) {
	people := map[source.Kind][]match.Person{source.AD: in.AD, source.M365: in.M365}
	accounts := d.places(source.AD)
	find := func(kind source.Kind, sel string) (id string, s *selectors) {
		s = livingSelectors([]string{sel})
		for _, p := range people[kind] {
			names := userNames(p.User)
			if i, ok := accounts[p.ID]; ok && kind == source.AD {
				names = append(names, d.after.Accounts[i].ID, d.after.Accounts[i].Email)
			}
			if hits := s.offerOf(d.after.Customer.ID, !p.Gone && p.Enabled != source.No, p.ID, userLabel(p.User), names...); len(hits) > 0 {
				id = p.ID
			}
		}
		return id, s
	}
	first, second := r.First, r.Second
	if id, _ := find(source.AD, first); id == "" { // the other way round, or a mailbox alone
		first, second = second, first
	} else if other, _ := find(source.M365, second); second != "" && other == "" {
		if id, _ := find(source.M365, first); id != "" {
			first, second = second, first
		}
	}
	if first != "" {
		var s *selectors
		if ad, s = find(source.AD, first); ad == "" || len(s.hits[0]) > 1 {
			return "", "", s.check("account", TopicUnknownAccount, namesOfUsers(usersIn(people[source.AD])))
		}
	}
	if second != "" {
		var s *selectors
		if m365, s = find(source.M365, second); m365 == "" || len(s.hits[0]) > 1 {
			return "", "", s.check("account or Microsoft 365 user", TopicUnknownParty, namesOfUsers(usersIn(slices.Concat(people[source.AD], people[source.M365]))))
		}
	}
	partner := func(people []match.Person, id string) string {
		for _, p := range people {
			if p.ID == id {
				return p.Partner
			}
		}
		return ""
	}
	switch { // a user that is matched is explained with its partner
	case ad == "":
		ad = partner(in.M365, m365)
	case m365 == "":
		m365 = partner(in.AD, ad)
	}
	return ad, m365, nil
}

// name shows the users that were held against each other.
func (x *Explanation) name(in match.Input) {
	find := func(people []match.Person, p *match.Party) *User {
		if p == nil {
			return nil
		}
		for _, u := range people {
			if u.ID == p.ID {
				v := viewUser(u.User, u.Taken() || u.Kind == source.AD && !u.Bystander)
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
