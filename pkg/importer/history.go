package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// HistoryRequest asks for runs; what is zero does not count.
type HistoryRequest struct {
	Customer string // one that is deleted by now may be named as well
	Account  string // SEL; of a deleted one what it went by
	Since    time.Time
}

// Run is one recorded change of the registry.
type Run struct {
	ID         int64     `json:"id"`
	Batch      *string   `json:"batch"` // what the runs of one command over many customers share
	Customer   string    `json:"customer"`
	CustomerID string    `json:"customer_id"`
	Command    string    `json:"command"`
	At         time.Time `json:"at"`
	By         *string   `json:"by"`
	Version    *string   `json:"version"`
	Counts     RunCounts `json:"counts"`
	Undoes     *int64    `json:"undoes"`
	UndoneBy   *int64    `json:"undone_by"`
}

// RunCounts counts what a run created, updated and deleted.
type RunCounts struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
}

// RunChange is one thing that a run changed, before and after: of one that was
// updated what differs, nil where there was or is none.
type RunChange struct {
	Entity registry.Entity `json:"entity"`
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Before jsontext.Value  `json:"before"`
	After  jsontext.Value  `json:"after"`
}

// RunDetail is a run with all that it changed.
type RunDetail struct {
	Number     int64          `json:"run"`
	Applied    bool           `json:"applied"`
	Batch      *string        `json:"batch"`
	Customer   string         `json:"customer"`
	CustomerID string         `json:"customer_id"`
	Command    string         `json:"command"`
	At         time.Time      `json:"at"`
	By         *string        `json:"by"`
	Version    *string        `json:"version"`
	Params     jsontext.Value `json:"params"`
	Counts     RunCounts      `json:"counts"`
	Undoes     *int64         `json:"undoes"`
	UndoneBy   *int64         `json:"undone_by"`
	// Complete says that enough was kept to take the run back.
	Complete bool        `json:"complete"`
	Changes  []RunChange `json:"changes"`
}

func viewRun(r registry.Run) Run {
	return Run{
		ID: r.ID, Batch: orNull(r.Batch), Customer: r.CustomerName, CustomerID: r.CustomerID, Command: r.Command, At: r.At,
		By: orNull(r.By), Version: orNull(r.Version), Counts: RunCounts{r.Created, r.Updated, r.Deleted},
		Undoes: orNone(r.Undoes), UndoneBy: orNone(r.UndoneBy),
	}
}

func orNone(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func viewChanges(changes []registry.StoredChange) []RunChange {
	list := make([]RunChange, len(changes))
	for i, c := range changes {
		list[i] = RunChange{c.Entity, c.ID, cmp.Or(c.Name, nameIn(c)), c.Before, c.After}
	}
	return list
}

// nameIn is the name that a change of an older version mentions.
func nameIn(c registry.StoredChange) string {
	var is struct {
		Name        string `json:"name"`
		DisplayName string `json:"display_name"`
		ADName      string `json:"ad_name"`
	}
	for _, side := range []jsontext.Value{c.Before, c.After} {
		if side != nil {
			_ = json.Unmarshal(side, &is) // what cannot be read has no name
		}
	}
	return cmp.Or(is.Name, is.DisplayName, is.ADName)
}

// History lists runs, the newest first.
func (im *Importer) History(ctx context.Context, r HistoryRequest) ([]Run, error) {
	f := registry.RunFilter{Since: r.Since}
	var err error
	if r.Customer != "" {
		if f.CustomerID, err = im.pastCustomer(ctx, r.Customer); err != nil {
			return nil, err
		}
	}
	if r.Account != "" {
		if f.EntityID, err = im.pastAccount(ctx, f.CustomerID, r.Account); err != nil {
			return nil, err
		}
	}
	found, err := im.store.Runs(ctx, f)
	runs := make([]Run, len(found))
	for i := range found {
		runs[i] = viewRun(found[i])
	}
	return runs, err
}

// pastCustomer is the id of a customer that is or was.
func (im *Importer) pastCustomer(ctx context.Context, sel string) (string, error) {
	snap, err := im.find(ctx, sel, registry.Load{})
	if err == nil {
		return snap.Customer.ID, nil
	}
	if source.CodeOf(err) != source.CodeNotFound {
		return "", err
	}
	runs, rerr := im.store.Runs(ctx, registry.RunFilter{})
	if rerr != nil {
		return "", rerr
	}
	s := newSelectors([]string{strings.TrimSpace(sel)})
	id := ""
	for _, r := range runs {
		label := fmt.Sprintf("%s (deleted, id %s)", r.CustomerName, r.CustomerID)
		if nameKey(r.CustomerName) == nameKey(sel) && len(s.offer(r.CustomerID, label, strings.TrimSpace(sel))) > 0 ||
			len(s.offer(r.CustomerID, label, r.CustomerID)) > 0 {
			id = r.CustomerID
		}
	}
	if id == "" {
		return "", err
	}
	return id, s.check("customer", TopicUnknownCustomer, nil)
}

// pastAccount is the id of an account that is or was: by what it goes by, or
// where none does, by what one went by.
func (im *Importer) pastAccount(ctx context.Context, customerID, sel string) (string, error) {
	id, s := "", newSelectors([]string{sel})
	customers, err := im.snapshots(ctx, customerID, registry.Load{Accounts: true})
	if err != nil && source.CodeOf(err) != source.CodeNotFound { // the customer may be deleted
		return "", err
	}
	s.offerAccounts(customers, func(_ registry.Customer, a *registry.Account) { id = a.ID })
	if id != "" {
		return id, s.check("account", TopicUnknownAccount, nil)
	}
	s.of = ""
	runs, err := im.store.Runs(ctx, registry.RunFilter{CustomerID: customerID})
	if err != nil {
		return "", err
	}
	for _, r := range runs {
		changes, err := im.store.Changes(ctx, r.ID)
		if err != nil {
			return "", err
		}
		for _, c := range changes {
			if c.Entity != registry.EntityAccount {
				continue
			}
			if len(s.offer(c.ID, fmt.Sprintf("%s (of %s, id %s)", cmp.Or(c.Name, nameIn(c)), r.CustomerName, c.ID), pastNames(c)...)) > 0 {
				id = c.ID
			}
		}
	}
	return id, s.check("account", TopicUnknownAccount, namesOfAccounts(customers...))
}

// pastNames are what an account went by before or after a change.
func pastNames(c registry.StoredChange) []string {
	names := []string{c.ID, c.Name}
	for _, side := range []jsontext.Value{c.Before, c.After} {
		var a registry.Account
		if side == nil || json.Unmarshal(side, &a) != nil {
			continue
		}
		names = append(names, a.DisplayName, a.Username, a.UPN, a.Email)
		if a.AD != nil && a.AD.Name != "" {
			names = append(names, a.AD.ID, source.DNKey(a.AD.Name))
		}
		if a.M365 != nil {
			names = append(names, a.M365.ID, a.M365.Name)
		}
	}
	return names
}

// ShowRun shows a run with all that it changed.
func (im *Importer) ShowRun(ctx context.Context, number int64) (RunDetail, error) {
	r, changes, err := im.readRun(ctx, number)
	if err != nil {
		return RunDetail{}, err
	}
	return RunDetail{
		Number: r.ID, Applied: true, Batch: orNull(r.Batch), Customer: r.CustomerName, CustomerID: r.CustomerID, Command: r.Command, At: r.At,
		By: orNull(r.By), Version: orNull(r.Version), Params: r.Params, Counts: RunCounts{r.Created, r.Updated, r.Deleted},
		Undoes: orNone(r.Undoes), UndoneBy: orNone(r.UndoneBy), Complete: !r.Legacy, Changes: viewChanges(changes),
	}, nil
}

func (im *Importer) readRun(ctx context.Context, number int64) (registry.Run, []registry.StoredChange, error) {
	var found []registry.Run
	var err error
	if number > 0 { // 0 is no filter
		found, err = im.store.Runs(ctx, registry.RunFilter{ID: number})
	}
	if err != nil {
		return registry.Run{}, nil, err
	}
	if len(found) == 0 {
		return registry.Run{}, nil, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownRun, Message: fmt.Sprintf("no run %d", number)}
	}
	changes, err := im.store.Changes(ctx, number)
	return found[0], changes, err
}

// PruneRequest asks to forget what was done long ago.
type PruneRequest struct {
	Customer string // "" is all customers
	Before   time.Time
	DryRun   bool
}

// PruneResult says what was forgotten, and what is left.
type PruneResult struct {
	Applied bool        `json:"applied"`
	Before  time.Time   `json:"before"`
	Counts  PruneCounts `json:"counts"`
	// Reaches is the oldest run that is left and can be taken back, nil for none.
	Reaches *Run `json:"reaches"`
}

// PruneCounts counts what was forgotten.
type PruneCounts struct {
	Runs    int `json:"runs"`
	Changes int `json:"changes"`
	Left    int `json:"left"` // runs that stay
}

// unfinishedRuns are the runs of resets that have to be gone on with.
func (im *Importer) unfinishedRuns(ctx context.Context) (map[int64]bool, error) {
	kept := map[int64]bool{}
	list, err := im.store.List(ctx, registry.Load{})
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if c.Waiting[registry.PasswordOpen]+c.Waiting[registry.PasswordHalf] == 0 {
			continue
		}
		snap, err := im.store.Snapshot(ctx, registry.Ref{ID: c.Customer.ID}, registry.Load{Accounts: true, Passwords: true})
		if err != nil {
			return nil, err
		}
		for _, p := range snap.Passwords {
			if state := p.State(); state == registry.PasswordOpen || state == registry.PasswordHalf {
				kept[p.Reset.Run] = true
			}
		}
	}
	return kept, nil
}

// Prune forgets the runs before a time, and what they changed. The registry stays
// as it is; what was forgotten can be neither seen nor taken back.
func (im *Importer) Prune(ctx context.Context, r PruneRequest) (PruneResult, error) {
	result := PruneResult{Applied: !r.DryRun, Before: r.Before}
	var f registry.RunFilter
	var err error
	if r.Customer != "" {
		if f.CustomerID, err = im.pastCustomer(ctx, r.Customer); err != nil {
			return result, err
		}
	}
	runs, err := im.store.Runs(ctx, f)
	if err != nil {
		return result, err
	}
	kept, err := im.unfinishedRuns(ctx)
	if err != nil {
		return result, err
	}
	var old []int64
	for _, run := range slices.Backward(runs) {
		switch {
		case kept[run.ID]:
		case run.At.Before(r.Before):
			old = append(old, run.ID)
			result.Counts.Changes += run.Created + run.Updated + run.Deleted
		case result.Reaches == nil && !run.Legacy:
			v := viewRun(run)
			result.Reaches = &v
		}
	}
	result.Counts.Runs, result.Counts.Left = len(old), len(runs)-len(old)
	if r.DryRun || len(old) == 0 {
		return result, nil
	}
	return result, im.store.Prune(ctx, old...)
}

// Backup copies the registry into a file while it is in use.
func (im *Importer) Backup(ctx context.Context, path string) error {
	h, err := im.store.Health(ctx)
	if err != nil {
		return err
	}
	if !h.Exists {
		return &source.Error{Code: source.CodeNotFound, Topic: TopicNoState, Message: h.Place + " does not exist yet"}
	}
	copier, ok := im.store.(registry.Copier)
	if !ok {
		return &source.Error{Code: CodeRefused, Message: h.Place + " does not copy itself into a file"}
	}
	return copier.Copy(ctx, path)
}
