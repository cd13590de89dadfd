package importer

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

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
		// By what it saw, since clocks are set: of a later one by another process.
		if snap.Reported.Run > r.LastRun {
			return nil
		}
		_, err = im.apply(ctx, registry.ChangeSet{
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
	list, err := im.store.List(ctx, registry.Load{})
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
