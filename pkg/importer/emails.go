package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// EmailChange sets the address of one account.
type EmailChange struct {
	Account string `json:"account"` // SEL
	Email   string `json:"email"`
	Where   string `json:"-"` // how errors name its line in a file, "" outside one
	// Listed is how the account stood when the list was written that the change is from.
	Listed Listed `json:"-"`
}

// Listed is how an account stood in a list of accounts, as far as the list says.
type Listed struct {
	Directory *string // the directory's address, nil where there is no such column
	ByHand    bool    // the address in the list was not the directory's
	UpdatedAt time.Time
}

// EmailsRequest sets addresses, or gives those that were set back to the directory.
type EmailsRequest struct {
	Customer string        `json:"-"`
	Changes  []EmailChange `json:"changes,omitempty"`
	// WorkList says that the changes are a list of accounts that was filled in: a line
	// whose address is the one that the account has from its directory, or had when the
	// list was written, or cannot use, is one that nobody filled in.
	WorkList bool     `json:"-"`
	Clear    []string `json:"clear,omitempty"` // SEL
	DryRun   bool     `json:"-"`
}

// EmailsResult says which accounts have another address.
type EmailsResult struct {
	AccountsResult
	// Unchanged are lines of a work list that nobody filled in.
	Unchanged int `json:"unchanged"`
}

// SetEmails sets addresses by hand, or clears them: all of them, or none and an error
// that names everything that is wrong.
func (im *Importer) SetEmails(ctx context.Context, r EmailsRequest) (EmailsResult, error) {
	sels := slices.Clone(r.Clear)
	for _, ch := range r.Changes {
		sels = append(sels, ch.Account)
	}
	result := EmailsResult{AccountsResult: AccountsResult{Applied: !r.DryRun}}
	owner, err := im.ownerOf(ctx, r.Customer, livingSelectors(sels))
	if err != nil {
		return EmailsResult{}, err
	}
	load, params := registry.Load{Accounts: true}, any(r.Changes)
	if len(r.Clear) > 0 {
		params = r
	}
	if len(r.Clear) > 0 || r.WorkList {
		load.People = []source.Kind{source.AD, source.M365}
	}
	snap, err := im.find(ctx, owner, load)
	if err != nil {
		return EmailsResult{}, err
	}
	result.Run, err = im.changeLoaded(ctx, snap, load, command{name: "accounts set-email", params: params, dry: r.DryRun}, func(d *draft) error {
		result.Accounts = []Account{}
		touched, unchanged, err := d.setEmails(r.Changes, r.WorkList)
		if err != nil {
			return err
		}
		cleared, err := d.clearEmails(r.Clear)
		d.settle()
		for _, i := range append(touched, cleared...) {
			result.Accounts = append(result.Accounts, viewAccount(d.after.Accounts[i], d.after.Customer.Name))
		}
		result.Unchanged = unchanged
		return err
	})
	if err != nil {
		return EmailsResult{}, err
	}
	return result, nil
}

// setEmails drafts addresses set by hand, and returns the places of the accounts and
// how many lines of a work list nobody filled in.
func (d *draft) setEmails(changes []EmailChange, workList bool) (touched []int, unchanged int, err error) {
	sels := make([]string, len(changes))
	for i, ch := range changes {
		sels[i] = ch.Account
	}
	s := livingSelectors(sels)
	found := d.locate(s)
	var wrong problems
	given, holders := map[int]int{}, map[string][]int{}
	for i, a := range d.after.Accounts {
		if a != nil && a.Email != "" && a.Living() && a.State != registry.StatePendingMatch {
			holders[emailKey(a.Email)] = append(holders[emailKey(a.Email)], i)
		}
	}
	unfilled := func(a *registry.Account, ch EmailChange) bool {
		asIs := sameShown(a.Email, ch.Email) && (a.EmailSource != registry.EmailFromManual || a.State == registry.StateNeedsEmail)
		asListed := ch.Listed.Directory != nil && !ch.Listed.ByHand && sameShown(*ch.Listed.Directory, ch.Email)
		return workList && (asIs || asListed)
	}
	// Who gets another address gives his own up, whichever line comes first.
	for k, i := range found {
		if i < 0 {
			continue
		}
		a := d.after.Accounts[i]
		if key := emailKey(a.Email); key != emailKey(changes[k].Email) && !unfilled(a, changes[k]) {
			holders[key] = slices.DeleteFunc(holders[key], func(j int) bool { return j == i })
		}
	}
	missing := 0
	for k, i := range found {
		ch := changes[k]
		email := strings.TrimSpace(ch.Email)
		if i < 0 {
			there := namesOfAccounts(d.after)
			if missing++; missing > mostMissing {
				there = nil
			}
			wrong.add(ch.Where, s.only(func(j int) bool { return j == k }).check("account", TopicUnknownAccount, there))
			if !validEmail(email) && !workList {
				wrong.add(ch.Where, errNoAddress(ch))
			}
			continue
		}
		a := d.after.Accounts[i]
		if unfilled(a, ch) {
			unchanged++
			continue
		}
		if now, err := d.changedSince(a, ch); err != nil {
			return nil, 0, err
		} else if now != "" {
			wrong.add(ch.Where, &source.Error{
				Code: CodeRefused, Message: fmt.Sprintf("%s is not as when the list was written: %s", accountLabel(a), now),
				Hint: "write the list anew, or leave out the lines of those who have changed",
			})
			continue
		}
		first, again := given[i]
		key := emailKey(email)
		switch other := slices.IndexFunc(holders[key], func(j int) bool { return j != i }); {
		case !validEmail(email):
			wrong.add(ch.Where, errNoAddress(ch))
		case again && strings.TrimSpace(changes[first].Email) == email:
		case again:
			wrong.add(ch.Where, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("%s is given two addresses: %s and %s", accountLabel(a), strings.TrimSpace(changes[first].Email), email), Hint: "leave one of the lines"})
		case a.State == registry.StatePendingMatch:
			wrong.add(ch.Where, &source.Error{Code: CodeRefused, Topic: TopicMatchFirst, Message: accountLabel(a) + " waits for its mailbox, which brings the address"})
		case other >= 0:
			wrong.add(ch.Where, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("%s is the address of %s already", email, accountLabel(d.after.Accounts[holders[key][other]])), Hint: "within a customer an address belongs to one account"})
		default:
			given[i] = k
			touched = append(touched, i)
			holders[key] = []int{i}
		}
	}
	if err := wrong.err(); err != nil {
		return nil, 0, err
	}
	for _, i := range touched {
		setEmail(d.edit(i), strings.TrimSpace(changes[given[i]].Email), registry.EmailFromManual)
	}
	return touched, unchanged, nil
}

// changedSince says how an account differs from what the list knew in which it was
// given another address, "" where it does not.
func (d *draft) changedSince(a *registry.Account, ch EmailChange) (string, error) {
	switch was := ch.Listed.Directory; {
	case sameShown(a.Email, ch.Email):
		return "", nil
	case was != nil:
		now, err := d.directoryEmail(a)
		if err != nil || sameShown(*was, now) {
			return "", err
		}
		return fmt.Sprintf("%s has %s for him, and had %s", emailKind(d.after.Customer.PasswordSync, a), cmp.Or(now, "no address"), cmp.Or(*was, "none")), nil
	case !ch.Listed.UpdatedAt.IsZero() && a.UpdatedAt.Truncate(time.Second).After(ch.Listed.UpdatedAt):
		return fmt.Sprintf("it was changed at %s, and has %s", a.UpdatedAt.UTC().Format(time.RFC3339), cmp.Or(a.Email, "no address")), nil
	}
	return "", nil
}

func errNoAddress(ch EmailChange) error {
	return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("not an e-mail address: %q (for %s)", ch.Email, ch.Account), Hint: "an address reads name@domain.example"}
}

// sameShown compares addresses as a list shows them, which has a mark in place of what
// nobody sees.
func sameShown(a, b string) bool {
	shown := func(s string) string {
		return strings.TrimSpace(strings.Map(func(r rune) rune {
			if r == unicode.ReplacementChar || !unicode.IsGraphic(r) {
				return -1
			}
			return r
		}, s))
	}
	return shown(a) == shown(b)
}

// problems are what is wrong with the lines of a file.
type problems []*source.Error

// add takes an error of a line.
func (p *problems) add(where string, err error) {
	var e *source.Error
	if !errors.As(err, &e) {
		e = &source.Error{Message: err.Error()}
	}
	if where != "" {
		e.Message = where + ": " + e.Message + mayMean(e)
		e.Subject = ""
	}
	*p = append(*p, e)
}

// mayMean says in a line of many what the hint of one error would.
func mayMean(e *source.Error) string {
	if e.Code != source.CodeNotFound || e.Subject == "" {
		return ""
	}
	return " (did you mean " + e.Subject + "?)"
}

// err is one error of all; of several kinds it is one of usage: the file has to be
// looked at.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	all := *p[0]
	for _, e := range p[1:] {
		all.Message += "\n" + e.Message
		if e.Code != all.Code {
			all.Code, all.Topic, all.Hint = source.CodeUsage, "", "each line says what is wrong with it"
		}
	}
	return &all
}

// clearEmails drafts that addresses which were set by hand are the directory's again,
// and returns the places of those accounts that had one.
func (d *draft) clearEmails(sels []string) ([]int, error) {
	if len(sels) == 0 {
		return nil, nil
	}
	places, err := d.find(livingSelectors(sels))
	if err != nil {
		return nil, err
	}
	var touched []int
	for _, i := range places {
		a := d.after.Accounts[i]
		if a.EmailSource != registry.EmailFromManual || slices.Contains(touched, i) {
			continue
		}
		email, err := d.directoryEmail(a)
		if err != nil {
			return nil, err
		}
		setEmail(d.edit(i), email, string(emailKind(d.after.Customer.PasswordSync, a)))
		touched = append(touched, i)
	}
	return touched, nil
}

// directoryEmail is the address that an account's directory has for it.
func (d *draft) directoryEmail(a *registry.Account) (string, error) {
	kind := emailKind(d.after.Customer.PasswordSync, a)
	switch {
	case a.EmailSource == string(kind):
		return a.Email, nil
	case a.Link(kind) == nil:
		return "", nil
	}
	u, err := d.user(kind, a.LinkID(kind))
	if err != nil {
		return "", err
	}
	return u.Email, nil
}

// emailKind is the directory that an account's address comes from.
func emailKind(mode registry.Mode, a *registry.Account) source.Kind {
	if mode == registry.ModeOn || a.AD == nil {
		return source.M365
	}
	return source.AD
}

// ADMail is an address that AD does not have.
type ADMail struct {
	DN    string
	Email string
	Had   string // what AD has in its place, "" for nothing
}

// MissingInAD lists the addresses set by hand that AD does not have as mail, of the
// accounts with these ids, or with nil of all of the customer.
func (im *Importer) MissingInAD(ctx context.Context, customer string, ids []string) ([]ADMail, error) {
	snap, err := im.find(ctx, customer, registry.Load{Accounts: true, People: []source.Kind{source.AD}})
	if err != nil {
		return nil, err
	}
	var missing []ADMail
	for _, a := range snap.Accounts {
		if a.AD == nil || a.AD.Gone() || a.EmailSource != registry.EmailFromManual || ids != nil && !slices.Contains(ids, a.ID) {
			continue
		}
		p, known := snap.People[source.AD][a.AD.ID]
		had := ""
		if known {
			u, err := p.User()
			if err != nil {
				return nil, err
			}
			had = u.Email
		}
		if had != a.Email {
			missing = append(missing, ADMail{DN: a.AD.Name, Email: a.Email, Had: had})
		}
	}
	sortBy(missing, func(m *ADMail) (ou, name, id string) { return source.ParentDN(m.DN), m.DN, "" })
	return missing, nil
}
