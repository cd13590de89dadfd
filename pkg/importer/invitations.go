package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The apps that people are invited to.
const (
	AppMobile = "mobile"
	AppWeb    = "web"
)

// The reasons for which somebody waits for an invitation, beside the states of
// accounts, the issues of addresses (email_missing …), the statuses of links and the
// skip reasons of package source.
const (
	WaitUnknown = "outcome_unknown" // a message was begun, and nobody knows whether it went
	WaitAddress = "address_invited" // another account with this address was invited
	WaitPerson  = "person_invited"  // the person was invited, of whom this is another account
	waitEmail   = "email_"
)

// InvitationsRequest says whom an invitation is for. At most one of Accounts, Again
// and RemindAfter is given.
type InvitationsRequest struct {
	Customer string `json:"-"`
	App      string `json:"app"`
	// AllApps lists who was invited to whichever app.
	AllApps  bool     `json:"-"`
	Accounts []string `json:"accounts,omitempty"` // SEL: none but these
	// Again are SELs of people who are invited once more, or though nobody knows
	// whether they were.
	Again []string `json:"again,omitempty"`
	// RemindAfter chooses who was invited so long ago and is not marked as done.
	RemindAfter time.Duration `json:"remind_after,omitempty"`
}

// Invitee is somebody who is to be invited.
type Invitee struct {
	Account
	before registry.Invitation // the last one, zero for none
	// The ids of the users of the account, "" for none.
	adID, m365ID string
}

// Reminder says that the person was invited before.
func (v Invitee) Reminder() bool { return v.before.Account != "" }

// Invited is somebody who was invited.
type Invited struct {
	Account     string       `json:"account"` // its id
	DisplayName string       `json:"display_name"`
	Email       string       `json:"email"` // to which it went
	App         string       `json:"app"`
	At          time.Time    `json:"at"`
	Way         registry.Way `json:"way"`
	DoneAt      *time.Time   `json:"done_at"` // nil while not marked as done
}

// Waiting is somebody who cannot be invited yet.
type Waiting struct {
	Account     string `json:"account"` // its id
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
	Reason      string `json:"reason"`
	Why         string `json:"why"` // more than the reason, in words; "" for no more
}

// Unsent is somebody whose invitation did not go.
type Unsent struct {
	Account     string `json:"account"` // its id
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
	Outcome     string `json:"outcome"` // refused, or unknown where it may have gone
	Error       string `json:"error"`
}

// Invitations says who is invited, who can be, and who waits for what.
type Invitations struct {
	Customer string           `json:"customer"`
	App      string           `json:"app"`
	Applied  bool             `json:"applied"` // people were invited or marked
	Run      *int64           `json:"run"`
	Counts   InvitationCounts `json:"counts"`
	Ready    []Account        `json:"ready"`
	Waiting  []Waiting        `json:"waiting"`
	Invited  []Invited        `json:"invited"`
	// Now are those whom this command invited, reminded or marked, or in a dry run
	// would, and with RemindAfter alone those who are due.
	Now    []Invited `json:"now"`
	Failed []Unsent  `json:"failed"`
	// Unknown are those of a list of people to mark who are no accounts.
	Unknown []string `json:"unknown,omitempty"`
}

// InvitationCounts counts people.
type InvitationCounts struct {
	Ready   int `json:"ready"`
	Waiting int `json:"waiting"`
	Invited int `json:"invited"`
	Done    int `json:"done"` // of the invited
	Now     int `json:"now"`
	Failed  int `json:"failed"`
}

// InvitationsDraft is who stands where, and who would be invited now.
type InvitationsDraft struct {
	Result  Invitations
	Chosen  []Invitee
	request InvitationsRequest
	snap    *registry.Snapshot
	at      time.Time
}

var invitationsLoad = registry.Load{Accounts: true, People: []source.Kind{source.AD, source.M365}, Invitations: true}

// Invitations finds out who was invited to an app, who can be, and who waits. It
// writes nothing.
func (im *Importer) Invitations(ctx context.Context, r InvitationsRequest) (*InvitationsDraft, error) {
	snap, err := im.find(ctx, r.Customer, invitationsLoad)
	if err != nil {
		return nil, err
	}
	return draftInvitations(snap, r, im.clock())
}

func draftInvitations(snap *registry.Snapshot, r InvitationsRequest, at time.Time) (*InvitationsDraft, error) {
	d := &InvitationsDraft{request: r, snap: snap, at: at, Result: Invitations{
		Customer: snap.Customer.Name, App: r.App, Ready: []Account{}, Waiting: []Waiting{}, Invited: []Invited{}, Now: []Invited{}, Failed: []Unsent{},
	}}
	all := snap.Invited()
	earlier := invitedBefore(snap, all, r.App)
	addresses := map[string]registry.Invitation{}
	for _, v := range all {
		if v.App == r.App && v.Way != registry.WayMarked {
			addresses[emailKey(v.Email)] = v
		}
	}
	named := livingSelectors(slices.Concat(r.Accounts, r.Again))
	var refused []string
	for _, a := range snap.Accounts {
		chosen := len(named.offerAccount(snap.Customer.ID, a)) > 0
		view := viewAccount(a, snap.Customer.Name)
		before, was := all[registry.InvitationKey{Account: a.ID, App: r.App}]
		for _, app := range []string{AppMobile, AppWeb} {
			if v, ok := all[registry.InvitationKey{Account: a.ID, App: app}]; ok && isInvited(v) && (r.AllApps || app == r.App) {
				d.Result.Invited = append(d.Result.Invited, viewInvited(v, a))
			}
		}
		reason, why, err := whyNotInvited(snap, a)
		if err != nil {
			return nil, err
		}
		fits := reason == ""
		invited := was && isInvited(before)
		if v, ok := addresses[emailKey(a.Email)]; fits && !was && ok {
			reason, why = WaitAddress, fmt.Sprintf("as %s, at %s", cmp.Or(v.Name, v.Account), v.At.Format(time.RFC3339))
		} else if v, ok := earlier(a); fits && !was && ok {
			reason, why = WaitPerson, fmt.Sprintf("at %s, at %s", cmp.Or(v.Email, "no address"), v.At.Format(time.RFC3339))
		}
		if fits && was && !invited {
			reason, why = WaitUnknown, "begun at "+before.At.Format(time.RFC3339)
		}
		switch {
		case invited:
		case reason == "":
			d.Result.Ready = append(d.Result.Ready, view)
		default:
			d.Result.Waiting = append(d.Result.Waiting, Waiting{a.ID, a.DisplayName, a.Email, reason, why})
		}
		take := reason == "" && !invited
		switch {
		case len(r.Again) > 0:
			take = chosen && fits
		case len(r.Accounts) > 0:
			take = chosen && take
		case r.RemindAfter > 0:
			take = fits && invited && before.DoneAt.IsZero() && at.Sub(before.At) >= r.RemindAfter
		}
		if take {
			d.Chosen = append(d.Chosen, Invitee{view, before, a.LinkID(source.AD), a.LinkID(source.M365)})
		} else if chosen {
			if invited && fits {
				reason = fmt.Sprintf("was invited to %s at %s", before.Email, before.At.Format(time.RFC3339))
			}
			refused = append(refused, fmt.Sprintf("%s: %s", accountLabel(a), strings.TrimSpace(reason+" "+why)))
		}
	}
	if err := named.check("account", TopicUnknownAccount, namesOfAccounts(snap)); err != nil {
		return nil, err
	}
	if len(refused) > 0 {
		return nil, &source.Error{Code: CodeRefused, Topic: TopicNotInvited, Message: "cannot be invited: " + strings.Join(refused, "; ")}
	}
	d.sort()
	return d, nil
}

// invitedBefore finds the invitation to an app that the person of an account had under
// an account that is gone.
func invitedBefore(snap *registry.Snapshot, all registry.Invitations, app string) func(*registry.Account) (registry.Invitation, bool) {
	there := map[string]bool{}
	for _, a := range snap.Accounts {
		there[a.ID] = true
	}
	found := map[source.Kind]map[string]registry.Invitation{source.AD: {}, source.M365: {}}
	for _, v := range all {
		if v.App != app || there[v.Account] {
			continue
		}
		for kind, id := range map[source.Kind]string{source.AD: v.ADID, source.M365: v.M365ID} {
			if last, has := found[kind][id]; id != "" && (!has || last.At.Before(v.At)) {
				found[kind][id] = v
			}
		}
	}
	return func(a *registry.Account) (registry.Invitation, bool) {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if v, ok := found[kind][a.LinkID(kind)]; ok {
				return v, true
			}
		}
		return registry.Invitation{}, false
	}
}

// sort orders the lists as accounts are, and counts.
func (d *InvitationsDraft) sort() {
	sortBy(d.Result.Ready, accountOrder)
	sortBy(d.Chosen, func(v *Invitee) (ou, name, id string) { return accountOrder(&v.Account) })
	sortBy(d.Result.Waiting, func(w *Waiting) (ou, name, id string) { return w.Reason, w.DisplayName, w.Account })
	sortBy(d.Result.Invited, func(v *Invited) (ou, name, id string) { return "", v.DisplayName, v.Account + v.App })
	d.Result.count()
}

func (r *Invitations) count() {
	r.Counts = InvitationCounts{Ready: len(r.Ready), Waiting: len(r.Waiting), Invited: len(r.Invited), Now: len(r.Now), Failed: len(r.Failed)}
	for _, v := range r.Invited {
		if v.DoneAt != nil {
			r.Counts.Done++
		}
	}
}

// Propose lists those chosen as the ones who would be invited now.
func (d *InvitationsDraft) Propose() {
	for _, v := range d.Chosen {
		now := Invited{Account: v.ID, DisplayName: v.DisplayName, Email: v.Email, App: d.request.App, At: d.at}
		if d.request.RemindAfter > 0 {
			now.At, now.Way = v.before.At, v.before.Way
		}
		d.Result.Now = append(d.Result.Now, now)
	}
	d.Result.count()
}

// isInvited says that the person was invited for all that is known, or is there.
func isInvited(v registry.Invitation) bool {
	return v.Way != registry.WayUnknown || !v.DoneAt.IsZero()
}

func viewInvited(v registry.Invitation, a *registry.Account) Invited {
	w := Invited{Account: v.Account, DisplayName: v.Name, Email: v.Email, App: v.App, At: v.At, Way: v.Way}
	if a != nil {
		w.DisplayName = a.DisplayName
	}
	if !v.DoneAt.IsZero() {
		w.DoneAt = &v.DoneAt
	}
	return w
}

// whyNotInvited is why the person of an account cannot be invited, "" where he can:
// it has to be one who works here, whom the directories have and let in.
func whyNotInvited(snap *registry.Snapshot, a *registry.Account) (reason, why string, err error) {
	switch a.State {
	case registry.StatePendingMatch:
		return string(a.State), "", nil
	case registry.StateNeedsEmail:
		return waitEmail + a.EmailIssue, a.Email, nil
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		l := a.Link(kind)
		if l == nil {
			continue
		}
		if l.Status != registry.StatusOK {
			return l.Status, "in " + kind.String(), nil
		}
		if l.Privileged != "" {
			return source.SkipPrivileged, l.Privileged, nil
		}
		p, known := snap.People[kind][l.ID]
		if !known {
			continue
		}
		u, err := p.User()
		if err != nil {
			return "", "", err
		}
		var lifted []string
		if a.EmailSource == registry.EmailFromManual {
			lifted = append(lifted, source.SkipNoMailbox) // the address is elsewhere
		}
		if reason := u.SkipReason(lifted...); reason != "" {
			return reason, whySkipped(u, reason), nil
		}
	}
	return "", "", nil
}

// invitation is what is kept of an invitation that goes out now.
func (d *InvitationsDraft) invitation(v Invitee, way registry.Way, message string, at time.Time) registry.Invitation {
	return registry.Invitation{Account: v.ID, App: d.request.App, Name: cmp.Or(v.DisplayName, v.Username), Email: v.Email, Way: way, Message: message, At: at, ADID: v.adID, M365ID: v.m365ID}
}

// moved says that somebody else has invited the person since the draft was made.
func (d *InvitationsDraft) moved(snap *registry.Snapshot, v Invitee) bool {
	now, is := snap.Invitation(registry.InvitationKey{Account: v.ID, App: d.request.App})
	return is && !now.Same(v.before) || !is && v.before.Account != ""
}

// RecordWritten records that invitations for those chosen were written to files, for
// somebody to send.
func (im *Importer) RecordWritten(ctx context.Context, d *InvitationsDraft) (Invitations, error) {
	run, err := im.changeLoaded(ctx, d.snap, invitationsLoad, command{name: "invitations", params: d.request}, func(dr *draft) error {
		d.Result.Now = []Invited{}
		for _, v := range d.Chosen {
			if d.moved(dr.before, v) {
				return &source.Error{Code: CodeStale, Message: fmt.Sprintf("%s was invited by another process meanwhile", v.DisplayName), Hint: "run the command again"}
			}
			made := d.invitation(v, registry.WayWritten, "", dr.now)
			dr.after.Invitations[made.Key()] = made
			d.Result.Now = append(d.Result.Now, viewInvited(made, nil))
		}
		return nil
	})
	return im.invited(ctx, d, run, err)
}

// MarkRequest says who has come onto an app.
type MarkRequest struct {
	Customer string   `json:"-"`
	App      string   `json:"app"`
	Accounts []string `json:"accounts,omitempty"` // SEL; each must be one
	// Listed are the SELs of somebody else's list: who is no account of the customer does
	// not count.
	Listed []string `json:"-"`
	DryRun bool     `json:"-"`
}

// MarkInvited marks people as done: they are there, and are reminded of nothing.
// Somebody who came without an invitation needs none any more.
func (im *Importer) MarkInvited(ctx context.Context, r MarkRequest) (Invitations, error) {
	d, err := im.Invitations(ctx, InvitationsRequest{Customer: r.Customer, App: r.App})
	if err != nil {
		return Invitations{}, err
	}
	run, err := im.changeLoaded(ctx, d.snap, invitationsLoad, command{name: "invitations mark", params: r, dry: r.DryRun}, func(dr *draft) error {
		d.Result.Now, d.Result.Unknown = []Invited{}, nil
		places, err := dr.find(livingSelectors(r.Accounts))
		if err != nil {
			return err
		}
		listed := livingSelectors(r.Listed)
		for k, i := range dr.locate(listed) {
			switch hits := len(listed.hits[k]); {
			case hits == 0:
				d.Result.Unknown = append(d.Result.Unknown, r.Listed[k])
			case hits == 1:
				places = append(places, i)
			}
		}
		if err := listed.only(func(k int) bool { return len(listed.hits[k]) > 0 }).check("account", TopicUnknownAccount, nil); err != nil {
			return err
		}
		for _, i := range places {
			a := dr.after.Accounts[i]
			key := registry.InvitationKey{Account: a.ID, App: r.App}
			v, was := dr.before.Invitation(key)
			if !was {
				v = registry.Invitation{Account: a.ID, App: r.App, Name: cmp.Or(a.DisplayName, a.Username), Email: a.Email, Way: registry.WayMarked, At: dr.now, ADID: a.LinkID(source.AD), M365ID: a.LinkID(source.M365)}
			}
			if v.DoneAt.IsZero() && dr.after.Invitations[key].DoneAt.IsZero() {
				v.DoneAt = dr.now
				dr.after.Invitations[key] = v
				d.Result.Now = append(d.Result.Now, viewInvited(v, a))
			}
		}
		return nil
	})
	if r.DryRun {
		d.Result.count()
		return d.Result, err
	}
	return im.invited(ctx, d, run, err)
}

// invited is the result after a run: who stands where by now.
func (im *Importer) invited(ctx context.Context, d *InvitationsDraft, run *int64, err error) (Invitations, error) {
	if err != nil {
		return d.Result, err
	}
	snap, err := im.store.Snapshot(ctx, registry.Ref{ID: d.snap.Customer.ID}, invitationsLoad)
	if err != nil {
		return d.Result, err
	}
	after, err := draftInvitations(snap, InvitationsRequest{App: d.request.App, AllApps: d.request.AllApps}, im.clock())
	if err != nil {
		return d.Result, err
	}
	after.Result.Run, after.Result.Applied, after.Result.Now, after.Result.Failed = run, true, d.Result.Now, d.Result.Failed
	after.Result.Unknown = d.Result.Unknown
	after.Result.count()
	return after.Result, nil
}

// mailsIn counts the mails that a run sent, or may have.
func mailsIn(changes []registry.StoredChange) int {
	n := 0
	for _, c := range changes {
		var after struct {
			Message string `json:"message"`
		}
		if c.Entity == registry.EntityInvitation && json.Unmarshal(c.After, &after) == nil && after.Message != "" {
			n++
		}
	}
	return n
}
