package importer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The outcomes of a customer in an import of customers.
const (
	OutcomeCreated      = "created"
	OutcomeLinked       = "linked"         // was here by name; now has the external id
	OutcomeRenamed      = "renamed"        // was here by id, under another name
	OutcomeNameDiffers  = "name_differs"   // is here by id under another name, which stays
	OutcomeSkipped      = "skipped"        // left out by the request
	OutcomeDuplicate    = "duplicate_name" // several of the list have this name; it is not the one that is here
	OutcomeNameConflict = "conflict"       // the name or the id belongs to another customer
)

// CustomerRow is a customer as another system knows it.
type CustomerRow struct {
	Name        string
	ExternalIDs map[string]string
	Skip        string // why the request leaves it out; "" takes it
	Note        string // what else is to be said of it
}

// CustomerImportRequest asks for an import of customers.
type CustomerImportRequest struct {
	Source    string // itglue, hudu, connectwise, halopsa, csv, m365-partner
	Customers []CustomerRow
	// Renamers are the systems by whose names customers are called. If the source is one
	// it renames a customer that is here by its external id, unless another of them
	// knows that customer too; else the other name is only shown.
	Renamers []string
	DryRun   bool
}

// CustomerImportResult says what became of each customer of the list.
type CustomerImportResult struct {
	Source    string               `json:"source"`
	Applied   bool                 `json:"applied"`
	Counts    CustomerImportCounts `json:"counts"`
	Customers []ImportedCustomer   `json:"customers"`
}

// CustomerImportCounts counts customers by what became of them.
type CustomerImportCounts struct {
	Listed    int `json:"listed"`
	Created   int `json:"created"`
	Linked    int `json:"linked"`
	Renamed   int `json:"renamed"`
	Unchanged int `json:"unchanged"`
	Skipped   int `json:"skipped"`
	Conflicts int `json:"conflicts"` // duplicate names included
}

// ImportedCustomer is one customer of the list.
type ImportedCustomer struct {
	ID          string            `json:"id"` // "" where there is none
	Name        string            `json:"name"`
	ExternalIDs map[string]string `json:"external_ids"`
	Outcome     string            `json:"outcome"`
	Detail      string            `json:"detail,omitempty"`
}

// ImportCustomers takes a list of customers into the registry, in one
// transaction. It never merges two customers and never deletes one.
func (im *Importer) ImportCustomers(ctx context.Context, r CustomerImportRequest) (CustomerImportResult, error) {
	var result CustomerImportResult
	c := command{name: "customers import " + r.Source, batch: registry.NewID()}
	err := im.retry(ctx, func(int) error {
		list, err := im.store.List(ctx, registry.Load{})
		if err != nil {
			return err
		}
		l := newCustomerList(list, r, im.clock())
		result = l.decide()
		var sets []registry.ChangeSet
		for _, after := range l.touched {
			cs := registry.NewChangeSet(l.before(after), after)
			if cs.Empty() {
				continue
			}
			if cs.Run, err = im.run(c, after.Customer.Name, l.now); err != nil {
				return err
			}
			sets = append(sets, cs)
		}
		if r.DryRun || len(sets) == 0 {
			return nil
		}
		_, err = im.apply(ctx, sets...)
		return err
	})
	return result, err
}

// customerList is a list of customers while it is taken into the registry.
type customerList struct {
	CustomerImportRequest
	now     time.Time
	others  others // as they will be
	was     map[string]*registry.Snapshot
	touched []*registry.Snapshot // made or changed, each once
}

func newCustomerList(list []*registry.Snapshot, r CustomerImportRequest, now time.Time) *customerList {
	l := &customerList{CustomerImportRequest: r, now: now, others: newOthers(list), was: map[string]*registry.Snapshot{}}
	for _, s := range list {
		l.was[s.Customer.ID] = s
	}
	return l
}

// before is a customer as it was; one that is made is compared with itself.
func (l *customerList) before(s *registry.Snapshot) *registry.Snapshot {
	if was, ok := l.was[s.Customer.ID]; ok {
		return was
	}
	return s
}

// decide says what becomes of each customer of the list.
func (l *customerList) decide() CustomerImportResult {
	result := CustomerImportResult{Source: l.Source, Applied: !l.DryRun, Customers: make([]ImportedCustomer, len(l.Customers))}
	sameName := map[string]int{}
	for _, row := range l.Customers {
		if row.Skip == "" {
			sameName[nameKey(row.Name)]++
		}
	}
	var open []int
	for i, row := range l.Customers {
		c := &result.Customers[i]
		*c = ImportedCustomer{Name: strings.TrimSpace(row.Name), ExternalIDs: canonicalIDs(row.ExternalIDs)}
		switch {
		case row.Skip != "":
			c.Outcome, c.Detail = OutcomeSkipped, row.Skip
		case sameName[nameKey(row.Name)] > 1 && !l.isHere(row):
			c.Outcome, c.Detail = OutcomeDuplicate, fmt.Sprintf("%d customers of the list have this name; it was not taken", sameName[nameKey(row.Name)])
		default:
			open = append(open, i)
		}
	}
	// Who is known by an id goes before who has but the name.
	slices.SortStableFunc(open, func(a, b int) int { return l.strangeness(a) - l.strangeness(b) })
	// A name may become free when its owner is renamed further down the list.
	for before := -1; len(open) != before; {
		before = len(open)
		conflicts := open[:0]
		for _, i := range open {
			c := &result.Customers[i]
			c.Detail = ""
			l.take(c)
			if c.Outcome == OutcomeNameConflict {
				conflicts = append(conflicts, i)
			}
		}
		open = conflicts
	}
	for i := range result.Customers {
		c := &result.Customers[i]
		result.Counts.add(c.Outcome)
		if note := l.Customers[i].Note; note != "" {
			c.Detail = strings.TrimPrefix(c.Detail+"; "+note, "; ")
		}
	}
	slices.SortStableFunc(result.Customers, func(a, b ImportedCustomer) int { return compareFold(a.Name, b.Name) })
	return result
}

func (n *CustomerImportCounts) add(outcome string) {
	n.Listed++
	switch outcome {
	case OutcomeCreated:
		n.Created++
	case OutcomeLinked:
		n.Linked++
	case OutcomeRenamed:
		n.Renamed++
	case OutcomeSkipped:
		n.Skipped++
	case OutcomeDuplicate, OutcomeNameConflict:
		n.Conflicts++
	default:
		n.Unchanged++
	}
}

// take creates, links or renames one customer, and says which in c.
func (l *customerList) take(c *ImportedCustomer) {
	if err := checkName(c.Name); err != nil {
		c.Outcome, c.Detail = OutcomeNameConflict, err.Error()
		return
	}
	byID := l.byExternalID(c.ExternalIDs)
	byName := l.others.byKey[nameKey(c.Name)]
	switch {
	case len(byID) > 1:
		c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("its ids belong to several customers: %s and %s", byID[0].Customer.Name, byID[1].Customer.Name)
	case len(byID) == 1 && byName != nil && byName.Customer.ID != byID[0].Customer.ID:
		c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("its id belongs to %q, its name to another customer", byID[0].Customer.Name)
	case len(byID) == 1:
		l.relabel(byID[0], c)
	case byName != nil:
		l.link(byName, c)
	default:
		made := newCustomer(c.Name, c.ExternalIDs, l.now)
		l.put(nil, made)
		c.Outcome = OutcomeCreated
		if !l.DryRun {
			c.ID = made.Customer.ID
		}
	}
}

// isHere says that a row of the list is a customer that is here, by id and by name: it
// is no other's name that it has.
func (l *customerList) isHere(row CustomerRow) bool {
	byID := l.byExternalID(row.ExternalIDs)
	return len(byID) == 1 && byID[0].Customer.Key == nameKey(row.Name)
}

// strangeness is 0 for a row of the list that is known by an id, else 1.
func (l *customerList) strangeness(row int) int {
	if len(l.byExternalID(l.Customers[row].ExternalIDs)) > 0 {
		return 0
	}
	return 1
}

// byExternalID finds the customers that have one of the ids.
func (l *customerList) byExternalID(ids map[string]string) []*registry.Snapshot {
	var found []*registry.Snapshot
	for _, system := range slices.Sorted(maps.Keys(ids)) {
		if s := l.others.byID[idKey(system, ids[system])]; s != nil && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	return found
}

// put puts a customer in the place of what it was, nil for one that is made.
func (l *customerList) put(was, is *registry.Snapshot) {
	if was != nil {
		l.others.drop(was)
		l.touched = slices.DeleteFunc(l.touched, func(s *registry.Snapshot) bool { return s == was })
	}
	l.others.add(is)
	l.touched = append(l.touched, is)
}

// relabel is for a customer that is here by its id: it may have another name,
// and may bring further ids.
func (l *customerList) relabel(have *registry.Snapshot, c *ImportedCustomer) {
	have = l.link(have, c)
	name := have.Customer.Name
	if c.Outcome == OutcomeNameConflict || have.Customer.Key == nameKey(c.Name) {
		return
	}
	if !l.mayRename(have) {
		if c.Detail = "here it is " + name; c.Outcome != OutcomeLinked {
			c.Outcome = OutcomeNameDiffers
		}
		return
	}
	c.Outcome, c.Detail = OutcomeRenamed, "was "+name
	next := have.Clone()
	next.Customer.Name, next.Customer.Key = c.Name, nameKey(c.Name)
	l.put(have, next)
}

// mayRename says whether a customer is called as the source calls it.
func (l *customerList) mayRename(have *registry.Snapshot) bool {
	return slices.Contains(l.Renamers, l.Source) && !slices.ContainsFunc(l.Renamers, func(system string) bool {
		return system != l.Source && have.Customer.ExternalIDs[system] != ""
	})
}

// link gives a customer the external ids that it lacks, and returns it. One that
// it has already, with another value, is a conflict.
func (l *customerList) link(have *registry.Snapshot, c *ImportedCustomer) *registry.Snapshot {
	c.ID, c.Outcome = have.Customer.ID, OutcomeUnchanged
	next := have.Clone()
	for _, system := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		value := c.ExternalIDs[system]
		switch had := have.Customer.ExternalIDs[system]; {
		case had == "":
			c.Outcome = OutcomeLinked
			next.Customer.ExternalIDs[system] = value
		case source.CanonicalID(system, had) != value:
			c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("%q has the %s id %s already", have.Customer.Name, system, had)
			return have
		}
	}
	if c.Outcome != OutcomeLinked {
		return have
	}
	l.put(have, next)
	return next
}
