package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// ReportRequest asks for a report.
type ReportRequest struct {
	Customer string
	// Since is from when changes are told; zero is from the last report on.
	Since time.Time
	// Redact puts pseudonyms in the place of people's names, addresses and ids.
	Redact bool
	// MaxAge is how old the last read of a directory, or an export, may be; 0 is
	// DefaultMaxAge.
	MaxAge time.Duration
}

// Light is how something stands.
type Light string

// The lights, from bad to good.
const (
	Red    Light = "red"    // somebody has to act
	Yellow Light = "yellow" // something is open
	Grey   Light = "grey"   // not known
	Green  Light = "green"
)

// worse is the worse of two lights.
func worse(a, b Light) Light {
	order := []Light{Red, Yellow, Grey, Green}
	return order[min(slices.Index(order, a), slices.Index(order, b))]
}

// Report is how a customer stands, as the registry knows it: no directory is asked.
type Report struct {
	Customer   string    `json:"customer"`
	CustomerID string    `json:"customer_id"`
	At         time.Time `json:"at"`
	// Since is from when Changes are told: the last report, or what was asked for; nil
	// in the first report.
	Since        *time.Time    `json:"since"`
	LastRun      int64         `json:"last_run"` // the last that it saw, 0 for none
	Redacted     bool          `json:"redacted"`
	PasswordSync registry.Mode `json:"password_sync"`
	// Light is the worst of Lights.
	Light      Light              `json:"light"`
	Lights     []ReportLight      `json:"lights"`
	Counts     ReportCounts       `json:"counts"`
	Sources    []ReportSource     `json:"sources"`
	Open       []OpenCase         `json:"open"`
	Doubtful   []MatchDoubtful    `json:"doubtful"` // pairs that stand and are contradicted
	Leavers    []Leaver           `json:"leavers"`
	Privileged []ReportPrivileged `json:"privileged"`
	// PowerUnknown are directories of which it is not known who holds power.
	PowerUnknown []source.Kind  `json:"power_unknown"`
	Pairs        []MatchedPair  `json:"pairs"`
	Changes      []ReportChange `json:"changes"`
	// ChangesComplete says that Changes are all: false where the history does not
	// reach back far enough, or keeps less than it takes.
	ChangesComplete bool        `json:"changes_complete"`
	Runs            []ReportRun `json:"runs"` // what was done since, the oldest first
}

// ReportLight is one subject with its light.
type ReportLight struct {
	Code  string `json:"code"` // directories, accounts, matching, addresses, leavers or privileges
	Light Light  `json:"light"`
	Count int    `json:"count"`
	Of    int    `json:"of"` // of how many, 0 where that says nothing
	Text  string `json:"text"`
}

// ReportCounts are the state in numbers.
type ReportCounts struct {
	PeopleAD      int                    `json:"people_ad"` // in the directory when it was last read
	PeopleM365    int                    `json:"people_m365"`
	Accounts      registry.AccountCounts `json:"accounts"`
	Pairs         int                    `json:"pairs"`
	Open          int                    `json:"open"`
	Ignored       int                    `json:"ignored"` // left alone by decision
	Doubtful      int                    `json:"doubtful"`
	FreeMailboxes int                    `json:"free_mailboxes"`
	Leavers       int                    `json:"leavers"`
	HeldBack      int                    `json:"held_back"` // for their power over a directory
	Risen         int                    `json:"risen"`
	Changes       int                    `json:"changes"`
}

// ReportSource is a directory, and when it was read.
type ReportSource struct {
	Source    source.Kind `json:"source"`
	Transport string      `json:"transport"`
	Where     string      `json:"where"`    // address, tenant or file
	Identity  string      `json:"identity"` // the domain's SID or the tenant's id, "" where it is not known
	ReadAt    *time.Time  `json:"read_at"`  // nil where it was never read whole
	People    int         `json:"people"`
	Written   *time.Time  `json:"written"` // of an export that is at hand: when
	Failure   *ReadError  `json:"failure"` // the last read, where it failed
}

// The kinds of open cases.
const (
	OpenReady     = "ready" // the next automatic match pairs it
	OpenReview    = "review"
	OpenAmbiguous = "ambiguous"
	OpenUnmatched = "unmatched"
	OpenEmail     = "needs_email"
)

// reasonNotRead is why nobody can be matched yet.
const reasonNotRead = "not_read"

// OpenCase is an account that waits for something.
type OpenCase struct {
	Kind       string           `json:"kind"`
	User       User             `json:"user"`
	Reason     string           `json:"reason"`
	Text       string           `json:"text"` // the reason in words
	Why        string           `json:"why"`  // more than the reason, in words
	Candidates []MatchCandidate `json:"candidates"`
	// Others have the same address, where that is the reason.
	Others []User `json:"others"`
	// Settle says what would settle it.
	Settle []string `json:"settle"`
}

// The ways in which a leaver's mailbox is known.
const (
	KnownByPair    = "pair"    // the two are one account
	KnownByAddress = "address" // AD had the mailbox's address for him, and no account has it
)

// Leaver is somebody who left AD and whose mailbox is open.
type Leaver struct {
	AD      User       `json:"ad"`
	Mailbox User       `json:"m365"`
	Status  string     `json:"status"` // disabled, expired, missing or replaced
	Since   *time.Time `json:"since"`  // nil where it was so before that was kept
	KnownBy string     `json:"known_by"`
	New     bool       `json:"new"` // since the last report
}

// The standings of somebody who holds power.
const (
	PowerRisen    = "risen"     // after the account was chosen
	PowerHeldBack = "held_back" // has no account, or none with a mailbox by a rule
	PowerChosen   = "chosen"    // imported or paired by name, all the same
)

// ReportPrivileged is somebody who holds power over a directory.
type ReportPrivileged struct {
	User     User       `json:"user"`
	Standing string     `json:"standing"`
	By       [][]string `json:"by"`    // see [PrivilegedPerson]
	Paths    []string   `json:"paths"` // the same in words
	Since    *time.Time `json:"since"` // of one who has risen
	New      bool       `json:"new"`   // since the last report
}

// ReportChange is what became of an account, all in all, since the last report.
type ReportChange struct {
	Account     string        `json:"account"` // its id
	DisplayName string        `json:"display_name"`
	What        string        `json:"what"` // imported, matched, parted, deleted, missing, …
	Fields      []ReportField `json:"fields"`
}

// ReportField is a property before and after.
type ReportField struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ReportRun is a run that changed something.
type ReportRun struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Command string    `json:"command"`
	Counts  RunCounts `json:"counts"`
	Undone  bool      `json:"undone"`
}

// Report tells how a customer stands. It reads the registry alone; that the report
// was handed out is for [Importer.Reported] to say.
func (im *Importer) Report(ctx context.Context, r ReportRequest) (Report, error) {
	snap, err := im.find(ctx, r.Customer, everything)
	if err != nil {
		return Report{}, err
	}
	past, err := im.reportPast(ctx, snap, r.Since)
	if err != nil {
		return Report{}, err
	}
	now := im.clock()
	since := cmp.Or(r.Since, snap.Reported.At)
	w, err := newReportWriter(snap, since, now)
	if err != nil {
		return Report{}, err
	}
	if err := w.write(); err != nil {
		return Report{}, err
	}
	if err := w.changed(past); err != nil {
		return Report{}, err
	}
	w.Sources = im.reportSources(snap)
	w.lights(im.findings(snap, cmp.Or(r.MaxAge, DefaultMaxAge)))
	if r.Redact {
		w.redact()
	}
	return w.Report, nil
}

// past is what was done since a time, or since the last report.
type past struct {
	runs    []registry.Run          // the oldest first
	changes []registry.StoredChange // of accounts, in their order
	whole   bool                    // the history reaches back to then
}

// reportPast reads what was done since a time, or where that is zero since the last
// report, as far as the snapshot has seen it.
func (im *Importer) reportPast(ctx context.Context, snap *registry.Snapshot, since time.Time) (past, error) {
	p := past{whole: true}
	last := snap.Reported
	filter := registry.RunFilter{CustomerID: snap.Customer.ID, After: last.Run}
	switch {
	case !since.IsZero():
		filter.After = 0
	case last.At.IsZero():
		return p, nil
	case last.Run > 0:
		seen, err := im.store.Runs(ctx, registry.RunFilter{ID: last.Run})
		if err != nil {
			return p, err
		}
		p.whole = len(seen) > 0 // what is old is forgotten first
	}
	runs, err := im.store.Runs(ctx, filter)
	if err != nil {
		return p, err
	}
	if !since.IsZero() {
		p.whole = snap.Customer.CreatedAt.After(since) || len(runs) > 0 && !runs[len(runs)-1].At.After(since)
	}
	for _, run := range slices.Backward(runs) {
		if run.ID > snap.LastRun || run.At.Before(since) {
			continue
		}
		p.runs = append(p.runs, run)
		all, err := im.store.Changes(ctx, run.ID)
		if err != nil {
			return p, err
		}
		for _, c := range all {
			if c.Entity == registry.EntityAccount {
				p.changes = append(p.changes, c)
			}
		}
	}
	return p, nil
}

// Reported notes that a report was handed out: the next one tells what changed
// since this one.
func (im *Importer) Reported(ctx context.Context, r Report) error {
	return im.retry(ctx, func(int) error {
		snap, err := im.store.Snapshot(ctx, registry.Ref{ID: r.CustomerID}, registry.Load{})
		if err != nil {
			return err
		}
		if snap.Reported.At.After(r.At) { // a later one was, by another process
			return nil
		}
		_, err = im.store.Apply(ctx, registry.ChangeSet{
			CustomerID: r.CustomerID, Revision: snap.Revision, Reported: &registry.Reported{At: r.At, Run: r.LastRun},
		})
		return err
	})
}

// CustomerReport is a customer's report, or why there is none.
type CustomerReport struct {
	ID     string
	Name   string
	Report *Report
	Error  *Problem
}

// ReportAll makes the reports of all customers, by name and one after the other;
// one's failure leaves the others alone. Who is deleted meanwhile has none.
func (im *Importer) ReportAll(ctx context.Context, r ReportRequest) (iter.Seq[CustomerReport], error) {
	list, err := im.store.List(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(CustomerReport) bool) {
		for _, snap := range list {
			one := CustomerReport{ID: snap.Customer.ID, Name: snap.Customer.Name}
			r.Customer = one.ID
			report, err := im.Report(ctx, r)
			switch {
			case source.CodeOf(err) == source.CodeNotFound:
				continue
			case err != nil && ctx.Err() != nil:
				one.Error = problem(context.Cause(ctx))
			case err != nil:
				one.Error = problem(err)
			default:
				one.Report = &report
			}
			if !yield(one) {
				return
			}
		}
	}, nil
}

func (im *Importer) reportSources(snap *registry.Snapshot) []ReportSource {
	sources := []ReportSource{}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		d, ok := snap.Directories[kind]
		if !ok {
			continue
		}
		c := d.Connection
		s := ReportSource{Source: kind, Transport: c.Transport, Where: cmp.Or(c.File, c.URL, c.Tenant, c.GraphURL), Identity: d.Identity}
		last := snap.Reads[kind]
		if !last.At.IsZero() {
			s.ReadAt, s.People = &last.At, last.People
		}
		if written := im.written(c); !written.IsZero() {
			s.Written = &written
		}
		if f := last.Failure; f != nil {
			s.Failure = &ReadError{At: f.At, Code: f.Code, Message: f.Text}
		}
		sources = append(sources, s)
	}
	return sources
}

// lights sums up.
func (w *reportWriter) lights(findings []StatusFinding) {
	n := &w.Counts
	say := func(code string, light Light, count, of int, format string, args ...any) {
		w.Lights = append(w.Lights, ReportLight{code, light, count, of, fmt.Sprintf(format, args...)})
	}
	light, text := Green, "read whole, and lately"
	if len(w.Sources) == 0 {
		light, text = Yellow, "none is connected"
	}
	for _, s := range w.Sources {
		if s.ReadAt == nil {
			light, text = worse(light, Yellow), s.Source.String()+" was not read yet"
		}
	}
	for _, f := range findings {
		switch f.Code {
		case "ad_not_connected", "m365_not_connected":
			light, text = Red, f.Text
		case "read_failed":
			light, text = Red, f.Text
		case "refused":
			light, text = Red, "what was read last looked like a mistake, and was refused"
		case "stale_read", "stale_export":
			if light != Red {
				light, text = worse(light, Yellow), f.Text
			}
		}
	}
	say("directories", light, len(w.Sources), 0, "%s", text)

	a := n.Accounts
	switch {
	case a.Total == 0:
		say("accounts", Yellow, 0, 0, "nobody is imported yet")
	case a.Active == a.Total:
		say("accounts", Green, a.Active, a.Total, "all are active")
	default:
		var waits []string
		if a.PendingMatch > 0 {
			waits = append(waits, fmt.Sprintf("%d wait for a mailbox", a.PendingMatch))
		}
		if a.NeedsEmail > 0 {
			waits = append(waits, fmt.Sprintf("%d wait for an address", a.NeedsEmail))
		}
		say("accounts", Yellow, a.Active, a.Total, "%s", strings.Join(waits, ", "))
	}
	if w.PasswordSync == registry.ModeOn {
		waiting := a.PendingMatch - n.Ignored
		switch {
		case n.Doubtful > 0:
			say("matching", Red, n.Pairs, a.Total, "%d of the pairs are contradicted", n.Doubtful)
		case waiting > 0:
			say("matching", Yellow, n.Pairs, a.Total, "%d are to be matched", waiting)
		case a.Total > 0:
			say("matching", Green, n.Pairs, a.Total, "nobody is left to match")
		}
	}
	if has := a.Total - a.PendingMatch; has > 0 {
		if a.NeedsEmail > 0 {
			say("addresses", Yellow, has-a.NeedsEmail, has, "%d have no address that can be used", a.NeedsEmail)
		} else {
			say("addresses", Green, has, has, "all can be reached")
		}
	}
	w.leaverLight(say)
	w.powerLight(say)
	w.Light = Green
	for _, l := range w.Lights {
		w.Light = worse(w.Light, l.Light)
	}
}

func (w *reportWriter) leaverLight(say func(code string, light Light, count, of int, format string, args ...any)) {
	gone := 0
	for _, a := range w.snap.Accounts {
		if a.AD.Gone() || a.M365.Gone() {
			gone++
		}
	}
	switch {
	case len(w.Leavers) > 0:
		say("leavers", Red, len(w.Leavers), 0, "left, and the mailbox is open")
	case gone > 0:
		say("leavers", Yellow, 0, 0, "no mailbox is open; %d accounts are of people who are gone", gone)
	case len(w.known[source.M365]) > 0 && len(w.known[source.AD]) > 0:
		say("leavers", Green, 0, 0, "no mailbox of a leaver is open")
	}
}

func (w *reportWriter) powerLight(say func(code string, light Light, count, of int, format string, args ...any)) {
	n := w.Counts
	switch {
	case n.Risen > 0:
		say("privileges", Red, n.Risen, 0, "came to power over a directory since they were imported")
	case len(w.PowerUnknown) == len(w.known) && len(w.known) > 0:
		say("privileges", Grey, 0, 0, "it is not known who holds power")
	case len(w.PowerUnknown) > 0:
		say("privileges", Grey, n.HeldBack, 0, "held back; of %s it is not known who holds power", w.PowerUnknown[0])
	case len(w.known) > 0:
		say("privileges", Green, n.HeldBack, 0, "held back, because they hold power over a directory")
	}
}

// reportWriter writes a report of a snapshot.
type reportWriter struct {
	Report
	*draft // of the snapshot; nothing is changed
	snap   *registry.Snapshot
	then   *registry.Snapshot                      // as it was at the last report, nil where that is not known
	known  map[source.Kind]map[string]*source.User // everybody by id
	gone   map[string]bool                         // of those known
}

func newReportWriter(snap *registry.Snapshot, since, now time.Time) (*reportWriter, error) {
	w := &reportWriter{draft: newDraft(snap, now), snap: snap, known: map[source.Kind]map[string]*source.User{}, gone: map[string]bool{}}
	w.Report = Report{
		Customer: snap.Customer.Name, CustomerID: snap.Customer.ID, At: now, LastRun: snap.LastRun, PasswordSync: snap.Customer.PasswordSync,
		Lights: []ReportLight{}, Sources: []ReportSource{}, Open: []OpenCase{}, Doubtful: []MatchDoubtful{}, Leavers: []Leaver{},
		Privileged: []ReportPrivileged{}, PowerUnknown: []source.Kind{}, Pairs: []MatchedPair{}, Changes: []ReportChange{}, Runs: []ReportRun{},
		ChangesComplete: true,
	}
	if !since.IsZero() {
		w.Since = &since
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		present, missing, err := snap.People[kind].Users()
		if err != nil {
			return nil, err
		}
		byID := make(map[string]*source.User, len(present)+len(missing))
		for _, u := range present {
			byID[u.ID] = u
		}
		for _, u := range missing {
			byID[u.ID], w.gone[u.ID] = u, true
		}
		if len(byID) > 0 {
			w.known[kind] = byID
		}
	}
	w.users = w.known // so that each is decoded once
	return w, nil
}

// isNew says whether something that is so since a time is so since the last report.
func (w *reportWriter) isNew(since time.Time) bool {
	return w.Since != nil && since.After(*w.Since)
}

// write fills the report but for what changed.
func (w *reportWriter) write() error {
	n := &w.Counts
	n.Accounts, n.Ignored = w.snap.Counts, w.snap.Ignored
	n.PeopleAD, n.PeopleM365 = w.snap.Reads[source.AD].People, w.snap.Reads[source.M365].People
	err := errors.Join(w.pairs(), w.toMatch(), w.withoutEmail())
	if err != nil {
		return err
	}
	w.leavers()
	w.privileged()
	n.Pairs, n.Open, n.Doubtful, n.Leavers = len(w.Pairs), len(w.Open), len(w.Doubtful), len(w.Leavers)
	return nil
}

// pairs lists those that stand.
func (w *reportWriter) pairs() error {
	for _, a := range w.snap.Accounts {
		if a.AD == nil || a.M365 == nil {
			continue
		}
		p, err := w.standing(a)
		if err != nil {
			return err
		}
		w.Pairs = append(w.Pairs, p)
	}
	sortBy(w.Pairs, func(p *MatchedPair) (ou, name, id string) { return userOrder(&p.AD) })
	return nil
}

// maxNamesakes bounds the candidates of a user whose name is ambiguous.
const maxNamesakes = 3

// toMatch lists who is left to match, as the next match would find it.
func (w *reportWriter) toMatch() error {
	if w.snap.Customer.PasswordSync != registry.ModeOn {
		return nil
	}
	if w.known[source.M365] == nil || w.known[source.AD] == nil {
		return w.notRead()
	}
	in, err := w.matchInput(sides{})
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, p := range in.M365 {
		taken[p.ID] = p.Taken()
	}
	trace := match.Auto(in, cmp.Or(match.Method(w.snap.Customer.MatchBy), match.ByDisplayName))
	found := viewMatch(trace.Result, true, taken)
	w.Doubtful, w.Counts.FreeMailboxes = list(found.Doubtful), len(found.UnmatchedM365)
	open := func(kind string, ad User, reason, why string, candidates []MatchCandidate, settle ...string) {
		if settle == nil {
			settle = trace.Explain(ad.ID, "").Settle
		}
		w.Open = append(w.Open, OpenCase{
			Kind: kind, User: ad, Reason: reason, Text: match.ReasonText(reason), Why: why, Candidates: list(candidates), Others: []User{}, Settle: list(settle),
		})
	}
	for _, p := range found.Pairs {
		open(OpenReady, p.AD, p.Reason, "", []MatchCandidate{{M365: p.M365, Confidence: p.Confidence, Evidence: p.Evidence, Against: []match.Evidence{}}}, "run the match")
	}
	for _, x := range found.Review {
		open(OpenReview, x.AD, x.Reason, x.Why, x.Candidates)
	}
	for _, x := range found.Ambiguous {
		var candidates []MatchCandidate
		for _, u := range x.M365[:min(len(x.M365), maxNamesakes)] {
			candidates = append(candidates, MatchCandidate{M365: u, Evidence: []match.Evidence{}, Against: []match.Evidence{}})
		}
		why := ""
		if more := len(x.M365) - len(candidates); more > 0 {
			why = fmt.Sprintf("%d more mailboxes have it", more)
		}
		for _, u := range x.AD {
			open(OpenAmbiguous, u, x.Reason, why, candidates)
		}
	}
	for _, u := range found.UnmatchedAD {
		if u.Reason != match.ReasonIgnored {
			open(OpenUnmatched, u.User, u.Reason, u.Why, nil)
		}
	}
	return nil
}

// notRead lists who is left to match where a directory was not read yet.
func (w *reportWriter) notRead() error {
	for _, a := range w.snap.Accounts {
		if a.State != registry.StatePendingMatch || w.snap.Decisions[registry.DecisionKey{ADID: a.LinkID(source.AD)}].Verdict == source.VerdictIgnore {
			continue
		}
		u, err := w.user(source.AD, a.LinkID(source.AD))
		if err != nil {
			return err
		}
		w.Open = append(w.Open, OpenCase{
			Kind: OpenUnmatched, User: viewUser(u, true), Reason: reasonNotRead, Text: "a directory was not read yet", Candidates: []MatchCandidate{}, Others: []User{},
			Settle: []string{"connect both directories, and run the match"},
		})
	}
	return nil
}

// withoutEmail lists who has no usable address.
func (w *reportWriter) withoutEmail() error {
	sharing := map[string][]*registry.Account{}
	for _, a := range w.snap.Accounts {
		if a.Email != "" {
			sharing[emailKey(a.Email)] = append(sharing[emailKey(a.Email)], a)
		}
	}
	var cases []OpenCase
	for _, a := range w.snap.Accounts {
		if a.State != registry.StateNeedsEmail {
			continue
		}
		u, err := w.ownUser(a)
		if err != nil {
			return err
		}
		c := OpenCase{Kind: OpenEmail, User: u, Reason: a.EmailIssue, Candidates: []MatchCandidate{}, Others: []User{}}
		where := source.AD
		if w.PasswordSync == registry.ModeOn || a.AD == nil {
			where = source.M365
		}
		advice := ""
		switch a.EmailIssue {
		case registry.EmailMissing:
			c.Text, advice = "no address is known", "enter one in %s, or set one by hand"
		case registry.EmailInvalid:
			c.Text, advice = "the address cannot be one", "mend it in %s, or set one by hand"
		case registry.EmailDuplicate:
			c.Text, advice = "others have the same address", "give each an address of his own in %s, or set one by hand"
			for _, other := range sharing[emailKey(a.Email)] {
				if other == a || len(c.Others) == maxNamesakes {
					continue
				}
				u, err := w.ownUser(other)
				if err != nil {
					return err
				}
				c.Others = append(c.Others, u)
			}
		}
		c.Settle = []string{fmt.Sprintf(advice, where)}
		cases = append(cases, c)
	}
	sortBy(cases, func(c *OpenCase) (ou, name, id string) { return userOrder(&c.User) })
	w.Open = append(w.Open, cases...)
	return nil
}

// ownUser is the user whom an account has its names from, with the account's
// address.
func (w *reportWriter) ownUser(a *registry.Account) (User, error) {
	kind := source.AD
	if a.AD == nil {
		kind = source.M365
	}
	u, err := w.user(kind, a.LinkID(kind))
	if err != nil {
		return User{}, err
	}
	v := viewUser(u, true)
	v.Email = a.Email
	return v, nil
}
