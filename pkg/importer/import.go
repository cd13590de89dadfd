package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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

// Import takes users of a directory into the registry.
func (im *Importer) Import(ctx context.Context, r ImportRequest) (ImportResult, error) {
	if err := r.validate(); err != nil {
		return ImportResult{}, err
	}
	reg, err := im.read(ctx, r.Customer, noAccounts)
	if err != nil {
		return ImportResult{}, err
	}
	if _, err := r.settleMode(reg.customer, reg.count); err != nil {
		return ImportResult{}, err // before the directory is asked anything
	}
	var b *batch
	full, err := im.readBeside(ctx, reg.customer.id, func() (err error) {
		b, err = im.readBatch(ctx, reg, r)
		return err
	})
	if err != nil {
		return ImportResult{}, err
	}
	var finish func() ImportResult
	run, err := im.changeFrom(ctx, full, "import", r.DryRun, func(d *draft) (err error) {
		finish, _, err = d.importBatch(r, b)
		return err
	}, func() (*registry, error) { return im.read(ctx, reg.customer.id, fullAccounts) })
	if err != nil {
		return ImportResult{}, err
	}
	result := finish()
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

func (r *ImportRequest) validate() error {
	usage := func(message, hint string) error {
		return &source.Error{Code: source.CodeUsage, Message: message, Hint: hint}
	}
	switch {
	case r.Source != source.AD && r.Source != source.M365:
		return usage("no directory to import from is named", "use --source ad or --source m365")
	case r.Source == source.AD && len(r.OUs) == 0:
		return usage("an import from Active Directory needs an OU", "`qpimport ous` lists them; --ou with the domain's own DN and -r takes everybody")
	case r.All == (len(r.Users) > 0):
		return usage("say who is to be imported: everybody, or users by name", "use either --all, or --user SEL… or --users-file FILE")
	}
	return nil
}

// settleMode says in which mode the import runs.
func (r *ImportRequest) settleMode(c customer, accounts int) (Mode, error) {
	mode := cmp.Or(r.PasswordSync, c.mode)
	switch {
	case mode == ModeUnset:
		return mode, &source.Error{
			Code:    CodePasswordSyncUnset,
			Message: c.name + " has no password sync mode yet",
			Hint: "choose with --password-sync at the first import; it is fixed while accounts exist: " +
				"off = one directory alone, or AD Connect copies the passwords; on = AD and Microsoft 365 without AD Connect, every AD user is matched with a mailbox",
		}
	case mode != ModeOn && mode != ModeOff:
		return mode, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("password sync is on or off, not %q", mode)}
	case mode != c.mode && accounts > 0:
		return mode, locked(c, mode, accounts)
	case mode == ModeOn && r.Source == source.M365:
		return mode, &source.Error{
			Code:    CodeRefused,
			Message: "with password sync on, users are imported from Active Directory and matched with mailboxes",
			Hint:    "import with --source ad, then run `qpimport match --auto`",
		}
	}
	return mode, nil
}

// batch is what was read for an import.
type batch struct {
	identity string
	picks    []*account // as [picked] makes them
	skipped  []SkippedUser
	disabled []source.User // of the skipped, for those who have an account
	below    int
	unused   []string // exclusions that fit nobody
}

// readBatch reads the directory and selects the users to import.
func (im *Importer) readBatch(ctx context.Context, reg *registry, r ImportRequest) (*batch, error) {
	sel, err := im.openSelection(ctx, reg, r.Source, r.OUs, r.Recursive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sel.dir.Close() }()
	info, err := sel.dir.Info(ctx)
	if err != nil {
		return nil, err
	}
	if err := reg.checkIdentity(r.Source, info.ID, r.OtherDirectory); err != nil {
		return nil, err
	}

	b := &batch{identity: info.ID, skipped: []SkippedUser{}}
	named, excluded := newSelectors(r.Users), newExclusions(r.Exclude)
	for u, err := range sel.users(ctx) {
		if err != nil {
			return nil, err
		}
		asked := len(named.offerUser(&u)) > 0
		if !asked && !r.All {
			continue
		}
		reason := u.SkipReason()
		switch {
		case excluded.match(&u):
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
		b.picks = append(b.picks, picked(&u))
	}
	if err := named.check("user", "the user must lie in the chosen OU; `qpimport users --all` lists everybody"); err != nil {
		return nil, err
	}
	b.below, b.unused = sel.below, excluded.unused()
	slices.SortFunc(b.skipped, func(x, y SkippedUser) int {
		return cmp.Or(compareFold(x.DisplayName, y.DisplayName), cmp.Compare(x.ID, y.ID))
	})
	return b, nil
}

// checkIdentity refuses a directory that is not the one imported from before.
func (reg *registry) checkIdentity(kind source.Kind, id string, allow bool) error {
	before := reg.identity[kind]
	if before == "" || id == "" || before == id || allow {
		return nil
	}
	return &source.Error{
		Code:    CodeDirectoryChanged,
		Message: fmt.Sprintf("%s's %s is not the one imported from before: it says it is %s, not %s", reg.customer.name, kind, id, before),
		Hint:    "check the connection; if the customer really moved, disconnect the directory and connect it again",
	}
}

// importBatch drafts an import of so many users. The function it returns makes
// the result once the draft is written.
func (d *draft) importBatch(r ImportRequest, b *batch) (func() ImportResult, int, error) {
	c := d.reg.customer
	c.mode = d.mode // an import before this one may have set it
	mode, err := r.settleMode(c, len(d.accounts()))
	if err != nil {
		return nil, 0, err
	}
	if err := d.reg.checkIdentity(r.Source, b.identity, r.OtherDirectory); err != nil {
		return nil, 0, err
	}
	d.mode = mode
	d.identify(r.Source, b.identity)

	known := make(map[optional]int, len(d.after))
	for i, a := range d.after {
		if a != nil {
			known[a.key(r.Source)] = i
		}
	}
	touched := make([]int, 0, len(b.picks))
	for _, p := range b.picks {
		i, ok := known[p.key(r.Source)]
		if ok {
			d.after[i].adopt(mode, p)
		} else {
			i = len(d.after)
			p.begin(mode)
			d.add(p)
		}
		touched = append(touched, i)
	}
	for k := range b.disabled {
		if i, ok := known[optional(b.disabled[k].ID)]; ok {
			d.after[i].adopt(mode, picked(&b.disabled[k]))
		}
	}
	return func() ImportResult {
		result := ImportResult{
			Customer: d.reg.customer.name, PasswordSync: mode, Source: r.Source,
			Accounts: make([]ImportedAccount, 0, len(touched)), Skipped: b.skipped, UnusedExclusions: b.unused,
			Counts: ImportCounts{Selected: len(touched), Skipped: len(b.skipped), NotTakenBelow: b.below},
		}
		for _, i := range touched {
			before, after := d.before[i], d.after[i]
			outcome := OutcomeUnchanged
			switch {
			case before == nil:
				outcome = OutcomeImported
				result.Counts.Imported++
			case !after.same(before):
				outcome = OutcomeUpdated
				result.Counts.Updated++
			default:
				result.Counts.Unchanged++
			}
			if after.state == string(StateNeedsEmail) {
				result.Counts.NeedsEmail++
			}
			result.Accounts = append(result.Accounts, ImportedAccount{after.view(d.reg.customer.name), outcome})
		}
		chosen := make(map[int]bool, len(touched))
		for _, i := range touched {
			chosen[i] = true
		}
		for i, b := range d.before {
			if b != nil && d.after[i] != nil && !chosen[i] && !d.after[i].same(b) {
				result.Counts.OthersChanged++
			}
		}
		sorted(result.Accounts, func(a *ImportedAccount) (ou, name, id string) { return accountOrder(&a.Account) })
		return result
	}, len(touched), nil
}

// identify keeps which directory was read, where it says so.
func (d *draft) identify(kind source.Kind, id string) {
	if id != "" {
		d.identity[kind] = id
	}
}

// key is the id of the account's user in a directory.
func (a *account) key(kind source.Kind) optional {
	if kind == source.AD {
		return a.adID
	}
	return a.m365ID
}
