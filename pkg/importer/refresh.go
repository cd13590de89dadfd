package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// RefreshRequest asks to bring a customer's accounts up to date.
type RefreshRequest struct {
	Customer string        `json:"-"`
	Sources  []source.Kind `json:"sources,omitempty"` // none is all that are connected
	// ImportNew imports who newly fits the selection, and matches him.
	ImportNew bool             `json:"import_new,omitempty"`
	Allow     registry.Answers `json:"allow,omitempty"`
	DryRun    bool             `json:"-"`
}

// RefreshResult says what a refresh did or would do.
type RefreshResult struct {
	Customer string          `json:"customer"`
	Applied  bool            `json:"applied"`
	Run      *int64          `json:"run"`
	Counts   RefreshCounts   `json:"counts"`
	Changes  []AccountChange `json:"changes"`
	New      []User          `json:"new"` // who newly fits the selection
	// Refused is what was found beyond the limits; nothing was written then.
	Refused []Refused `json:"refused"` // nil where nothing was
	// Errors are of directories that could not be read; the other is up to date.
	Errors []DirectoryError `json:"errors"`
	Notes  []string         `json:"notes"` // what the directories remark about themselves
}

// RefreshCounts counts accounts by what became of them.
type RefreshCounts struct {
	PeopleAD   int `json:"people_ad"` // read now
	PeopleM365 int `json:"people_m365"`
	Unchanged  int `json:"unchanged"`
	Updated    int `json:"updated"`
	Disabled   int `json:"disabled"`
	Enabled    int `json:"enabled"`
	Missing    int `json:"missing"`
	Returned   int `json:"returned"`
	OutOfScope int `json:"out_of_scope"`
	Replaced   int `json:"replaced"`
	New        int `json:"new"`
	Imported   int `json:"imported"`
	Emails     int `json:"emails"` // accounts with another address
	// Privileged are accounts whose user came to power over a directory.
	Privileged int `json:"privileged"`
}

// WhatPrivileged is what became of an account whose user came to power over a
// directory.
const WhatPrivileged = "privileged"

// AccountChange is one account before and after: what differs.
type AccountChange struct {
	Account     string         `json:"account"` // its id
	DisplayName string         `json:"display_name"`
	What        string         `json:"what"`   // missing, disabled, …, updated, imported, matched
	Before      jsontext.Value `json:"before"` // JSON objects; nil is none
	After       jsontext.Value `json:"after"`
}

// Refused is a limit that was gone beyond.
type Refused struct {
	Guard registry.Guard `json:"guard"`
	Found int            `json:"found"`
	Limit int            `json:"limit"`
	Allow string         `json:"allow"` // what answers it, "" where nothing does
	Text  string         `json:"text"`
}

// DirectoryError is a directory that could not be read.
type DirectoryError struct {
	Source source.Kind `json:"source"`
	Problem
}

// Refresh reads a customer's directories again and brings every account up to
// date. Nobody is deleted. Where one directory cannot be read, the result says so
// and the accounts are brought up to date with the other.
func (im *Importer) Refresh(ctx context.Context, r RefreshRequest) (RefreshResult, error) {
	return im.refresh(ctx, r, "")
}

func (im *Importer) refresh(ctx context.Context, r RefreshRequest, batch string) (RefreshResult, error) {
	snap, err := im.find(ctx, r.Customer, everything)
	if err != nil {
		return RefreshResult{}, err
	}
	kinds := r.Sources
	if len(kinds) == 0 {
		if kinds, err = connectedKinds(snap); err != nil {
			return RefreshResult{}, err
		}
	}
	read, failed, err := im.readAgain(ctx, snap, kinds, slices.Max(append(r.Allow[registry.GuardMissing], 0)))
	if err != nil {
		return RefreshResult{}, err
	}
	var result RefreshResult
	c := command{name: "refresh", params: r, batch: batch, dry: r.DryRun, limits: &registry.Limits{Allow: r.Allow}}
	run, err := im.changeLoaded(ctx, snap, everything, c, func(d *draft) (err error) {
		d.failures = failures(failed, d.now)
		result, err = d.refresh(read, r)
		return err
	})
	for _, kind := range kinds {
		if err := failed[kind]; err != nil {
			result.Errors = append(result.Errors, DirectoryError{Source: kind, Problem: *problem(err)})
		}
	}
	var guarded *Guarded
	if errors.As(err, &guarded) {
		for _, b := range guarded.Breaches {
			result.Refused = append(result.Refused, Refused{Guard: b.Guard, Found: b.Found, Limit: b.Limit, Allow: b.Answer(), Text: b.String()})
		}
		return result, err
	}
	if err != nil {
		return RefreshResult{}, err
	}
	if len(read) == 0 { // nothing was learnt
		return RefreshResult{}, failed[kinds[0]]
	}
	result.Applied, result.Run = !r.DryRun, run
	return result, nil
}

// RefreshAllRequest asks for a refresh of every customer that has a directory.
type RefreshAllRequest struct {
	RefreshRequest
	Parallel int // customers side by side; less than 1 is 1
}

// CustomerRefresh is one customer's part of a refresh of all.
type CustomerRefresh struct {
	Name    string         `json:"name"`
	Refresh *RefreshResult `json:"refresh"` // nil where there is none
	Error   *Problem       `json:"error"`
}

// RefreshAllResult is what a refresh of all customers did, by name.
type RefreshAllResult struct {
	Applied   bool              `json:"applied"`
	Counts    RefreshAllCounts  `json:"counts"`
	Customers []CustomerRefresh `json:"customers"`
}

// RefreshAllCounts counts customers by what became of them.
type RefreshAllCounts struct {
	Customers int `json:"customers"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
	Failed    int `json:"failed"` // those included of whom a directory could not be read
	NotDone   int `json:"not_done"`
}

// RefreshAll refreshes every customer that has a directory, side by side, each in
// a transaction of its own, and yields them as they are done. One's failure leaves
// the others alone. After an interruption those that are not done yet are yielded
// with that error.
func (im *Importer) RefreshAll(ctx context.Context, r RefreshAllRequest) (int, iter.Seq[CustomerRefresh], error) {
	list, err := im.store.List(ctx, registry.Load{})
	if err != nil {
		return 0, nil, err
	}
	list = slices.DeleteFunc(list, func(s *registry.Snapshot) bool { return len(s.Directories) == 0 })
	batch := registry.NewID()
	one := func(ctx context.Context, s *registry.Snapshot) CustomerRefresh {
		c := CustomerRefresh{Name: s.Customer.Name}
		err := context.Cause(ctx)
		if err == nil {
			own := r.RefreshRequest
			own.Customer = s.Customer.ID
			var result RefreshResult
			if result, err = im.refresh(ctx, own, batch); err == nil || result.Refused != nil {
				c.Refresh = &result
			}
		}
		if err != nil {
			c.Error = problem(err)
		}
		return c
	}
	return len(list), sideBySide(ctx, r.Parallel, list, one), nil
}

// SummariseRefresh puts the customers of a refresh of all together.
func SummariseRefresh(customers []CustomerRefresh, applied bool) RefreshAllResult {
	slices.SortFunc(customers, func(a, b CustomerRefresh) int { return compareFold(a.Name, b.Name) })
	result := RefreshAllResult{Applied: applied, Customers: list(customers)}
	n := &result.Counts
	for _, c := range customers {
		n.Customers++
		switch {
		case c.Refresh != nil && c.Refresh.Refused != nil:
			n.Refused++
		case c.Error != nil:
			n.Failed++
			if c.Error.NotDone() {
				n.NotDone++
			}
		case len(c.Refresh.Errors) > 0:
			n.Failed++
		case len(c.Refresh.Changes) > 0:
			n.Changed++
		default:
			n.Unchanged++
		}
	}
	return result
}

// readAgain reads directories of a customer side by side, and asks each for the
// users of accounts that it did not list.
func (im *Importer) readAgain(ctx context.Context, snap *registry.Snapshot, kinds []source.Kind, allowed int) ([]*reading, map[source.Kind]error, error) {
	readings, errs := make([]*reading, len(kinds)), make([]error, len(kinds))
	var wg sync.WaitGroup
	for i, kind := range kinds {
		wg.Go(func() { readings[i], errs[i] = im.readAndConfirm(ctx, snap, kind, allowed) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	var read []*reading
	failed := map[source.Kind]error{}
	for i, kind := range kinds {
		switch {
		case errs[i] == nil:
			read = append(read, readings[i])
		case isDirectoryError(errs[i]):
			failed[kind] = errs[i]
		default: // not connected, another domain: for a person to mend
			return nil, nil, errs[i]
		}
	}
	return read, failed, nil
}

// isDirectoryError says that an error is of a directory and of the moment, and not
// of what was asked for.
func isDirectoryError(err error) bool {
	switch source.CodeOf(err) {
	case source.CodeCredentials, source.CodePermission, source.CodeUnreachable, source.CodeThrottled, source.CodeIncomplete, source.CodeNotFound:
		return true
	}
	return false
}

// failures are reads that failed, as the registry keeps them.
func failures(failed map[source.Kind]error, at time.Time) map[source.Kind]registry.Failure {
	kept := map[source.Kind]registry.Failure{}
	for kind, err := range failed {
		kept[kind] = registry.Failure{At: at, Code: source.CodeOf(err), Text: err.Error()}
	}
	return kept
}

// mostAsked bounds how many absences are confirmed one by one. More of them are
// refused by a guard, unless the number was allowed.
const mostAsked = 500

// readAndConfirm reads a directory whole. An absence is a fact only once the
// directory was asked for that one user: who is found all the same lies outside
// what is read.
func (im *Importer) readAndConfirm(ctx context.Context, snap *registry.Snapshot, kind source.Kind, allowed int) (*reading, error) {
	return im.readWhole(ctx, snap, kind, question{groups: groupsOf(snap, kind), then: func(dir source.Directory, r *reading) error {
		if err := checkSelections(snap, r); err != nil {
			return err
		}
		finder, ok := source.As[source.Finder](dir)
		if !ok {
			return nil // what was read is all there is
		}
		there := make(map[string]bool, len(r.users))
		for _, u := range r.users {
			there[u.ID] = true
		}
		var absent []string
		for _, a := range snap.Accounts {
			if l := a.Link(kind); l != nil && !there[l.ID] && !l.Gone() {
				absent = append(absent, l.ID)
			}
		}
		if len(absent) > max(mostAsked, allowed) {
			return nil
		}
		for _, id := range absent {
			u, err := finder.Find(ctx, id)
			if err != nil {
				return err
			}
			if u != nil {
				r.elsewhere = append(r.elsewhere, u)
			}
		}
		return nil
	}})
}

// selections are the stored ones that say who of a directory is imported. A mailbox
// is taken with its user.
func selections(snap *registry.Snapshot, kind source.Kind) []*registry.Selection {
	if kind == source.M365 && snap.Customer.PasswordSync == registry.ModeOn {
		return nil
	}
	var list []*registry.Selection
	for _, s := range snap.Selections {
		if s.Source == kind {
			list = append(list, s)
		}
	}
	return list
}

// groupsOf are the ids of the groups of the stored selections.
func groupsOf(snap *registry.Snapshot, kind source.Kind) []string {
	var ids []string
	for _, s := range selections(snap, kind) {
		for _, g := range s.Groups {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// checkSelections refuses a read in which a group of a stored selection is gone, or
// which says of nobody whether he has a licence: nobody is to leave the selection for
// that. An OU that is left out has to be there too, or those in it would come in.
func checkSelections(snap *registry.Snapshot, r *reading) error {
	gone := func(what, name, id, how string) error {
		where := r.kind.String()
		if r.export {
			where = "the export of " + where
		}
		return &source.Error{Code: source.CodeNotFound, Topic: TopicSelectionGone,
			Message: fmt.Sprintf("the %s %q (id %s), %s, is not in %s any more", what, name, cmp.Or(id, "unknown"), fmt.Sprintf(how, snap.Customer.Name), where)}
	}
	for _, s := range selections(snap, r.kind) {
		for _, g := range s.Groups {
			if !slices.ContainsFunc(r.groups, func(is source.Group) bool { return is.ID == g.ID }) {
				return gone("group", g.Name, g.ID, "by which %s's people are selected")
			}
		}
		for _, o := range s.ExcludeOUs {
			if r.index != nil && len(stillThere(r.index, []registry.OURef{o})) == 0 {
				return gone("OU", source.CanonicalPath(o.DN), o.ID, "which %s's imports leave out")
			}
		}
		if s.Licensed || len(s.SKUs) > 0 {
			if err := r.saysLicences(snap.Customer.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// refresh drafts a refresh from the directories that were read.
func (d *draft) refresh(read []*reading, r RefreshRequest) (RefreshResult, error) {
	result := RefreshResult{Customer: d.after.Customer.Name, Changes: []AccountChange{}, New: []User{}, Errors: []DirectoryError{}, Notes: []string{}}
	read = slices.DeleteFunc(slices.Clone(read), d.overtaken)
	for _, in := range read {
		if err := d.learn(in); err != nil {
			return result, err
		}
		if in.kind == source.AD {
			result.Counts.PeopleAD = len(in.users)
		} else {
			result.Counts.PeopleM365 = len(in.users)
		}
		result.Notes = append(result.Notes, in.notes(false)...)
		d.refreshLinks(in)
	}
	imports := r.ImportNew || d.after.Customer.NewPeople == registry.ImportNew
	for _, in := range read {
		fresh, err := d.newPeople(in)
		if err != nil {
			return result, err
		}
		for _, u := range fresh {
			result.New = append(result.New, viewUser(u, false))
			if imports {
				d.add(begin(d.after.Customer.PasswordSync, u, d.now))
			}
		}
	}
	d.settle()
	// Who was imported before his mailbox was there is matched now.
	pending := func(a *registry.Account) bool { return a.State == registry.StatePendingMatch }
	if imports && d.after.Customer.MatchBy != "" && slices.ContainsFunc(d.after.Accounts, pending) {
		var s sides
		for _, in := range read {
			if in.kind == source.AD {
				s.ad = in
			} else {
				s.m365 = in
			}
		}
		if s.m365 != nil {
			if _, err := d.matchAuto(match.Method(d.after.Customer.MatchBy), s); err != nil {
				return result, err
			}
		}
	}
	sortBy(result.New, userOrder)
	result.Counts.New = len(result.New)
	return result, d.countRefresh(&result, r.DryRun)
}

// refreshLinks brings every account up to date with a directory.
func (d *draft) refreshLinks(in *reading) {
	mode := d.after.Customer.PasswordSync
	here := make(map[string]*source.User, len(in.users))
	for _, u := range in.users {
		if u.SkipReason() != source.SkipDeleted { // one in the recycle bin is gone
			here[u.ID] = u
		}
	}
	outside := map[string]*source.User{}
	for _, u := range in.elsewhere {
		outside[u.ID] = u
	}
	fits := d.scope(in)
	heirs := sync.OnceValue(func() map[string]bool { return allNames(in.users) })
	for i, a := range d.after.Accounts {
		link := a.Link(in.kind)
		if link == nil {
			continue
		}
		u, found := here[link.ID]
		if !found {
			u = outside[link.ID]
		}
		if u != nil {
			a = d.edit(i)
			adopt(mode, a, u, d.now)
			if now := a.Link(in.kind); now.Status == registry.StatusOK && (!found || !fits(u)) {
				setStatus(a, in.kind, link, registry.StatusOutOfScope, d.now)
			}
			continue
		}
		status := registry.StatusMissing
		if slices.ContainsFunc(namesOf(a, in.kind), func(name string) bool { return heirs()[strings.ToLower(name)] }) || a.Email != "" && a.EmailSource == string(in.kind) && heirs()[emailKey(a.Email)] {
			status = registry.StatusReplaced
		}
		if link.Status != status {
			setStatus(d.edit(i), in.kind, link, status, d.now)
		}
	}
}

// namesOf are what the account's user signs in with in a directory.
func namesOf(a *registry.Account, kind source.Kind) []string {
	if kind == source.AD {
		return []string{a.Username, a.UPN}
	}
	return []string{a.M365.Name}
}

// allNames are the logon names and addresses of users.
func allNames(users []*source.User) map[string]bool {
	names := make(map[string]bool, 2*len(users))
	for _, u := range users {
		for _, name := range []string{u.Username, u.UPN, u.Email} {
			names[strings.ToLower(name)] = true
		}
	}
	delete(names, "")
	return names
}

// setStatus gives a link another status; was is the link as it was before.
func setStatus(a *registry.Account, kind source.Kind, was *registry.Link, status string, at time.Time) {
	l := *a.Link(kind)
	l.Status, l.Since = status, at
	a.SetLink(kind, sinceThen(was, l))
}

// scope says whom the stored selections take. Where there are none, as of
// customers of older versions, that is everybody; a mailbox is taken with its user.
func (d *draft) scope(in *reading) func(*source.User) bool {
	type part struct {
		*registry.Selection
		*selection
		excluded *nameList
		users    map[string]bool
	}
	var parts []part
	for _, s := range selections(d.after, in.kind) {
		p := part{Selection: s, selection: selectionOf(in, s), excluded: newNameList(s.Exclude), users: map[string]bool{}}
		for _, id := range s.Users {
			p.users[id] = true
		}
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		return func(*source.User) bool { return true }
	}
	return func(u *source.User) bool {
		return slices.ContainsFunc(parts, func(p part) bool {
			if p.users[u.ID] {
				return true
			}
			if take, _ := p.takes(u); !p.All || !take || p.leavesOut(u) {
				return false
			}
			out, _ := p.excluded.match(u)
			return !out
		})
	}
}

// selectionOf finds the OUs of a stored selection in a directory, under whatever
// names they go now. One that is gone holds nobody.
func selectionOf(in *reading, s *registry.Selection) *selection {
	sel := &selection{
		index: in.index, recursive: s.Recursive, places: map[string]place{}, outside: map[string]bool{},
		groups: s.Groups, licensed: s.Licensed, skus: s.SKUs,
	}
	sel.enter(in)
	if in.index == nil {
		return sel
	}
	sel.excluded = stillThere(in.index, s.ExcludeOUs)
	if len(s.OUs) == 0 {
		return sel
	}
	root := source.DNKey(in.tree.Root)
	chosen := stillThere(in.index, s.OUs)
	if !s.Recursive || !slices.ContainsFunc(chosen, func(c source.Container) bool { return source.DNKey(c.DN) == root }) {
		sel.chosen = chosen
	}
	return sel
}

// stillThere are the OUs of a stored selection that the directory has. It is never
// nil.
func stillThere(index *source.OUIndex, ous []registry.OURef) []source.Container {
	found := []source.Container{}
	for _, o := range ous {
		c, ok := index.Find(cmp.Or(o.ID, o.DN))
		if !ok { // an export without ids has names alone
			c, ok = index.Find(o.DN)
			ok = ok && c.ID == ""
		}
		if ok {
			found = append(found, c)
		}
	}
	return found
}

// newPeople are those who fit a stored selection of everybody and have no account.
func (d *draft) newPeople(in *reading) ([]*source.User, error) {
	known := d.places(in.kind)
	var fresh []*source.User
	seen := map[string]bool{}
	for _, s := range selections(d.after, in.kind) {
		if !s.All {
			continue
		}
		r := ImportRequest{Source: s.Source, All: true, Exclude: s.Exclude, IncludeDisabled: s.IncludeDisabled, AlsoM365: s.AlsoM365, IncludePrivileged: s.IncludePrivileged}
		b, err := selectBatch(in, selectionOf(in, s), r, d.after)
		if err != nil {
			return nil, err
		}
		for _, u := range b.picks {
			if _, has := known[u.ID]; !has && !seen[u.ID] {
				seen[u.ID] = true
				fresh = append(fresh, u)
			}
		}
	}
	return fresh, nil
}

// countRefresh says what a settled draft does with the accounts.
func (d *draft) countRefresh(result *RefreshResult, dry bool) error {
	n := &result.Counts
	for _, i := range d.inOrder() {
		was, is := d.was(i), d.after.Accounts[i]
		if !d.changed(i) {
			n.Unchanged++
			continue
		}
		what := whatChanged(was, is)
		if was == nil {
			n.Imported++
		} else {
			n.Updated++
			n.add(was, is)
		}
		if was == nil && dry {
			x := *is
			x.ID = "" // it will have another one
			is = &x
		}
		c, err := changeOf(was, is, what)
		if err != nil {
			return err
		}
		result.Changes = append(result.Changes, c)
	}
	return nil
}

// changeOf is an account before and after.
func changeOf(was, is *registry.Account, what string) (AccountChange, error) {
	change := registry.Change{Entity: registry.EntityAccount, ID: is.ID, After: is}
	if was != nil {
		change.Before = was
	}
	stored, err := change.Encode()
	return AccountChange{Account: is.ID, DisplayName: cmp.Or(is.DisplayName, is.Username), What: what, Before: stored.Before, After: stored.After}, err
}

// add counts what became of an account's links and of its address.
func (n *RefreshCounts) add(was, is *registry.Account) {
	for _, what := range transitions(was, is) {
		switch what {
		case registry.StatusMissing:
			n.Missing++
		case registry.StatusReplaced:
			n.Replaced++
		case registry.StatusDisabled:
			n.Disabled++
		case registry.StatusOutOfScope:
			n.OutOfScope++
		case "returned":
			n.Returned++
		case "enabled":
			n.Enabled++
		case WhatPrivileged:
			n.Privileged++
		}
	}
	if !strings.EqualFold(was.Email, is.Email) {
		n.Emails++
	}
}

// transitions are what became of an account's links, each once, the weightiest
// first.
func transitions(was, is *registry.Account) []string {
	found := map[string]bool{}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		x, y := was.Link(kind), is.Link(kind)
		if x == nil || y == nil || x.ID != y.ID {
			continue
		}
		found[WhatPrivileged] = found[WhatPrivileged] || x.Privileged == "" && y.Privileged != ""
		switch {
		case x.Status == y.Status:
		case x.Gone() && !y.Gone():
			found["returned"], found[y.Status] = true, true
		case x.Status == registry.StatusDisabled && !y.Gone():
			found["enabled"], found[y.Status] = true, true
		default:
			found[y.Status] = true
		}
	}
	var list []string
	for _, what := range []string{WhatPrivileged, registry.StatusReplaced, registry.StatusMissing, "returned", registry.StatusDisabled, "enabled", registry.StatusOutOfScope} {
		if found[what] {
			list = append(list, what)
		}
	}
	return list
}

// whatChanged says in a word what became of an account.
func whatChanged(was, is *registry.Account) string {
	switch {
	case was == nil && is.M365 != nil && is.AD != nil:
		return "imported_and_matched"
	case was == nil:
		return OutcomeImported
	case was.AD != nil && was.M365 == nil && is.M365 != nil:
		return "matched"
	}
	if list := transitions(was, is); len(list) > 0 {
		return list[0]
	}
	if !strings.EqualFold(was.Email, is.Email) {
		return "email"
	}
	return OutcomeUpdated
}
