package importer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// PasswordStatuses reads both directories and says when each account's password was
// last set in either, and whether the two are in step. What nobody can know is nil.
func (im *Importer) PasswordStatuses(ctx context.Context, sel string) (PasswordStatusList, error) {
	result := PasswordStatusList{Accounts: []PasswordStatus{}, Notes: []string{}}
	snap, err := im.find(ctx, sel, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		return result, err
	}
	result.Customer = snap.Customer.Name
	kinds, err := connectedKinds(snap)
	if err != nil {
		return result, err
	}
	users := map[source.Kind]map[string]source.User{}
	for _, kind := range kinds {
		if users[kind], err = im.readUsers(ctx, snap, kind, &result.Notes); err != nil {
			return result, err
		}
	}
	bySID := map[string]*source.User{}
	for _, u := range users[source.M365] {
		if u.SID != "" && u.Synced == source.Yes {
			bySID[u.SID] = &u
		}
	}
	for _, a := range snap.Accounts {
		known := snap.Passwords[a.ID]
		v := PasswordStatus{Account: a.ID, DisplayName: a.DisplayName, Username: a.Username, State: known.State()}
		of := func(kind source.Kind) *source.User {
			u, ok := users[kind][a.LinkID(kind)]
			if !ok || a.Link(kind) == nil {
				return nil
			}
			return &u
		}
		onPrem, cloud := of(source.AD), of(source.M365)
		if cloud == nil && a.M365 == nil && onPrem != nil && onPrem.SID != "" {
			cloud = bySID[onPrem.SID] // AD Connect has written whose it is
		}
		v.ADSetAt, v.M365SetAt = setAt(onPrem), setAt(cloud)
		v.InStep, v.Why = inStep(&known, onPrem, cloud)
		result.Accounts = append(result.Accounts, v)
	}
	sortBy(result.Accounts, func(v *PasswordStatus) (ou, name, id string) { return "", v.DisplayName, v.Account })
	return result, nil
}

// readUsers reads everybody in a directory, by id.
func (im *Importer) readUsers(ctx context.Context, snap *registry.Snapshot, kind source.Kind, notes *[]string) (map[string]source.User, error) {
	dir, err := im.connectForPasswords(ctx, snap, kind)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkIdentity(snap, kind, info.ID, false); err != nil {
		return nil, err
	}
	if !info.AsOf.IsZero() {
		*notes = append(*notes, fmt.Sprintf("%s is as of %s, when the export was written", kind, info.AsOf.UTC().Format(time.RFC3339)))
	}
	users := map[string]source.User{}
	for u, err := range dir.Users(ctx, source.Scope{}) {
		if err != nil {
			return nil, err
		}
		users[u.ID] = u
	}
	return users, nil
}

func setAt(u *source.User) *time.Time {
	if u == nil || u.PasswordLastSet.IsZero() {
		return nil
	}
	return &u.PasswordLastSet
}

// inStep says whether two users have the same password, as far as that is a fact: by
// a reset of this program that nothing was set after; or of a synchronised user by
// Microsoft 365's time, which follows AD's.
func inStep(known *registry.Password, onPrem, cloud *source.User) (*bool, string) {
	yes, no := true, false
	if onPrem == nil || cloud == nil {
		return nil, "there is one directory alone"
	}
	if cloud.Synced == source.Yes {
		switch {
		case onPrem.PasswordLastSet.IsZero():
			return nil, "in AD it has to be changed, which hides when it was set"
		case cloud.PasswordLastSet.IsZero():
			return nil, "Microsoft 365 does not say when it was set"
		case cloud.PasswordLastSet.Before(onPrem.PasswordLastSet.Truncate(time.Second)):
			return &no, "AD Connect has not carried it to Microsoft 365 yet"
		}
		return &yes, "AD Connect carried it to Microsoft 365"
	}
	reset := known.Reset
	if reset != nil && (reset.AD != nil && reset.AD.ID != onPrem.ID || reset.M365 != nil && reset.M365.ID != cloud.ID) {
		reset = nil // of another pair
	}
	switch {
	case reset == nil || reset.AD == nil || reset.M365 == nil:
		switch {
		case cloud.PasswordLastSet.After(known.OutOfStep) && !known.OutOfStep.IsZero():
			return nil, "it was set in AD and then in Microsoft 365, whether to the same nobody knows"
		case !known.OutOfStep.IsZero():
			return &no, "it was set in AD alone"
		}
		return nil, "it was never set in both together"
	case reset.Open():
		return nil, "a reset was cut off"
	case reset.Half() && (otherSince(reset.AD, onPrem) || otherSince(reset.M365, cloud)):
		return nil, "the last reset is in one directory alone, and it was set by somebody else since"
	case reset.Half():
		return &no, "the last reset is in one directory alone"
	case !reset.Done():
		return nil, "the last reset was not done"
	}
	for _, side := range []struct {
		mark source.PasswordMark
		user *source.User
		name string
	}{{reset.AD.After, onPrem, "AD"}, {reset.M365.After, cloud, "Microsoft 365"}} {
		if side.mark.Version == 0 && side.mark.At.IsZero() {
			return nil, side.name + " did not say when the reset was set"
		}
		// A user who has to change it hides the time, and so does one who was to and did not.
		mark := source.PasswordMark{At: side.mark.At}
		switch mark.Moved(source.PasswordMark{At: side.user.PasswordLastSet}) {
		case source.Yes:
			return &no, "it was set in " + side.name + " since the reset in both"
		case source.Unknown:
			if !side.mark.At.IsZero() || !side.user.PasswordLastSet.IsZero() || side.name != "AD" {
				return nil, side.name + " does not say when it was set"
			}
		}
	}
	if !known.OutOfStep.IsZero() && known.OutOfStep.After(reset.At) {
		return &no, "it was set in AD alone since the reset in both"
	}
	return &yes, "by the same reset, and not set since"
}

// otherSince says that a side of a reset was set once more: since the reset, or where
// that did not come to it, since it was meant.
func otherSince(side *registry.ResetSide, now *source.User) bool {
	mark := side.After
	if side.Outcome != registry.ResetSet {
		mark = side.Before
	}
	return !mark.At.IsZero() && !now.PasswordLastSet.IsZero() && !mark.At.Equal(now.PasswordLastSet)
}

// CheckPasswords finds out whose password was set in AD since the last check, by
// anybody but this program. The first one only takes note of how far AD has come. With
// trigger it has AD Connect carry them to Microsoft 365.
func (im *Importer) CheckPasswords(ctx context.Context, sel string, trigger bool) (PasswordCheckResult, error) {
	result := PasswordCheckResult{Accounts: []PasswordReset{}, Notes: []string{}}
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return result, err
	}
	result.Customer = snap.Customer.Name
	changes, now, err := im.passwordChanges(ctx, snap)
	if err != nil {
		return result, err
	}
	result.At = im.clock()
	var since source.PasswordCursor
	if snap.Cursor != nil {
		since = *snap.Cursor
	}
	result.Began = since.Server != now.Server || since.USN > now.USN
	if result.Began && snap.Cursor != nil {
		result.Notes = append(result.Notes, "another domain controller answered than the last time, or it was restored: it begins anew, and does not know who was reset meanwhile")
	}
	if !result.Began {
		result.Since = &since.At
	}
	note := registry.PasswordNote{Cursor: &now}
	if len(changes) > 0 {
		if note.Passwords, err = im.compare(ctx, snap, changes, &result); err != nil {
			return result, err
		}
	}
	if since.Server != now.Server || since.USN != now.USN {
		if err := im.store.Note(ctx, snap.Customer.ID, note); err != nil {
			return result, err
		}
	}
	sortBy(result.Accounts, func(v *PasswordReset) (ou, name, id string) { return "", v.DisplayName, v.Account })
	if trigger && len(result.Accounts) > 0 {
		r := SyncRequest{Customer: snap.Customer.ID}
		for _, x := range result.Accounts {
			r.Accounts = append(r.Accounts, x.Account)
		}
		if sync, err := im.Sync(ctx, r); err != nil {
			result.SyncError = err
		} else {
			result.Sync = &sync
		}
	}
	return result, nil
}

func (im *Importer) passwordChanges(ctx context.Context, snap *registry.Snapshot) ([]source.PasswordChange, source.PasswordCursor, error) {
	var now source.PasswordCursor
	dir, err := im.connectForPasswords(ctx, snap, source.AD)
	if err != nil {
		return nil, now, err
	}
	defer func() { _ = dir.Close() }()
	watcher, ok := source.As[source.PasswordWatcher](dir)
	if !ok {
		return nil, now, &source.Error{Code: source.CodeUsage, Message: "an export does not say whose password was set: this takes a live directory"}
	}
	info, err := dir.Info(ctx)
	if err != nil {
		return nil, now, err
	}
	if err := checkIdentity(snap, source.AD, info.ID, false); err != nil {
		return nil, now, err
	}
	var since source.PasswordCursor
	if snap.Cursor != nil {
		since = *snap.Cursor
	}
	return watcher.PasswordChanges(ctx, since)
}

// compare tells those whom somebody else has reset from those whom this program has,
// and returns what there is to note of them.
func (im *Importer) compare(ctx context.Context, snap *registry.Snapshot, changes []source.PasswordChange, result *PasswordCheckResult) ([]registry.Password, error) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	few, err := im.store.Snapshot(ctx, registry.Ref{ID: snap.Customer.ID}, registry.Load{ADUsers: ids, Passwords: true})
	if err != nil {
		return nil, err
	}
	var notes []registry.Password
	for _, c := range changes {
		i := slices.IndexFunc(few.Accounts, func(a *registry.Account) bool { return a.LinkID(source.AD) == c.ID })
		if i < 0 {
			result.Others++
			continue
		}
		a := few.Accounts[i]
		known := few.Passwords[a.ID]
		if known.State() == registry.PasswordOpen || isSeen(known.Seen, c) {
			continue // this program's own
		}
		carried, err := isSynced(few, a)
		if err != nil {
			return nil, err
		}
		out := snap.Customer.PasswordSync == registry.ModeOn && a.M365 != nil && !carried && c.Certain
		v := PasswordReset{Account: a.ID, DisplayName: a.DisplayName, Username: a.Username, Certain: c.Certain, OutOfStep: out}
		if !c.Mark.At.IsZero() {
			v.SetAt = &c.Mark.At
		}
		result.Accounts = append(result.Accounts, v)
		known.Account = a.ID
		known.Seen = &registry.SeenPassword{ID: c.ID, Mark: c.Mark}
		if out {
			known.OutOfStep = result.At
		}
		notes = append(notes, known)
	}
	return notes, nil
}

// isSynced says that an account's user of Microsoft 365 has his password from AD, as far
// as he was last read.
func isSynced(snap *registry.Snapshot, a *registry.Account) (bool, error) {
	person, ok := snap.People[source.M365][a.LinkID(source.M365)]
	if !ok {
		return false, nil
	}
	u, err := person.User()
	return err == nil && u.Synced == source.Yes, err
}

// isSeen says that a change was seen before, or an earlier one than was.
func isSeen(seen *registry.SeenPassword, c source.PasswordChange) bool {
	return seen != nil && seen.ID == c.ID && (seen.Mark.Moved(c.Mark) == source.No || c.Mark.Version != 0 && c.Mark.Version < seen.Mark.Version)
}
