package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The outcomes of a run of a batch that is taken back, beside failed.
const (
	OutcomeUndone  = "undone"
	OutcomeAlready = "already" // was taken back before
	OutcomeRefused = "refused"
	OutcomeNotDone = "not_done" // interrupted before its turn, or in it
)

// UndoResult says what taking a run back did or would do.
type UndoResult struct {
	Run        *int64      `json:"run"` // that took it back
	Applied    bool        `json:"applied"`
	Undoes     int64       `json:"undoes"`
	Customer   string      `json:"customer"`
	CustomerID string      `json:"customer_id"`
	Changes    []RunChange `json:"changes"`
}

// UndoBatchResult says what taking the runs of a batch back did or would do.
type UndoBatchResult struct {
	Batch   string      `json:"batch"`
	Applied bool        `json:"applied"`
	Counts  UndoCounts  `json:"counts"`
	Runs    []UndoneRun `json:"runs"`
}

// UndoCounts counts the runs of a batch by what became of them.
type UndoCounts struct {
	Runs    int `json:"runs"`
	Undone  int `json:"undone"`
	Already int `json:"already"`
	Failed  int `json:"failed"` // those refused and those not done included
}

// UndoneRun is one run of a batch, and what became of it.
type UndoneRun struct {
	Undoes     int64       `json:"undoes"`
	Outcome    string      `json:"outcome"`
	Run        *int64      `json:"run"`
	Customer   string      `json:"customer"`
	CustomerID string      `json:"customer_id"`
	Changes    []RunChange `json:"changes"`
	Error      *Problem    `json:"error"`
}

// Undo takes a run back, as a run of its own. All is as it was before the run, to
// the byte; what is known of the directories stays.
func (im *Importer) Undo(ctx context.Context, number int64, dry bool) (UndoResult, error) {
	return im.undo(ctx, number, command{name: "undo", dry: dry})
}

// UndoBatch takes the runs of a batch back, the newest first, each in its own
// transaction. One that is refused leaves the others alone.
func (im *Importer) UndoBatch(ctx context.Context, batch string, dry bool) (UndoBatchResult, error) {
	result := UndoBatchResult{Batch: batch, Applied: !dry, Runs: []UndoneRun{}}
	runs, err := im.store.Runs(ctx, registry.RunFilter{Batch: batch})
	if err != nil {
		return result, err
	}
	if len(runs) == 0 {
		return result, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownRun, Message: fmt.Sprintf("no batch %q", batch)}
	}
	c := command{name: "undo", batch: registry.NewID(), dry: dry}
	for _, r := range runs {
		u := UndoneRun{Undoes: r.ID, Customer: r.CustomerName, CustomerID: r.CustomerID, Changes: []RunChange{}}
		if r.UndoneBy != 0 {
			u.Outcome = OutcomeAlready
			result.Counts.Already++
			result.Runs = append(result.Runs, u)
			continue
		}
		err := context.Cause(ctx)
		if err == nil {
			var done UndoResult
			if done, err = im.undo(ctx, r.ID, c); err == nil {
				u.Outcome, u.Run, u.Changes = OutcomeUndone, done.Run, done.Changes
				result.Counts.Undone++
			}
		}
		if err != nil {
			u.Error = problem(err)
			result.Counts.Failed++
			switch {
			case ctx.Err() != nil:
				u.Outcome = OutcomeNotDone
			default:
				u.Outcome = OutcomeRefused
			}
		}
		result.Runs = append(result.Runs, u)
	}
	result.Counts.Runs = len(result.Runs)
	if result.Counts.Already == len(runs) {
		return result, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("every run of batch %s is taken back already", batch)}
	}
	return result, nil
}

func (im *Importer) undo(ctx context.Context, number int64, c command) (result UndoResult, err error) {
	c.params = struct {
		Run int64 `json:"run"`
	}{number}
	err = im.retry(ctx, func(int) error {
		r, changes, err := im.readRun(ctx, number)
		if err != nil {
			return err
		}
		// What happens after the customer is read moves it on, and is seen by the store.
		snap, err := im.store.Snapshot(ctx, registry.Ref{ID: r.CustomerID}, registry.Load{Accounts: true, Invitations: true})
		if source.CodeOf(err) == source.CodeNotFound {
			snap, err = registry.New(registry.Customer{}), nil
		}
		if err != nil {
			return err
		}
		if err := im.mayUndo(ctx, r, changes); err != nil {
			return err
		}
		cs, err := im.takeBack(ctx, snap, r, changes)
		if err != nil {
			return err
		}
		stored, err := registry.EncodeAll(cs.Changes)
		if err != nil {
			return err
		}
		result = UndoResult{Applied: !c.dry, Undoes: number, Customer: customerName(snap, r), CustomerID: r.CustomerID, Changes: viewChanges(stored)}
		if c.dry {
			return context.Cause(ctx)
		}
		if cs.Run, err = im.run(c, result.Customer, im.clock()); err != nil {
			return err
		}
		cs.Run.Undoes = number
		runs, err := im.apply(ctx, cs)
		if source.CodeOf(err) == registry.CodeRule && !errors.Is(err, registry.ErrMoved) {
			return cannotUndo(r, "the registry's rules speak against it: %s", err)
		}
		if err == nil {
			result.Run = orNone(runs[0])
		}
		return err
	})
	return result, err
}

func customerName(s *registry.Snapshot, r registry.Run) string {
	if s.Exists() {
		return s.Customer.Name
	}
	return r.CustomerName
}

func cannotUndo(r registry.Run, format string, args ...any) *source.Error {
	return &source.Error{Code: CodeRefused, Message: fmt.Sprintf("run %d (%s) cannot be taken back: ", r.ID, r.Command) + fmt.Sprintf(format, args...)}
}

// mayUndo refuses a run that cannot be taken back, or not yet.
func (im *Importer) mayUndo(ctx context.Context, r registry.Run, changes []registry.StoredChange) error {
	runs, err := im.store.Runs(ctx, registry.RunFilter{CustomerID: r.CustomerID})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(runs, func(x registry.Run) bool { return x.ID == r.ID }); i >= 0 {
		r = runs[i]
	}
	switch {
	case r.UndoneBy != 0:
		e := cannotUndo(r, "run %d did so already", r.UndoneBy)
		e.Topic, e.Subject = TopicUndone, strconv.FormatInt(r.UndoneBy, 10)
		return e
	case r.Legacy:
		return cannotUndo(r, "it is of an older version, which did not keep all that takes")
	case len(changes) == 0:
		return cannotUndo(r, "it changed nothing")
	case r.Command == commandReset:
		e := cannotUndo(r, "a password that was set is set, and nobody keeps the one before")
		e.Topic = TopicPasswordGone
		return e
	}
	var later []registry.Run
	for _, x := range standing(runs) {
		if x.ID <= r.ID {
			break
		}
		theirs, err := im.store.Changes(ctx, x.ID)
		if err != nil {
			return err
		}
		if builtOn(changes, theirs) {
			later = append(later, x)
		}
	}
	if len(later) == 0 {
		return nil
	}
	const some = 10
	var labels, numbers []string
	for _, x := range later {
		labels = append(labels, fmt.Sprintf("run %d (%s, %s)", x.ID, x.Command, x.At.UTC().Format(time.RFC3339)))
		numbers = append(numbers, strconv.FormatInt(x.ID, 10))
	}
	if more := len(labels) - some; more > 0 {
		labels = append(labels[:some], fmt.Sprintf("and %d more", more))
	}
	e := cannotUndo(r, "later runs changed the same: %s", strings.Join(labels, ", "))
	e.Topic, e.Subject = TopicUndoFirst, strings.Join(numbers, ", ")
	return e
}

// standing leaves of runs, the newest first, those that count: neither what was
// taken back, nor what took it back.
func standing(runs []registry.Run) []registry.Run {
	gone := map[int64]bool{}
	for _, r := range runs {
		if r.UndoneBy != 0 {
			gone[r.ID], gone[r.UndoneBy] = true, true
		}
	}
	return slices.DeleteFunc(slices.Clone(runs), func(r registry.Run) bool { return gone[r.ID] })
}

// builtOn says whether later changes touch what earlier ones touched. Making or
// deleting a customer touches all that is his; two updates of one thing touch the
// same where they changed the same of it.
func builtOn(earlier, later []registry.StoredChange) bool {
	type thing struct {
		entity registry.Entity
		id     string
	}
	touched := map[thing]map[string]bool{} // nil for the thing as a whole
	for _, c := range earlier {
		whole := c.Before == nil || c.After == nil
		if whole && c.Entity == registry.EntityCustomer {
			return len(later) > 0
		}
		touched[thing{c.Entity, c.ID}] = memberNames(c)
	}
	for _, c := range later {
		members := memberNames(c)
		if members == nil && c.Entity == registry.EntityCustomer {
			return true
		}
		mine, ok := touched[thing{c.Entity, c.ID}]
		if ok && (mine == nil || members == nil) {
			return true
		}
		for name := range members {
			if mine[name] {
				return true
			}
		}
	}
	return false
}

// memberNames are what an update changed, nil of a thing that was made or deleted.
func memberNames(c registry.StoredChange) map[string]bool {
	if c.Before == nil || c.After == nil {
		return nil
	}
	names := map[string]bool{}
	for _, side := range []jsontext.Value{c.Before, c.After} {
		var members map[string]json.RawMessage
		if json.Unmarshal(side, &members) != nil {
			return nil
		}
		for name := range members {
			names[name] = true
		}
	}
	return names
}

// takeBack is the change set that takes a run back. No state is decided anew: what
// comes back is what was.
func (im *Importer) takeBack(ctx context.Context, snap *registry.Snapshot, r registry.Run, changes []registry.StoredChange) (registry.ChangeSet, error) {
	if n := mailsIn(changes); n > 0 && r.Undoes == 0 {
		return registry.ChangeSet{}, cannotUndo(r, "it sent mail (%d), and what was sent stays sent", n)
	}
	inverse := registry.Inverse(changes)
	after, conflicts, err := snap.Replay(inverse)
	if err != nil {
		return registry.ChangeSet{}, registry.Damaged(err, "record of run %d", r.ID)
	}
	if len(conflicts) > 0 {
		var found []string
		for _, c := range conflicts {
			found = append(found, fmt.Sprintf("%s %s %s", c.Entity, cmp.Or(c.Name, c.ID), c.Reason))
		}
		const some = 5
		if more := len(found) - some; more > 0 {
			found = append(found[:some], fmt.Sprintf("and %d more", more))
		}
		return registry.ChangeSet{}, cannotUndo(r, "%s", strings.Join(found, "; "))
	}
	gone := slices.ContainsFunc(inverse, func(c registry.StoredChange) bool { return c.Entity == registry.EntityCustomer && c.After == nil })
	if gone {
		if n := len(after.Accounts) + len(after.Directories) + len(after.Selections) + len(after.Decisions) + len(after.Dismissals) + len(after.Invitations); n > 0 {
			return registry.ChangeSet{}, cannotUndo(r, "it made %s, who has got more since", snap.Customer.Name)
		}
		return registry.NewDeletion(snap), nil
	}
	if err := im.checkRestored(ctx, r, snap, after); err != nil {
		return registry.ChangeSet{}, err
	}
	return registry.NewChangeSet(snap, after), nil
}

// checkRestored refuses to bring back what breaks a rule by now.
func (im *Importer) checkRestored(ctx context.Context, r registry.Run, before, after *registry.Snapshot) error {
	was, is := before.Customer, after.Customer
	if was.Key != is.Key || !maps.Equal(was.ExternalIDs, is.ExternalIDs) {
		list, err := im.store.List(ctx, registry.Load{})
		if err != nil {
			return err
		}
		if err := newOthers(list).check(is); err != nil {
			return cannotUndo(r, "%s", err)
		}
	}
	holders := map[source.Kind]map[string]*registry.Account{source.AD: {}, source.M365: {}}
	for _, a := range after.Accounts {
		if !fitsMode(is.PasswordSync, a) {
			return cannotUndo(r, "%s does not fit password sync %s", accountLabel(a), is.PasswordSync)
		}
		for kind, taken := range holders {
			id := a.LinkID(kind)
			if other := taken[id]; id != "" && other != nil {
				what := "AD user"
				if kind == source.M365 {
					what = "mailbox"
				}
				return cannotUndo(r, "%s and %s would have one %s", accountLabel(other), accountLabel(a), what)
			}
			taken[id] = a
		}
	}
	known := contradictions(before.Decisions)
	for key, d := range contradictions(after.Decisions) {
		if _, ok := known[key]; !ok {
			return cannotUndo(r, "what was decided about %s speaks against a decision taken since", cmp.Or(d.ADName, d.ADID))
		}
	}
	unsettled := unsettledStates(before)
	for id, now := range unsettledStates(after) {
		if _, ok := unsettled[id]; ok {
			continue
		}
		if now.EmailIssue == registry.EmailDuplicate {
			return cannotUndo(r, "%s is the address of another account by now: that of %s", now.Email, accountLabel(now))
		}
		return cannotUndo(r, "the state of %s would be %s by now", accountLabel(now), now.State)
	}
	return nil
}

// fitsMode says whether an account may be in a customer of a mode.
func fitsMode(mode registry.Mode, a *registry.Account) bool {
	switch mode {
	case registry.ModeOn:
		return a.AD != nil
	case registry.ModeOff:
		return a.AD == nil || a.M365 == nil
	}
	return false
}

// contradictions are the decisions that cannot stand beside another.
func contradictions(ds registry.Decisions) map[registry.DecisionKey]registry.Decision {
	list := sortedDecisions(ds)
	found := map[registry.DecisionKey]registry.Decision{}
	for i := range clashes(list) {
		found[list[i].Key()] = list[i]
	}
	return found
}

// unsettledStates are, by id and as they would have to be, the accounts whose
// state is not the one that the rules give them.
func unsettledStates(s *registry.Snapshot) map[string]*registry.Account {
	d := newDraft(s, time.Time{})
	settle(d)
	found := map[string]*registry.Account{}
	for i, a := range d.after.Accounts {
		if d.changed(i) {
			found[a.ID] = a
		}
	}
	return found
}
