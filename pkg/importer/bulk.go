package importer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/source"
)

// CodeSafeguard is the refusal of a change that looks like a mistake.
const CodeSafeguard source.Code = "safeguard"

// CodeStale is the refusal of a plan that no longer fits.
const CodeStale source.Code = "plan_stale"

// DefaultMaxNew is how many new accounts a manifest may give one customer at once.
const DefaultMaxNew = 500

// BulkRequest asks for the plan of a manifest, or for its application.
type BulkRequest struct {
	Manifest *manifest.Manifest
	Apply    bool
	Parallel int // customers side by side; less than 1 is 1
	MaxNew   int // new accounts for one customer at once; 0 is DefaultMaxNew
	// Expect holds the hash that each customer's plan must have, by name; nil
	// expects nothing.
	Expect map[string]string
}

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
	// Hash stands for the changes, down to every column of every account.
	Hash string `json:"hash"`
}

// PlanChange is one thing that changes.
type PlanChange struct {
	Action string `json:"action"` // create, update, connect, match, …
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
	return func(yield func(CustomerPlan) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		jobs, done := make(chan manifest.Customer), make(chan CustomerPlan)
		var workers sync.WaitGroup
		for range max(r.Parallel, 1) {
			workers.Go(func() {
				for mc := range jobs {
					done <- im.bulkCustomer(ctx, r, mc)
				}
			})
		}
		go func() {
			for _, mc := range r.Manifest.Customers {
				jobs <- mc
			}
			close(jobs)
			workers.Wait()
			close(done)
		}()
		stopped := false
		for p := range done { // to the end, so that no worker is left behind
			if !stopped && !yield(p) {
				stopped = true
				cancel(context.Canceled)
			}
		}
	}
}

// Summarise puts the customers of a manifest together in its order.
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
		case len(p.Changes) > 0:
			result.Counts.Changed++
		default:
			result.Counts.Unchanged++
		}
		_, _ = fmt.Fprintf(hash, "%q %s\n", p.Name, p.Hash)
	}
	result.PlanHash = hex.EncodeToString(hash.Sum(nil))
	return result
}

func (im *Importer) bulkCustomer(ctx context.Context, r BulkRequest, mc manifest.Customer) CustomerPlan {
	p := CustomerPlan{Name: mc.Name}
	err := context.Cause(ctx)
	if err == nil {
		err = im.runCustomer(ctx, r, mc, &p)
	}
	if err != nil {
		p.Err, p.Error = err, problem(err)
	}
	p.Changes, p.Warnings = list(p.Changes), list(p.Warnings)
	p.Result.Import, p.Result.Match = list(p.Result.Import), list(p.Result.Match)
	return p
}

// runCustomer reads what a customer's part needs, then decides and writes it.
func (im *Importer) runCustomer(ctx context.Context, r BulkRequest, mc manifest.Customer, p *CustomerPlan) error {
	read := func() (*registry, error) { return im.readOrNew(ctx, mc) }
	reg, err := read()
	if err != nil {
		return err
	}
	job, err := im.readJob(ctx, reg, mc)
	if err != nil {
		return inManifest(err)
	}
	var finish func()
	run, err := im.changeFrom(ctx, reg, "apply", !r.Apply, func(d *draft) (err error) {
		finish, err = d.runJob(job, cmp.Or(mc.Allow.MaxNew, r.MaxNew, DefaultMaxNew), p)
		if err == nil && r.Expect != nil && r.Expect[mc.Name] != p.Hash {
			err = &source.Error{Code: CodeStale, Message: "the plan no longer fits: the directory or the registry has changed since it was made",
				Hint: "make a new plan and review it"}
		}
		return err
	}, read)
	if err != nil {
		*p = CustomerPlan{Name: p.Name, Hash: p.Hash}
		return inManifest(err)
	}
	finish()
	for i := range p.Result.Import {
		p.Result.Import[i].Applied, p.Result.Import[i].Run = r.Apply, run
	}
	for i := range p.Result.Match {
		p.Result.Match[i].Applied, p.Result.Match[i].Run = r.Apply, run
	}
	return nil
}

// inManifest gives an error the hint of who writes a manifest, where it is
// another than that of who types a command.
func inManifest(err error) error {
	var e *source.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := ""
	switch e.Code {
	case CodeDirectoryChanged:
		hint = "check the connection; if the customer really moved, say `allow: {directory_changed: true}` for this customer"
	case CodePasswordSyncUnset:
		hint = "say `password_sync` for this customer, or in `defaults`: " +
			"off = one directory alone, or AD Connect copies the passwords; on = AD and Microsoft 365 without AD Connect"
	default:
		return err
	}
	changed := *e
	changed.Hint = hint
	return &changed
}

// readOrNew reads the customer of a manifest by its name; one that there is none
// of is new. None of its ids may be another customer's.
func (im *Importer) readOrNew(ctx context.Context, mc manifest.Customer) (*registry, error) {
	var reg *registry
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := findCustomer(ctx, tx, mc.Name)
		if source.CodeOf(err) == source.CodeNotFound {
			c, err = customer{name: mc.Name, mode: ModeUnset}, checkName(mc.Name)
		}
		if err != nil {
			return err
		}
		for _, system := range slices.Sorted(maps.Keys(mc.ExternalIDs)) {
			ids := map[string]string{system: mc.ExternalIDs[system]}
			owners, err := findByExternalID(ctx, tx, ids)
			if err != nil {
				return err
			}
			if len(owners) == 1 && owners[0].n != c.n {
				return idTaken(owners[0].name, system, mc.ExternalIDs[system])
			}
		}
		reg, err = readRegistry(ctx, tx, c, fullAccounts)
		return err
	})
	return reg, err
}

// job is a customer's part of a manifest with all that was read for it.
type job struct {
	manifest.Customer
	imports   []ImportRequest
	batches   []*batch
	mailboxes []*source.User
	tenant    string
	synced    source.Flag // whether AD Connect runs
}

// readJob reads the directories that a customer's part needs.
func (im *Importer) readJob(ctx context.Context, reg *registry, mc manifest.Customer) (*job, error) {
	d := im.newDraft(reg)
	d.adopt(mc)
	target := &registry{customer: reg.customer, connections: d.connections, identity: reg.identity}
	j := &job{Customer: mc}
	for _, kind := range d.connectionChanges() {
		if err := im.check(*d.connections.Get(kind)); err != nil {
			return nil, err
		}
	}
	for _, mi := range mc.Import {
		r := ImportRequest{
			Source: mi.Source, OUs: mi.OU, Recursive: mi.Recursive, All: len(mi.Users) == 0, Users: mi.Users,
			Exclude: mi.Exclude, IncludeDisabled: mi.IncludeDisabled, OtherDirectory: mc.Allow.DirectoryChanged,
		}
		if err := r.validate(); err != nil {
			return nil, err
		}
		r.PasswordSync = Mode(mc.PasswordSync)
		if _, err := r.settleMode(target.customer, len(reg.accounts)); err != nil {
			return nil, err
		}
		b, err := im.readBatch(ctx, target, r)
		if err != nil {
			return nil, err
		}
		j.imports, j.batches = append(j.imports, r), append(j.batches, b)
	}
	if mc.Match.Auto || len(mc.Match.Pairs) > 0 {
		if err := target.canMatch(d.mode); err != nil {
			return nil, err
		}
		var err error
		var info source.Info
		if j.mailboxes, info, err = im.readTenant(ctx, target, mc.Allow.DirectoryChanged); err != nil {
			return nil, err
		}
		j.tenant, j.synced = info.ID, info.Synced
	}
	return j, nil
}

// adopt drafts what a manifest says of the customer itself.
func (d *draft) adopt(mc manifest.Customer) {
	maps.Copy(d.externalIDs, mc.ExternalIDs)
	if mc.PasswordSync != "" {
		d.mode = Mode(mc.PasswordSync)
	}
	d.connections.AD = cmp.Or(mc.Directories.AD, d.connections.AD)
	d.connections.M365 = cmp.Or(mc.Directories.M365, d.connections.M365)
}

// runJob drafts a customer's part, and describes it in p. What it returns
// completes the description once the draft is written.
func (d *draft) runJob(j *job, maxNew int, p *CustomerPlan) (func(), error) {
	*p = CustomerPlan{Name: j.Name}
	before := d.mode
	d.adopt(j.Customer)
	if d.mode != before && len(d.accounts()) > 0 {
		return nil, locked(d.reg.customer, d.mode, len(d.accounts()))
	}
	var imports []func() ImportResult
	var matches []func() MatchResult
	selected := 0
	for i, r := range j.imports {
		finish, n, err := d.importBatch(r, j.batches[i])
		if err != nil {
			return nil, err
		}
		selected += n
		imports = append(imports, finish)
	}
	if err := d.safeguard(j, selected, maxNew); err != nil {
		return nil, err
	}
	d.settle()
	if pairs := j.Match.Pairs; len(pairs) > 0 {
		var r MatchRequest
		for _, pair := range pairs {
			r.Pairs = append(r.Pairs, PairRequest{AD: pair.AD, M365: pair.M365})
		}
		finish, err := d.matchByHand(r, j.mailboxes)
		if err != nil {
			return nil, err
		}
		matches = append(matches, finish)
	}
	if j.Match.Auto {
		finish, err := d.matchAuto(j.Match.By, j.mailboxes)
		if err != nil {
			return nil, err
		}
		matches = append(matches, finish)
	}
	d.identify(source.M365, j.tenant)
	d.settle()
	if len(j.Emails) > 0 {
		var emails []EmailChange
		for _, e := range j.Emails {
			emails = append(emails, EmailChange{Account: e.Account, Email: e.Email})
		}
		if _, err := d.setEmails(emails); err != nil {
			return nil, err
		}
		d.settle()
	}
	p.Warnings = j.warnings(d.mode)
	p.Changes, p.Hash = d.describe()
	return func() {
		for _, finish := range imports {
			p.Result.Import = append(p.Result.Import, finish())
		}
		for _, finish := range matches {
			p.Result.Match = append(p.Result.Match, finish())
		}
	}, nil
}

// safeguard refuses what looks like a mistake in an unattended run.
func (d *draft) safeguard(j *job, selected, maxNew int) error {
	if len(j.imports) > 0 && selected == 0 && !j.Allow.Empty {
		return &source.Error{Code: CodeSafeguard, Message: "the imports select nobody",
			Hint: "check OUs and exclusions; if that is right, say `allow: {empty: true}` for this customer"}
	}
	added := 0
	for i, b := range d.before {
		if b == nil && d.after[i] != nil {
			added++
		}
	}
	if added > maxNew {
		return &source.Error{Code: CodeSafeguard, Message: fmt.Sprintf("the imports would make %d new accounts; at most %d are allowed at once", added, maxNew),
			Hint: fmt.Sprintf("if that is right, say `allow: {max_new: %d}` for this customer, or raise --max-new", added)}
	}
	return nil
}

// warnings says what about a customer's topology speaks against its mode.
func (j *job) warnings(mode Mode) []string {
	synced := 0
	for i := range j.mailboxes {
		if j.mailboxes[i].Synced == source.Yes {
			synced++
		}
	}
	if mode == ModeOn && (j.synced == source.Yes || 2*synced > len(j.mailboxes)) {
		return []string{syncedWarning}
	}
	return nil
}

// describe lists what a draft changes, and hashes it down to every column.
func (d *draft) describe() ([]PlanChange, string) {
	var changes []PlanChange
	hash := sha256.New()
	say := func(action, what string, before, after any) {
		changes = append(changes, PlanChange{action, what, before, after})
		_, _ = fmt.Fprintln(hash, mustJSON([]any{action, what, before, after}))
	}
	reg := d.reg
	if reg.customer.n == 0 {
		say("create", "customer", nil, reg.customer.name)
	}
	for _, system := range slices.Sorted(maps.Keys(d.externalIDs)) {
		if before, after := reg.externalIDs[system], d.externalIDs[system]; before != after {
			say("set", "external id "+system, orNil(before), after)
		}
	}
	if d.mode != reg.customer.mode {
		say("set", "password_sync", reg.customer.mode, d.mode)
	}
	for _, kind := range d.connectionChanges() {
		say("connect", "directory "+string(kind), reg.connections.Get(kind), d.connections.Get(kind))
	}
	for _, ds := range d.decisions.sorted() {
		if reg.decisions[decisionKey{ds.ADID, ds.M365ID}] != ds {
			_, _ = fmt.Fprintln(hash, ds.Verdict, ds.ADID, ds.M365ID)
		}
	}
	for _, ch := range d.changes() {
		before, after := summary(ch.before), summary(ch.after)
		action := "update"
		switch {
		case ch.before == nil:
			action = "create"
		case ch.before.m365ID == "" && ch.after.m365ID != "":
			action = "match"
		}
		say(action, "account "+cmp.Or(ch.after.displayName, ch.after.username), before, after)
		was := ch.before
		if was == nil { // all but when
			was = &account{importedAt: ch.after.importedAt, updatedAt: ch.after.updatedAt}
		}
		_, columns := difference(was, ch.after, ignore)
		_, _ = fmt.Fprintln(hash, columns, ch.after.ad, ch.after.m365)
	}
	return changes, hex.EncodeToString(hash.Sum(nil))
}

// accountSummary is an account in a plan.
type accountSummary struct {
	Username string `json:"username"`
	State    State  `json:"state"`
	Email    string `json:"email"`
	Issue    string `json:"email_issue,omitempty"`
	Mailbox  string `json:"mailbox,omitempty"`
	Status   string `json:"status,omitempty"` // disabled, in the directory imported from
}

func summary(a *account) any {
	if a == nil {
		return nil
	}
	status := cmp.Or(a.adStatus, a.m365Status)
	if status == statusOK {
		status = ""
	}
	return accountSummary{a.username, State(a.state), a.email, string(a.emailIssue), string(a.m365UPN), string(status)}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// StalePlan checks a fresh plan against the hashes of a reviewed one. Customers
// whose directories cannot be read now are left to the caller: nobody knows
// whether the plan still fits them.
func StalePlan(expect map[string]string, plans []CustomerPlan) error {
	var stale []string
	for _, p := range plans {
		switch source.CodeOf(p.Err) {
		case source.CodeNotFound, CodeNotUnique, CodePasswordSyncLocked, CodePairTaken, CodeNameTaken, CodeDirectoryChanged, CodeSafeguard, CodeRefused:
			return &source.Error{Code: CodeStale, Message: "the plan no longer fits " + p.Name, Err: p.Err, Hint: staleHint}
		}
		if p.Err == nil && p.Hash != expect[p.Name] {
			stale = append(stale, p.Name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	few := stale
	if len(few) > 5 {
		few = append(slices.Clone(few[:5]), "…")
	}
	return &source.Error{Code: CodeStale, Message: fmt.Sprintf("the plan no longer fits %d of its customers: %s", len(stale), strings.Join(few, ", ")),
		Hint: staleHint}
}

const staleHint = "their directories or the registry changed since; nothing was applied: make a new plan and review it"
