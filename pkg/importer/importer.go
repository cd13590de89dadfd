// Package importer holds the use cases of qpimport and the rules they follow,
// over a registry.
//
// Everything that writes takes a snapshot of one customer, decides in memory what
// the customer is to become, and hands the change set to the store, which makes
// sure that the customer is still the one it was decided from. A dry run stops
// before the last step and returns the same result: what is printed is a function
// of what was decided. The package knows no directory and no store: it is given
// an [Opener] and a [registry.Store].
//
// Errors are [source.Error] with one of the codes of package source, of package
// registry or of this package.
package importer

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The errors of this package, beside those of packages source and registry.
const (
	CodeNotUnique          source.Code = "not_unique"
	CodeNotConnected       source.Code = "not_connected"        // the customer has no such directory
	CodePasswordSyncUnset  source.Code = "password_sync_unset"  // the mode has to be chosen first
	CodePasswordSyncLocked source.Code = "password_sync_locked" // the mode is fixed while accounts exist
	CodeAccountsExist      source.Code = "accounts_exist"
	CodePairTaken          source.Code = "pair_taken"
	CodeNameTaken          source.Code = "name_taken"
	CodeDirectoryChanged   source.Code = "directory_changed" // another domain or tenant than before
	CodeSafeguard          source.Code = "safeguard"         // looks like a mistake
	CodeStale              source.Code = "plan_stale"        // a plan no longer fits
	CodeRefused            source.Code = "refused"           // another rule
	CodeInterrupted        source.Code = "interrupted"       // Ctrl-C or SIGTERM
	CodeTimeout            source.Code = "timeout"           // the bound on the whole command passed
)

// The topics of this package's errors, for advice.
const (
	TopicUnknownCustomer  source.Topic = "unknown_customer"
	TopicUnknownUser      source.Topic = "unknown_user"
	TopicUnknownAccount   source.Topic = "unknown_account"
	TopicUnknownMailbox   source.Topic = "unknown_mailbox"
	TopicUnknownParty     source.Topic = "unknown_party" // neither account nor Microsoft 365 user
	TopicUnknownDecision  source.Topic = "unknown_decision"
	TopicUnknownOU        source.Topic = "unknown_ou"
	TopicUnknownGroup     source.Topic = "unknown_group"
	TopicNoGroups         source.Topic = "no_groups"      // the directory does not say who is in which
	TopicSelectionGone    source.Topic = "selection_gone" // a group or OU of a stored selection
	TopicUnknownSelection source.Topic = "unknown_selection"
	TopicNoLicences       source.Topic = "no_licences" // the directory does not say who has one
	TopicNoOUs            source.Topic = "no_ous"      // the directory has none
	TopicOUMissing        source.Topic = "ou_missing"
	TopicUsersMissing     source.Topic = "users_missing"
	TopicOnImportsFromAD  source.Topic = "on_imports_from_ad"
	TopicOnlyOnMatches    source.Topic = "only_on_matches"
	TopicNeverRead        source.Topic = "never_read" // the directory was never read whole
	TopicPartFirst        source.Topic = "part_first" // subject: what names the account
	TopicForgetFirst      source.Topic = "forget_first"
	TopicMatchFirst       source.Topic = "match_first"
	TopicSeveralCustomers source.Topic = "several_customers"
	TopicNobodySelected   source.Topic = "nobody_selected"
	TopicTooManyNew       source.Topic = "too_many_new" // subject: how many
	TopicGuard            source.Topic = "guard"        // subject: the answers, kind=number each
	TopicSecondDirectory  source.Topic = "second_directory"
	TopicForeignAccounts  source.Topic = "foreign_accounts" // of Microsoft 365 alone
	TopicRefreshFirst     source.Topic = "refresh_first"
	TopicNothingToRelink  source.Topic = "nothing_to_relink"
	TopicDeleteFirst      source.Topic = "delete_first" // subject: the id of the account in the way
	TopicIDTaken          source.Topic = "id_taken"
	TopicNoState          source.Topic = "no_state" // there is no registry yet
	TopicNoDirectory      source.Topic = "no_directory"
	TopicUnknownRun       source.Topic = "unknown_run"
	TopicUndone           source.Topic = "undone"     // subject: the run that took it back
	TopicUndoFirst        source.Topic = "undo_first" // subject: the later runs, the newest first
	TopicNotInvited       source.Topic = "not_invited"
)

// Opener opens a directory. The connection is as stored: its secrets are still
// references.
type Opener func(ctx context.Context, c source.Connection) (source.Directory, error)

// Options say how an [Importer] works.
type Options struct {
	Store registry.Store
	Open  Opener
	// Check looks for what a new connection of a manifest names on this machine,
	// without which it is refused; nil looks for nothing.
	Check func(source.Connection) error
	// Written says when an export was written, the zero time for none or for another
	// transport; nil knows of none.
	Written func(source.Connection) time.Time
	Now     func() time.Time // nil is the clock; several may look at once
	// Pause waits before a directory is asked once more; nil is the clock's.
	Pause func(context.Context, time.Duration) error
	// Sync is AD Connect on this machine; nil looks for none.
	Sync    source.SyncEngine
	By      string // who runs it: user and host
	Version string // of the program
	// Recorded is told of each run that was written, and how much it changed; nil tells
	// nobody. Several may be told of at once.
	Recorded func(r registry.Run, changes int)
}

// Importer runs the use cases on one registry.
type Importer struct {
	store   registry.Store
	open    Opener
	check   func(source.Connection) error
	written func(source.Connection) time.Time
	now     func() time.Time
	pause   func(context.Context, time.Duration) error
	sync    source.SyncEngine
	by      string
	version string

	recorded func(registry.Run, int)
}

// New makes an importer.
func New(o Options) *Importer {
	im := &Importer{store: o.Store, open: o.Open, check: o.Check, written: o.Written, now: o.Now, pause: o.Pause, sync: o.Sync, by: o.By, version: o.Version, recorded: o.Recorded}
	if im.check == nil {
		im.check = func(source.Connection) error { return nil }
	}
	if im.written == nil {
		im.written = func(source.Connection) time.Time { return time.Time{} }
	}
	if im.sync == nil {
		im.sync = noEngine{}
	}
	if im.pause == nil {
		im.pause = sleep
	}
	if im.recorded == nil {
		im.recorded = func(registry.Run, int) {}
	}
	if im.now == nil {
		im.now = time.Now
	}
	return im
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close closes the registry.
func (im *Importer) Close() error { return im.store.Close() }

// clock is the time as the registry keeps it.
func (im *Importer) clock() time.Time { return im.now().UTC().Round(0) }

// apply hands change sets to the store.
func (im *Importer) apply(ctx context.Context, sets ...registry.ChangeSet) ([]int64, error) {
	runs, err := im.store.Apply(ctx, sets...)
	for i, id := range runs {
		if id != 0 {
			r := sets[i].Run
			r.ID, r.CustomerID = id, sets[i].CustomerID
			im.recorded(r, len(sets[i].Changes))
		}
	}
	return runs, err
}

// command is what a run is recorded as.
type command struct {
	name   string
	params any // of the request; holds no secret
	batch  string
	dry    bool
	// limits bound what the run may do; nil is none, for one that reads no directory.
	limits *registry.Limits
}

// run is the record of a command on a customer.
func (im *Importer) run(c command, customer string, at time.Time) (registry.Run, error) {
	r := registry.Run{Batch: c.batch, CustomerName: customer, Command: c.name, At: at, By: im.by, Version: im.version}
	if c.params != nil {
		params, err := json.Marshal(c.params)
		if err != nil {
			return r, err
		}
		r.Params = params
	}
	return r, nil
}

// A change is decided anew because another process changed the customer meanwhile for
// as long as patience, and at least so many times: one that writes again and again may
// be faster for a while than who reads before he writes.
const (
	tries    = 20
	patience = 10 * time.Second
)

// anew says whether a change is to be decided anew, which was begun then and tried so
// often, and waits until it is worth it.
func anew(ctx context.Context, begun time.Time, try int) bool {
	if try >= tries && time.Since(begun) > patience {
		return false
	}
	return sleep(ctx, rand.N(time.Duration(min(try, tries))*5*time.Millisecond)) == nil //nolint:gosec // chance keeps them apart, it hides nothing
}

// retry runs a change from its snapshot to the store, and again where another
// process was faster.
func (im *Importer) retry(ctx context.Context, change func(try int) error) error {
	begun := time.Now()
	for try := 1; ; try++ {
		err := change(try)
		switch {
		case !errors.Is(err, registry.ErrMoved):
			return err
		case anew(ctx, begun, try):
		case ctx.Err() != nil:
			return context.Cause(ctx)
		default:
			return &source.Error{Code: registry.CodeBusy, Message: "the registry", Err: err}
		}
	}
}

// change reads a customer, lets decide draft what it is to become, and writes
// that as one run, whose number it returns: nil where there was nothing to
// write, or in a dry run.
func (im *Importer) change(ctx context.Context, sel string, c command, decide func(*draft) error) (*int64, error) {
	snap, err := im.find(ctx, sel, registry.Load{Accounts: true})
	if err != nil {
		return nil, err
	}
	return im.changeLoaded(ctx, snap, registry.Load{Accounts: true}, c, decide)
}

// changeLoaded is change on a customer of whom so much was read.
func (im *Importer) changeLoaded(ctx context.Context, snap *registry.Snapshot, load registry.Load, c command, decide func(*draft) error) (*int64, error) {
	return im.changeFrom(ctx, snap, c, decide, func() (*registry.Snapshot, error) {
		return im.store.Snapshot(ctx, registry.Ref{ID: snap.Customer.ID}, load)
	})
}

// changeFrom is change on a customer that was read. Where another process changed
// the customer between reading and writing, it begins again from what read
// returns.
func (im *Importer) changeFrom(ctx context.Context, snap *registry.Snapshot, c command, decide func(*draft) error, read func() (*registry.Snapshot, error)) (id *int64, err error) {
	err = im.retry(ctx, func(try int) error {
		if try > 1 {
			if snap, err = read(); err != nil {
				return err
			}
		}
		d := newDraft(snap, im.clock())
		if err := decide(d); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		cs, err := d.changeSet()
		if err != nil {
			return err
		}
		if c.limits != nil {
			if breaches := c.limits.Check(d.before, &cs); len(breaches) > 0 {
				return im.refuse(ctx, d, c, breaches)
			}
		}
		if c.dry || cs.Empty() {
			return nil
		}
		if cs.Run, err = im.run(c, d.after.Customer.Name, d.now); err != nil {
			return err
		}
		cs.Run.PlanHash = d.planHash
		runs, err := im.apply(ctx, cs)
		if err == nil && runs[0] != 0 {
			id = &runs[0]
		}
		return err
	})
	return id, err
}
