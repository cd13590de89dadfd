package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The reasons for which a user is skipped, beside those of package source.
const (
	SkipExcluded   = "excluded"        // the request left the user out
	SkipDismissed  = "deleted_by_hand" // the account was deleted by hand before
	SkipSamePerson = "same_person"     // AD has the user already
)

// The outcomes of an account in an import.
const (
	OutcomeImported  = "imported"
	OutcomeUpdated   = "updated"
	OutcomeUnchanged = "unchanged"
)

// Import takes users of a directory into the registry. The directory is read
// whole: the OUs choose who is imported, not who is known.
func (im *Importer) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	r.told = true
	if err := r.validate(); err != nil {
		return ImportResult{}, err
	}
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return ImportResult{}, err
	}
	if _, err := r.settleMode(snap.Customer, snap.Counts.Total); err != nil {
		return ImportResult{}, err // before the directory is asked anything
	}
	load := registry.Load{Accounts: true, People: []source.Kind{r.Source}}
	if r.AlsoM365 {
		load = everything // AD's people are to be held against
	}
	var read *reading
	full, err := im.beside(ctx, snap.Customer.ID, load, func() (err error) {
		if r.Survey != nil {
			read = r.Survey.again()
			return nil
		}
		read, err = im.readWhole(ctx, snap, r.Source, r.question(snap))
		return err
	})
	if err != nil {
		return ImportResult{}, err
	}
	var decided *draft
	var b *batch
	run, err := im.changeLoaded(ctx, full, load, command{name: "import", params: r, dry: r.DryRun, limits: &registry.Limits{Allow: r.Allow}}, func(d *draft) (err error) {
		decided = d
		b, err = d.importFrom(r, read)
		d.settle()
		return err
	})
	if err != nil {
		return ImportResult{}, err
	}
	// Of a large directory both the people and the result take a hundred MiB: the one
	// is let go before the other is made.
	decided.readings, decided.users, b.picks, read.users = nil, nil, nil, nil
	result := decided.importResult(r, b)
	result.Notes = list(b.notes(true))
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

func (r *ImportRequest) validate() error {
	usage := func(topic source.Topic, message string) error {
		return &source.Error{Code: source.CodeUsage, Topic: topic, Message: message}
	}
	switch {
	case r.Source != source.AD && r.Source != source.M365:
		return usage("", "no directory to import from is named")
	case r.All == (len(r.Users) > 0):
		return usage(TopicUsersMissing, "say who is to be imported: everybody, or users by name")
	case r.Source == source.AD && len(r.OUs) == 0 && len(r.Groups) == 0 && r.All:
		return usage(TopicOUMissing, "an import of everybody from Active Directory needs an OU or a group")
	case r.Source == source.AD && (r.Licensed || len(r.SKUs) > 0):
		return usage("", "Active Directory knows no licences")
	}
	return nil
}

// namesLicences says that a licence is named otherwise than by its id.
func (r *ImportRequest) namesLicences() bool {
	return slices.ContainsFunc(r.SKUs, func(name string) bool { return !source.IsID(strings.ToLower(strings.TrimSpace(name))) })
}

// question is what the import has to know of the directory. OUs that are not there
// are told before everybody is read.
func (r *ImportRequest) question(snap *registry.Snapshot) question {
	return question{
		other: r.OtherDirectory, groups: r.Groups, licences: needIf(r.namesLicences()),
		look: func(read *reading) (string, error) {
			_, err := findOUs(read, snap.Customer.Name, slices.Concat(r.OUs, r.ExcludeOUs))
			return "", err
		},
	}
}

// settleMode says in which mode the import runs.
func (r *ImportRequest) settleMode(c registry.Customer, accounts int) (registry.Mode, error) {
	mode := cmp.Or(r.PasswordSync, c.PasswordSync)
	switch {
	case mode == registry.ModeUnset:
		return mode, &source.Error{
			Code:    CodePasswordSyncUnset,
			Message: c.Name + " has no password sync mode yet",
		}
	case mode != registry.ModeOn && mode != registry.ModeOff:
		return mode, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("password sync is on or off, not %q", mode)}
	}
	if err := mayChoose(c, mode, accounts); err != nil {
		return mode, err
	}
	if mode == registry.ModeOn && r.Source == source.M365 {
		return mode, &source.Error{
			Code:    CodeRefused,
			Topic:   TopicOnImportsFromAD,
			Message: "with password sync on, users are imported from Active Directory and matched with mailboxes",
		}
	}
	return mode, nil
}

// batch is whom an import selects.
type batch struct {
	*reading
	selection *selection
	picks     []*source.User
	chosen    []int // the places of their accounts
	skipped   []SkippedUser
	held      []*source.User // of the skipped, who may have an account all the same
	below     int
	unused    []string // exclusions that fit nobody
	like      map[string]string
}

// selectBatch selects the users to import from a directory that was read.
func selectBatch(whole *reading, sel *selection, r ImportRequest, snap *registry.Snapshot) (*batch, error) {
	same := func(*source.User) bool { return false }
	if r.AlsoM365 {
		same = samePeople(snap)
	}
	b := &batch{reading: whole, selection: sel, skipped: []SkippedUser{}}
	wanted, excluded := newNameList(r.usersOf(snap)), newNameList(r.Exclude)
	var lifted []string
	if r.IncludeDisabled {
		lifted = append(lifted, source.SkipDisabled)
	}
	if r.IncludePrivileged {
		lifted = append(lifted, source.SkipPrivileged)
	}
	for _, u := range whole.users {
		take, below := sel.takes(u)
		if !take {
			if below {
				b.below++
			}
			continue
		}
		found, asked := wanted.match(u)
		if !found && !r.All {
			continue
		}
		reason := u.SkipReason(lifted...)
		out, _ := excluded.match(u)
		switch {
		case out, sel.leavesOut(u):
			reason, asked = SkipExcluded, false
		case source.NeverImported(reason):
		case same(u):
			reason = SkipSamePerson
		case !asked && dismissed(snap, u):
			reason = SkipDismissed
		case asked:
			reason = ""
		}
		switch reason {
		case source.SkipDisabled, source.SkipPrivileged, source.SkipServiceUser:
			b.held = append(b.held, u)
		}
		if reason != "" {
			b.skipped = append(b.skipped, skippedUser(u, reason, asked))
			continue
		}
		b.picks = append(b.picks, u)
	}
	there := namesOfUsers(func(yield func(*source.User) bool) {
		for _, u := range whole.users {
			if take, _ := sel.takes(u); take && !yield(u) {
				return
			}
		}
	})
	if err := wanted.exact.check("user", TopicUnknownUser, there); err != nil {
		return nil, err
	}
	if nobody := wanted.unusedPatterns(); len(nobody) > 0 {
		return nil, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownUser, Message: "no user fits " + quoteAll(nobody)}
	}
	b.unused = excluded.unused()
	if unused := excluded.exact.unused(); r.told {
		b.like = map[string]string{}
		for _, name := range unused[:min(mostMissing, len(unused))] {
			b.like[name] = meant([]string{name}, there)
		}
	}
	slices.SortFunc(b.skipped, func(x, y SkippedUser) int {
		return cmp.Or(compareFold(x.DisplayName, y.DisplayName), cmp.Compare(x.ID, y.ID))
	})
	return b, nil
}

// usersOf are the names of those asked for; who is named by the id of his account goes
// by that of his user.
func (r *ImportRequest) usersOf(snap *registry.Snapshot) []string {
	if len(r.Users) == 0 {
		return nil
	}
	users := map[string]string{}
	for _, a := range snap.Accounts {
		if a != nil && a.Link(r.Source) != nil {
			users[a.ID] = a.LinkID(r.Source)
		}
	}
	names := slices.Clone(r.Users)
	for i, name := range names {
		names[i] = cmp.Or(users[strings.ToLower(strings.TrimSpace(name))], name)
	}
	return names
}

// skippedUser says why a user is not imported.
func skippedUser(u *source.User, reason string, asked bool) SkippedUser {
	s := SkippedUser{ID: u.ID, DisplayName: cmp.Or(u.DisplayName, u.Username), Reason: reason, Refused: asked}
	s.Why = whySkipped(u, reason)
	if reason == source.SkipPrivileged {
		s.By = u.Privileges
	}
	return s
}

// importFrom drafts an import from a directory that was read.
func (d *draft) importFrom(r ImportRequest, read *reading) (*batch, error) {
	c := d.after.Customer // an import before this one may have set its mode
	mode, err := r.settleMode(c, d.accounts())
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(d.before, r.Source, read.info.ID, r.OtherDirectory); err != nil {
		return nil, err
	}
	if err := d.checkSecond(r, mode); err != nil {
		return nil, err
	}
	d.after.Customer.PasswordSync = mode
	if err := d.learn(read); err != nil {
		return nil, err
	}
	sel, err := newSelection(read, c.Name, r)
	if err != nil {
		return nil, err
	}
	b, err := selectBatch(read, sel, r, d.after)
	if err != nil {
		return nil, err
	}
	known, overtaken := d.places(r.Source), d.overtaken(read)
	for _, u := range b.picks {
		i, ok := known[u.ID]
		switch {
		case !ok:
			i = d.add(begin(mode, u, d.now))
		case !overtaken:
			a := d.edit(i)
			adopt(mode, a, u, d.now)
			if r.told {
				accept(a)
			}
		}
		delete(d.after.Dismissals, registry.DismissalKey{Kind: u.Kind, ID: u.ID})
		b.chosen = append(b.chosen, i)
	}
	for _, u := range b.held {
		if i, ok := known[u.ID]; ok && !overtaken {
			adopt(mode, d.edit(i), u, d.now)
		}
	}
	d.after.Selections = registry.Select(d.after.Selections, r.selection(b))
	return b, nil
}

// selection is what the import asks for, as a later refresh is to ask again.
func (r *ImportRequest) selection(b *batch) registry.Selection {
	s := registry.Selection{
		Source: r.Source, OUs: refs(b.selection.asked), Recursive: r.Recursive, All: r.All, Exclude: r.Exclude, IncludeDisabled: r.IncludeDisabled,
		AlsoM365: r.AlsoM365, Groups: b.selection.groups, Licensed: r.Licensed, SKUs: b.selection.skus, ExcludeOUs: refs(b.selection.excluded), IncludePrivileged: r.IncludePrivileged,
	}
	if !r.All {
		for _, u := range b.picks {
			s.Users = append(s.Users, u.ID)
		}
	}
	return s
}

// refs are OUs as they are kept.
func refs(containers []source.Container) []registry.OURef {
	refs := make([]registry.OURef, len(containers))
	for i, c := range containers {
		refs[i] = registry.OURef{ID: c.ID, DN: c.DN}
	}
	return refs
}

// dismissed says whether the user's account was deleted by hand.
func dismissed(snap *registry.Snapshot, u *source.User) bool {
	_, ok := snap.Dismissals[registry.DismissalKey{Kind: u.Kind, ID: u.ID}]
	return ok
}

// checkSecond refuses to import from a second directory with password sync off:
// most of its people would be there twice.
func (d *draft) checkSecond(r ImportRequest, mode registry.Mode) error {
	if mode != registry.ModeOff || r.AlsoM365 && r.Source == source.M365 {
		return nil
	}
	for _, a := range d.after.Accounts {
		if a != nil && a.Link(r.Source) == nil {
			first := source.AD
			if r.Source == source.AD {
				first = source.M365
			}
			if r.Source == source.AD && slices.ContainsFunc(d.after.Accounts, func(a *registry.Account) bool { return a != nil && a.AD != nil }) {
				return nil // those of Microsoft 365 came second, and were held against AD
			}
			return &source.Error{Code: CodeRefused, Topic: TopicSecondDirectory,
				Message: fmt.Sprintf("%s's accounts were imported from %s: an import from %s as well would make second accounts of the same people", d.after.Customer.Name, first, r.Source)}
		}
	}
	return nil
}

// samePeople says of users of Microsoft 365 whether AD has them already: by anchor,
// SID, address or user principal name.
func samePeople(snap *registry.Snapshot) func(*source.User) bool {
	taken := map[string]bool{}
	for _, a := range snap.Accounts {
		if a.AD != nil {
			taken["name "+strings.ToLower(a.UPN)], taken["name "+emailKey(a.Email)] = true, true
		}
	}
	present, missing, err := snap.People[source.AD].Users()
	if err == nil {
		for _, u := range append(present, missing...) {
			taken["name "+strings.ToLower(u.UPN)], taken["name "+emailKey(u.Email)] = true, true
			taken["sid "+u.SID] = true
			for _, anchor := range match.Anchors(u) {
				taken["anchor "+anchor] = true
			}
		}
	}
	delete(taken, "name ")
	delete(taken, "sid ")
	return func(u *source.User) bool {
		return taken["name "+strings.ToLower(u.UPN)] || taken["name "+emailKey(u.Email)] || taken["sid "+u.SID] || taken["anchor "+u.ImmutableID]
	}
}

// importResult says what a settled draft does with the users that were chosen.
func (d *draft) importResult(r ImportRequest, b *batch) ImportResult {
	name := d.after.Customer.Name
	result := ImportResult{
		Customer: name, PasswordSync: d.after.Customer.PasswordSync, Source: r.Source,
		Accounts: make([]ImportedAccount, 0, len(b.chosen)), Skipped: b.skipped, UnusedExclusions: b.unused, LikeExclusions: b.like,
		Counts: ImportCounts{Selected: len(b.chosen), Skipped: len(b.skipped), NotTakenBelow: b.below},
		Notes:  list(b.notes(false)),
	}
	picked := make(map[int]bool, len(b.chosen))
	for _, i := range b.chosen {
		picked[i] = true
		was, is := d.was(i), d.after.Accounts[i]
		a := ImportedAccount{viewAccount(is, name), OutcomeUnchanged}
		switch {
		case was == nil:
			a.Outcome = OutcomeImported
			result.Counts.Imported++
			if r.DryRun {
				a.ID = "" // it will have another one
			}
		case d.changed(i):
			a.Outcome = OutcomeUpdated
			result.Counts.Updated++
		default:
			result.Counts.Unchanged++
		}
		if is.State == registry.StateNeedsEmail {
			result.Counts.NeedsEmail++
		}
		result.Accounts = append(result.Accounts, a)
	}
	for i := range d.before.Accounts {
		if d.after.Accounts[i] != nil && !picked[i] && d.changed(i) {
			result.Counts.OthersChanged++
		}
	}
	sortBy(result.Accounts, func(a *ImportedAccount) (ou, name, id string) { return accountOrder(&a.Account) })
	return result
}
