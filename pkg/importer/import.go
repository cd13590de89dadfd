package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// SkipExcluded is the reason of a user that the request left out, beside those
// of package source.
const SkipExcluded = "excluded"

// The outcomes of an account in an import.
const (
	OutcomeImported  = "imported"
	OutcomeUpdated   = "updated"
	OutcomeUnchanged = "unchanged"
)

// Import takes users of a directory into the registry. The directory is read
// whole: the OUs choose who is imported, not who is known.
func (im *Importer) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
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
	var b *batch
	full, err := im.beside(ctx, snap.Customer.ID, load, func() (err error) {
		b, err = im.readBatch(ctx, snap, r)
		return err
	})
	if err != nil {
		return ImportResult{}, err
	}
	var result ImportResult
	run, err := im.changeFrom(ctx, full, command{name: "import", params: r, dry: r.DryRun}, func(d *draft) error {
		chosen, err := d.importBatch(r, b)
		if err != nil {
			return err
		}
		d.settle()
		result = d.importResult(r, b, chosen)
		return nil
	}, func() (*registry.Snapshot, error) {
		return im.store.Snapshot(ctx, registry.Ref{ID: snap.Customer.ID}, load)
	})
	if err != nil {
		return ImportResult{}, err
	}
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
	case r.Source == source.AD && len(r.OUs) == 0:
		return usage(TopicOUMissing, "an import from Active Directory needs an OU")
	case r.All == (len(r.Users) > 0):
		return usage(TopicUsersMissing, "say who is to be imported: everybody, or users by name")
	}
	return nil
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
	case mode != c.PasswordSync && accounts > 0:
		return mode, locked(c, mode, accounts)
	case mode == registry.ModeOn && r.Source == source.M365:
		return mode, &source.Error{
			Code:    CodeRefused,
			Topic:   TopicOnImportsFromAD,
			Message: "with password sync on, users are imported from Active Directory and matched with mailboxes",
		}
	}
	return mode, nil
}

// batch is what was read for an import.
type batch struct {
	*reading
	selection *selection
	picks     []*source.User
	skipped   []SkippedUser
	disabled  []*source.User // of the skipped, for those who have an account
	below     int
	unused    []string // exclusions that fit nobody
}

// readBatch reads the directory whole and selects the users to import.
func (im *Importer) readBatch(ctx context.Context, snap *registry.Snapshot, r ImportRequest) (*batch, error) {
	var sel *selection
	whole, err := im.readWhole(ctx, snap, r.Source, r.OtherDirectory, func(read *reading) (err error) {
		sel, err = newSelection(read, snap.Customer.Name, r.OUs, r.Recursive)
		return err
	})
	if err != nil {
		return nil, err
	}
	return selectBatch(whole, sel, r)
}

// selectBatch selects the users to import from a directory that was read.
func selectBatch(whole *reading, sel *selection, r ImportRequest) (*batch, error) {
	b := &batch{reading: whole, selection: sel, skipped: []SkippedUser{}}
	named, excluded := newSelectors(r.Users), newExclusions(r.Exclude)
	for _, u := range whole.users {
		take, below := sel.place(u.OU())
		if !take {
			if below {
				b.below++
			}
			continue
		}
		asked := len(named.offerUser(u)) > 0
		if !asked && !r.All {
			continue
		}
		reason := u.SkipReason()
		switch {
		case excluded.match(u):
			reason, asked = SkipExcluded, false
		case source.NeverImported(reason):
		case asked, reason == source.SkipDisabled && r.IncludeDisabled:
			reason = ""
		}
		if reason == source.SkipDisabled {
			b.disabled = append(b.disabled, u)
		}
		if reason != "" {
			b.skipped = append(b.skipped, SkippedUser{ID: u.ID, DisplayName: cmp.Or(u.DisplayName, u.Username), Reason: reason, Refused: asked})
			continue
		}
		b.picks = append(b.picks, u)
	}
	if err := named.check("user", TopicUnknownUser); err != nil {
		return nil, err
	}
	b.unused = excluded.unused()
	slices.SortFunc(b.skipped, func(x, y SkippedUser) int {
		return cmp.Or(compareFold(x.DisplayName, y.DisplayName), cmp.Compare(x.ID, y.ID))
	})
	return b, nil
}

// importBatch drafts an import, and returns the places of the accounts that were
// chosen.
func (d *draft) importBatch(r ImportRequest, b *batch) ([]int, error) {
	c := d.after.Customer // an import before this one may have set its mode
	mode, err := r.settleMode(c, d.accounts())
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(d.before, r.Source, b.info.ID, r.OtherDirectory); err != nil {
		return nil, err
	}
	d.after.Customer.PasswordSync = mode
	d.learn(b.reading)

	known := d.places(r.Source)
	chosen := make([]int, 0, len(b.picks))
	for _, u := range b.picks {
		i, ok := known[u.ID]
		if ok {
			adopt(mode, d.edit(i), u)
		} else {
			i = d.add(begin(mode, u))
		}
		chosen = append(chosen, i)
	}
	for _, u := range b.disabled {
		if i, ok := known[u.ID]; ok {
			adopt(mode, d.edit(i), u)
		}
	}
	d.after.Selections = registry.Select(d.after.Selections, r.selection(b))
	return chosen, nil
}

// selection is what the import asks for, as a later refresh is to ask again.
func (r *ImportRequest) selection(b *batch) registry.Selection {
	s := registry.Selection{Source: r.Source, OUs: []registry.OURef{}, Recursive: r.Recursive, All: r.All, Exclude: r.Exclude, IncludeDisabled: r.IncludeDisabled}
	for _, c := range b.selection.asked {
		s.OUs = append(s.OUs, registry.OURef{ID: c.ID, DN: c.DN})
	}
	if !r.All {
		for _, u := range b.picks {
			s.Users = append(s.Users, u.ID)
		}
	}
	return s
}

// importResult says what a settled draft does with the users that were chosen.
func (d *draft) importResult(r ImportRequest, b *batch, chosen []int) ImportResult {
	name := d.after.Customer.Name
	result := ImportResult{
		Customer: name, PasswordSync: d.after.Customer.PasswordSync, Source: r.Source,
		Accounts: make([]ImportedAccount, 0, len(chosen)), Skipped: b.skipped, UnusedExclusions: b.unused,
		Counts: ImportCounts{Selected: len(chosen), Skipped: len(b.skipped), NotTakenBelow: b.below},
		Notes:  list(b.info.Notes),
	}
	picked := make(map[int]bool, len(chosen))
	for _, i := range chosen {
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
