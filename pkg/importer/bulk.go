package importer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// DefaultMaxNew is how many new accounts a manifest may give one customer at once.
const DefaultMaxNew = 500

// BulkRequest asks for the plan of a manifest, or for its application.
type BulkRequest struct {
	Manifest *manifest.Manifest
	Apply    bool
	Parallel int // customers side by side; less than 1 is 1
	MaxNew   int // new accounts for one customer at once; 0 is DefaultMaxNew
	// Plan is the saved plan that is carried out, by name of customer; nil is none.
	Plan map[string]Planned
}

// Planned is a customer's part of a saved plan.
type Planned struct {
	Hash string
	// Left says why the customer is left out: it failed when the plan was made, or
	// cannot be read now.
	Left *CustomerPlan
}

// fits says whether a customer is as the plan found him, or as it leaves him: what is
// done already fits, after an interruption or beside another who carries it out.
func (s Planned) fits(now CustomerPlan) bool { return !now.Changed || now.Hash == s.Hash }

// BulkResult is what a manifest did or would do, in its order.
type BulkResult struct {
	Applied   bool           `json:"applied"`
	PlanHash  string         `json:"plan_hash"`
	Counts    BulkCounts     `json:"counts"`
	Customers []CustomerPlan `json:"customers"`
}

// BulkCounts counts customers by what became of them.
type BulkCounts struct {
	Customers int `json:"customers"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Failed    int `json:"failed"` // those not done included
	NotDone   int `json:"not_done"`
}

// CustomerPlan is one customer's part.
type CustomerPlan struct {
	Name     string       `json:"name"`
	Changes  []PlanChange `json:"changes"`
	Warnings []string     `json:"warnings"`
	Result   PlanResult   `json:"result"`
	Error    *Problem     `json:"error"`
	Err      error        `json:"-"`
	// Changed says that there are changes, also where they are not kept.
	Changed bool `json:"-"`
	// Hash stands for the changes, down to every column of every account.
	Hash string `json:"hash"`
}

// PlanChange is one thing that changes.
type PlanChange struct {
	Action string `json:"action"` // create, update, connect, match, select, decide, …
	What   string `json:"what"`   // customer, password_sync, directory ad, account …
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// PlanResult holds the documents of the single commands.
type PlanResult struct {
	Import []ImportResult `json:"import"`
	Match  []MatchResult  `json:"match"`
}

// Bulk plans or applies a manifest. Customers run side by side, each in its own
// transaction, and are yielded as they are done; a failure is part of its
// customer's plan. After an interruption those that are not done yet are
// yielded with that error.
func (im *Importer) Bulk(ctx context.Context, r BulkRequest) iter.Seq[CustomerPlan] {
	batch := registry.NewID()
	return sideBySide(ctx, r.Parallel, r.Manifest.Customers, func(ctx context.Context, mc manifest.Customer) CustomerPlan {
		return im.bulkCustomer(ctx, r, mc, batch)
	})
}

// sideBySide does something for each of a list, so many at once, and yields the
// results as they are done. When whoever takes them stops, the context of those
// that are under way ends, and all are waited for.
func sideBySide[T, R any](ctx context.Context, parallel int, all []T, do func(context.Context, T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		jobs, done := make(chan T), make(chan R)
		var workers sync.WaitGroup
		for range max(parallel, 1) {
			workers.Go(func() {
				for job := range jobs {
					done <- do(ctx, job)
				}
			})
		}
		go func() {
			for _, job := range all {
				jobs <- job
			}
			close(jobs)
			workers.Wait()
			close(done)
		}()
		stopped := false
		for r := range done { // to the end, so that no worker is left behind
			if !stopped && !yield(r) {
				stopped = true
				cancel(context.Canceled)
			}
		}
	}
}

// Summarise puts the customers of a manifest together in its order. What is at
// length in them, changes and documents, may have been dropped before.
func Summarise(r BulkRequest, plans []CustomerPlan) BulkResult {
	order := map[string]int{}
	for i, mc := range r.Manifest.Customers {
		order[nameKey(mc.Name)] = i
	}
	slices.SortFunc(plans, func(a, b CustomerPlan) int { return cmp.Compare(order[nameKey(a.Name)], order[nameKey(b.Name)]) })
	result := BulkResult{Applied: r.Apply, Customers: list(plans)}
	hash := sha256.New()
	for _, p := range plans {
		result.Counts.Customers++
		switch {
		case p.Err != nil:
			result.Counts.Failed++
			if p.Error.NotDone() {
				result.Counts.NotDone++
			}
		case p.Changed:
			result.Counts.Changed++
		default:
			result.Counts.Unchanged++
		}
		_, _ = fmt.Fprintf(hash, "%q %s\n", p.Name, p.Hash)
	}
	result.PlanHash = hex.EncodeToString(hash.Sum(nil))
	return result
}

func (im *Importer) bulkCustomer(ctx context.Context, r BulkRequest, mc manifest.Customer, batch string) CustomerPlan {
	if left := r.Plan[mc.Name].Left; left != nil {
		return *left
	}
	p := CustomerPlan{Name: mc.Name}
	err := context.Cause(ctx)
	if err == nil {
		err = im.runCustomer(ctx, r, mc, batch, &p)
	}
	if err != nil {
		p.Err, p.Error = err, problem(err)
	}
	p.Changes, p.Warnings = list(p.Changes), list(p.Warnings)
	p.Result.Import, p.Result.Match = list(p.Result.Import), list(p.Result.Match)
	return p
}

// runCustomer reads what a customer's part needs, then decides and writes it.
func (im *Importer) runCustomer(ctx context.Context, r BulkRequest, mc manifest.Customer, batch string, p *CustomerPlan) error {
	read := func() (*registry.Snapshot, error) { return im.readOrNew(ctx, mc) }
	snap, err := read()
	if err != nil {
		return err
	}
	j, err := im.readJob(ctx, snap, mc)
	if err != nil {
		return err
	}
	run, err := im.changeFrom(ctx, snap, command{name: "apply", batch: batch, dry: !r.Apply, limits: manifestLimits(mc.Allow, cmp.Or(mc.Allow.MaxNew, r.MaxNew, DefaultMaxNew))}, func(d *draft) error {
		*p = CustomerPlan{Name: j.Name}
		if err := d.runJob(j, !r.Apply, &p.Result); err != nil {
			return err
		}
		if err := d.describe(p); err != nil {
			return err
		}
		p.Warnings = j.warnings(d.after.Customer.PasswordSync)
		if r.Plan != nil && !r.Plan[mc.Name].fits(*p) {
			return &source.Error{Code: CodeStale, Message: "the plan no longer fits: the directory or the registry has changed since it was made",
				Hint: "make a new plan and review it"}
		}
		return nil
	}, read)
	if err != nil {
		*p = CustomerPlan{Name: p.Name, Hash: p.Hash}
		return err
	}
	for i := range p.Result.Import {
		p.Result.Import[i].Applied, p.Result.Import[i].Run = r.Apply, run
	}
	for i := range p.Result.Match {
		p.Result.Match[i].Applied, p.Result.Match[i].Run = r.Apply, run
	}
	return nil
}

// readOrNew reads the customer of a manifest by its name; one that there is none
// of is new. None of its ids may be another customer's.
func (im *Importer) readOrNew(ctx context.Context, mc manifest.Customer) (*registry.Snapshot, error) {
	load := registry.Load{Accounts: true}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if mc.Match.Auto || len(mc.Match.Pairs) > 0 || slices.ContainsFunc(mc.Import, func(i manifest.Import) bool { return i.Source == kind }) {
			load.People = append(load.People, kind)
		}
	}
	// A name alone: itglue:4711 may be one, and then it is nobody's external id.
	snap, err := im.store.Snapshot(ctx, registry.Ref{Key: nameKey(mc.Name)}, load)
	if source.CodeOf(err) == source.CodeNotFound {
		snap, err = newCustomer(mc.Name, nil, im.clock()), checkName(mc.Name)
	}
	if err != nil {
		return nil, err
	}
	for _, system := range slices.Sorted(maps.Keys(mc.ExternalIDs)) {
		value := mc.ExternalIDs[system]
		owner, err := im.store.Snapshot(ctx, registry.Ref{System: system, Value: value}, registry.Load{})
		switch {
		case source.CodeOf(err) == source.CodeNotFound:
		case err != nil:
			return nil, err
		case owner.Customer.ID == snap.Customer.ID:
		case owner.Customer.Key == snap.Customer.Key: // made by another process since it was asked for by name
			return im.readOrNew(ctx, mc)
		default:
			return nil, idTaken(owner.Customer.Name, system, value)
		}
	}
	return snap, nil
}

// job is a customer's part of a manifest with all that was read for it.
type job struct {
	manifest.Customer
	imports []ImportRequest
	reads   []*reading // of the imports
	sides   sides
}

// readJob reads the directories that a customer's part needs, each once.
func (im *Importer) readJob(ctx context.Context, snap *registry.Snapshot, mc manifest.Customer) (*job, error) {
	d := newDraft(snap, im.clock())
	d.adoptManifest(mc)
	target := d.after
	j := &job{Customer: mc}
	for _, kind := range bothKinds {
		for _, c := range []struct {
			before, after map[source.Kind]registry.Directory
		}{{snap.Directories, target.Directories}, {snap.Resetters, target.Resetters}} {
			after, ok := c.after[kind]
			if !ok || after.Connection == c.before[kind].Connection {
				continue
			}
			if err := im.check(after.Connection); err != nil {
				return nil, err
			}
		}
	}
	whole := map[source.Kind]*reading{}
	for _, mi := range mc.Import {
		r := ImportRequest{
			Source: mi.Source, PasswordSync: registry.Mode(mc.PasswordSync), OUs: mi.OU, Recursive: mi.Recursive, All: len(mi.Users) == 0, Users: mi.Users,
			Exclude: mi.Exclude, IncludeDisabled: mi.IncludeDisabled, AlsoM365: mi.AlsoM365, OtherDirectory: mc.Allow.DirectoryChanged,
			Groups: mi.Group, Licensed: mi.Licensed, SKUs: mi.SKU, ExcludeOUs: mi.ExcludeOU, IncludePrivileged: mi.IncludePrivileged,
		}
		if err := r.validate(); err != nil {
			return nil, err
		}
		if _, err := r.settleMode(snap.Customer, snap.Counts.Total); err != nil {
			return nil, err
		}
		j.imports = append(j.imports, r)
	}
	for _, r := range j.imports {
		if whole[r.Source] == nil {
			read, err := im.readWhole(ctx, target, r.Source, j.question(target, r.Source))
			if err != nil {
				return nil, err
			}
			whole[r.Source] = read
		}
		j.reads = append(j.reads, whole[r.Source])
	}
	if mc.Match.Auto || len(mc.Match.Pairs) > 0 {
		if err := canMatch(target.Customer); err != nil {
			return nil, err
		}
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if whole[kind] != nil || kind == source.AD && !mc.Match.Auto {
				continue
			}
			read, err := im.readWhole(ctx, target, kind, question{other: mc.Allow.DirectoryChanged})
			if err != nil {
				return nil, err
			}
			whole[kind] = read
		}
		j.sides = sides{ad: whole[source.AD], m365: whole[source.M365]}
	}
	return j, nil
}

// question is what the imports from a directory have to know of it, so that it is
// read once for all of them.
func (j *job) question(snap *registry.Snapshot, kind source.Kind) question {
	all := question{other: j.Allow.DirectoryChanged}
	var looks []func(*reading) (string, error)
	for _, r := range j.imports {
		if r.Source == kind {
			q := r.question(snap)
			all.groups, all.licences, looks = append(all.groups, q.groups...), max(all.licences, q.licences), append(looks, q.look)
		}
	}
	all.look = func(read *reading) (string, error) {
		for _, look := range looks {
			if _, err := look(read); err != nil {
				return "", err
			}
		}
		return "", nil
	}
	return all
}

// listNew is how a manifest says that a refresh only lists who is new.
const listNew = "list"

// adoptManifest drafts what a manifest says of the customer itself.
func (d *draft) adoptManifest(mc manifest.Customer) {
	maps.Copy(d.after.Customer.ExternalIDs, mc.ExternalIDs)
	if mc.PasswordSync != "" {
		d.after.Customer.PasswordSync = registry.Mode(mc.PasswordSync)
	}
	switch mc.Refresh.New {
	case registry.ImportNew:
		d.after.Customer.NewPeople = registry.ImportNew
	case listNew:
		d.after.Customer.NewPeople = ""
	}
	for _, conn := range []*source.Connection{mc.Directories.AD, mc.Directories.M365, mc.Directories.ResetAD, mc.Directories.ResetM365} {
		if conn != nil {
			d.connect(*conn)
		}
	}
}

// runJob drafts a customer's part; dry says that it will not be applied.
func (d *draft) runJob(j *job, dry bool, result *PlanResult) error {
	was := d.after.Customer
	d.adoptManifest(j.Customer)
	if err := mayChoose(was, d.after.Customer.PasswordSync, d.accounts()); err != nil {
		return err
	}
	batches := make([]*batch, len(j.imports))
	selected := 0
	for i, r := range j.imports {
		var err error
		if batches[i], err = d.importFrom(r, j.reads[i]); err != nil {
			return err
		}
		selected += len(batches[i].chosen)
	}
	if len(j.imports) > 0 && selected == 0 && !j.Allow.Empty {
		return &source.Error{Code: CodeSafeguard, Topic: TopicNobodySelected, Message: "the imports select nobody"}
	}
	d.settle()
	if pairs := j.Match.Pairs; len(pairs) > 0 {
		var r HandRequest
		for _, p := range pairs {
			r.Rows = append(r.Rows, DecisionRow{AD: p.AD, M365: p.M365, Verdict: match.VerdictMatch})
		}
		found, err := d.matchByHand(r, j.sides)
		if err != nil {
			return err
		}
		result.Match = append(result.Match, found)
	}
	if j.Match.Auto {
		found, err := d.matchAuto(j.Match.By, j.sides)
		if err != nil {
			return err
		}
		result.Match = append(result.Match, found)
	}
	if len(j.Emails) > 0 {
		var emails []EmailChange
		for _, e := range j.Emails {
			emails = append(emails, EmailChange{Account: e.Account, Email: e.Email})
		}
		if _, _, err := d.setEmails(emails, false); err != nil {
			return err
		}
		d.settle()
	}
	for i, r := range j.imports { // as the accounts are when all is decided
		r.DryRun = dry
		result.Import = append(result.Import, d.importResult(r, batches[i]))
	}
	return nil
}

// warnings says what about a customer's topology speaks against its mode.
func (j *job) warnings(mode registry.Mode) []string {
	if j.sides.m365 == nil {
		return nil
	}
	synced := 0
	for _, u := range j.sides.m365.users {
		if u.Synced == source.Yes {
			synced++
		}
	}
	if mode == registry.ModeOn && (j.sides.m365.info.Synced == source.Yes || 2*synced > len(j.sides.m365.users)) {
		return []string{syncedWarning}
	}
	return nil
}

// describe lists what a draft changes, down to every account, with a hash over
// all of it.
func (d *draft) describe(p *CustomerPlan) error {
	cs := d.changes()
	p.Changed = len(cs.Changes) > 0
	hash := sha256.New()
	for _, c := range cs.Changes {
		p.Changes = append(p.Changes, planChanges(c)...)
		line, err := json.Marshal(fixed(c))
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(hash, "%s\n", line)
	}
	p.Hash = hex.EncodeToString(hash.Sum(nil))
	d.planHash = p.Hash
	return nil
}

// planChanges are the lines of a plan for one change.
func planChanges(c registry.Change) []PlanChange {
	if c.Entity == registry.EntityDecision {
		return []PlanChange{{"decide", "decision about " + c.Name, verdict(c.Before), verdict(c.After)}}
	}
	switch is := c.After.(type) {
	case *registry.Customer:
		was, _ := c.Before.(*registry.Customer)
		return planCustomer(was, is)
	case *registry.Directory:
		var before *source.Connection
		if was, _ := c.Before.(*registry.Directory); was != nil {
			if before = &was.Connection; *before == is.Connection {
				return []PlanChange{{"set", "identity of directory " + c.ID, orNull(was.Identity), is.Identity}}
			}
		}
		return []PlanChange{{"connect", "directory " + c.ID, before, &is.Connection}}
	case *registry.Selection:
		var before any
		if was, _ := c.Before.(*registry.Selection); was != nil {
			before = was
		}
		return []PlanChange{{"select", "users of " + c.Name, before, is}}
	case *registry.Account:
		was, _ := c.Before.(*registry.Account)
		action := "update"
		switch {
		case was == nil:
			action = "create"
		case was.M365 == nil && is.M365 != nil:
			action = "match"
		}
		return []PlanChange{{action, "account " + cmp.Or(is.DisplayName, is.Username), summary(was), summary(is)}}
	}
	return nil
}

// verdict is a decision in a plan, nil for none.
func verdict(v any) any {
	d, _ := v.(*registry.Decision)
	if d == nil {
		return nil
	}
	return fmt.Sprintf("%s %s", d.Verdict, cmp.Or(d.M365Name, d.M365ID))
}

func planCustomer(was, is *registry.Customer) []PlanChange {
	var changes []PlanChange
	if was == nil {
		changes = append(changes, PlanChange{"create", "customer", nil, is.Name})
		was = &registry.Customer{PasswordSync: registry.ModeUnset}
	}
	for _, system := range slices.Sorted(maps.Keys(is.ExternalIDs)) {
		if before, after := was.ExternalIDs[system], is.ExternalIDs[system]; before != after {
			changes = append(changes, PlanChange{"set", "external id " + system, orNull(before), after})
		}
	}
	if was.PasswordSync != is.PasswordSync {
		changes = append(changes, PlanChange{"set", "password_sync", was.PasswordSync, is.PasswordSync})
	}
	if was.NewPeople != is.NewPeople {
		changes = append(changes, PlanChange{"set", "refresh new", cmp.Or(was.NewPeople, listNew), cmp.Or(is.NewPeople, listNew)})
	}
	return changes
}

// fixed is a change without what is made anew each time it is decided: the ids of
// new things, and times.
func fixed(c registry.Change) any {
	type side struct{ Before, After any }
	of := func(v any) any {
		switch v := v.(type) {
		case *registry.Customer:
			x := *v
			x.ID, x.CreatedAt = "", time.Time{}
			return x
		case *registry.Directory:
			x := *v
			x.ConnectedAt = time.Time{}
			return x
		case *registry.Decision:
			x := *v
			x.DecidedAt = time.Time{}
			return x
		case *registry.Account:
			x := *v
			x.ImportedAt, x.UpdatedAt, x.AD, x.M365 = time.Time{}, time.Time{}, timeless(x.AD), timeless(x.M365)
			if c.Before == nil {
				x.ID = ""
			}
			return x
		}
		return v
	}
	return side{of(c.Before), of(c.After)}
}

func timeless(l *registry.Link) *registry.Link {
	if l == nil {
		return nil
	}
	x := *l
	x.Since, x.PrivilegedSince = time.Time{}, time.Time{}
	return &x
}

// accountSummary is an account in a plan.
type accountSummary struct {
	DisplayName string         `json:"display_name"`
	Username    string         `json:"username"`
	State       registry.State `json:"state"`
	Email       string         `json:"email"`
	Issue       string         `json:"email_issue,omitempty"`
	Mailbox     string         `json:"mailbox,omitempty"`
	Status      string         `json:"status,omitempty"` // disabled, in the directory imported from
}

func summary(a *registry.Account) any {
	if a == nil {
		return nil
	}
	s := accountSummary{DisplayName: a.DisplayName, Username: a.Username, State: a.State, Email: a.Email, Issue: a.EmailIssue}
	if a.M365 != nil {
		s.Mailbox, s.Status = a.M365.Name, a.M365.Status
	}
	if a.AD != nil {
		s.Status = a.AD.Status
	}
	if s.Status == registry.StatusOK {
		s.Status = ""
	}
	return s
}

// Fit holds a saved plan against a fresh one, and returns the saved one as it can
// be carried out now: without the customers that cannot be read, of whom nobody
// knows whether the plan still fits them. Where it no longer fits one that can be
// read, that is an error. What a run has done already fits, but not what there is
// nothing left to do of because the directory is another.
func (im *Importer) Fit(ctx context.Context, saved map[string]Planned, fresh []CustomerPlan) (map[string]Planned, error) {
	fit := maps.Clone(saved)
	var stale []string
	// All runs there ever were: read only where somebody has nothing left to do.
	carriedOut := sync.OnceValues(func() (map[string]bool, error) { return im.carriedOut(ctx) })
	for _, p := range fresh {
		planned := saved[p.Name]
		switch {
		case planned.Left != nil:
		case p.Err == nil && !planned.fits(p):
			stale = append(stale, p.Name)
		case p.Err == nil && p.Hash != planned.Hash:
			done, err := carriedOut()
			if err != nil {
				return nil, err
			}
			if !done[planned.Hash] {
				stale = append(stale, p.Name)
			}
		case refusedByRule(p.Err):
			return nil, &source.Error{Code: CodeStale, Message: "the plan no longer fits " + p.Name, Err: p.Err, Hint: staleHint}
		case p.Err != nil:
			fit[p.Name] = Planned{Left: &p}
		}
	}
	if len(stale) == 0 {
		return fit, nil
	}
	few := stale
	if len(few) > 5 {
		few = append(slices.Clone(few[:5]), "…")
	}
	return nil, &source.Error{Code: CodeStale, Message: fmt.Sprintf("the plan no longer fits %d of its customers: %s", len(stale), strings.Join(few, ", ")),
		Hint: staleHint}
}

// carriedOut are the hashes of the plans that runs have carried out.
func (im *Importer) carriedOut(ctx context.Context) (map[string]bool, error) {
	runs, err := im.store.Runs(ctx, registry.RunFilter{})
	if err != nil {
		return nil, err
	}
	done := map[string]bool{}
	for _, r := range runs {
		done[r.PlanHash] = true
	}
	delete(done, "")
	return done, nil
}

// refusedByRule says that a customer was read, and that a rule stands in the way.
func refusedByRule(err error) bool {
	switch source.CodeOf(err) {
	case source.CodeNotFound, CodeNotUnique, CodePasswordSyncLocked, CodePairTaken, CodeNameTaken, CodeDirectoryChanged, CodeSafeguard, CodeRefused:
		return true
	}
	return false
}

const staleHint = "their directories or the registry changed since; nothing was applied: make a new plan and review it"
