package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// The outcomes of a customer in an import of customers.
const (
	OutcomeCreated      = "created"
	OutcomeLinked       = "linked"         // was here by name; now has the external id
	OutcomeRenamed      = "renamed"        // was here by id, under another name
	OutcomeNameDiffers  = "name_differs"   // is here by id under another name, which stays
	OutcomeSkipped      = "skipped"        // left out by the request
	OutcomeDuplicate    = "duplicate_name" // several of the list have this name
	OutcomeNameConflict = "conflict"       // the name or the id belongs to another customer
)

// CustomerRow is a customer as another system knows it.
type CustomerRow struct {
	Name        string
	ExternalIDs map[string]string
	Skip        string // why the request leaves it out; "" takes it
}

// CustomerImportRequest asks for an import of customers.
type CustomerImportRequest struct {
	Source    string // itglue, csv, m365-partner
	Customers []CustomerRow
	// FollowRenames renames a customer that is here by its external id; without
	// it the other name is only shown.
	FollowRenames bool
	DryRun        bool
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
	result := CustomerImportResult{Source: r.Source, Applied: !r.DryRun}
	sameName := map[string]int{}
	for _, row := range r.Customers {
		if row.Skip == "" {
			sameName[nameKey(row.Name)]++
		}
	}
	result.Customers = make([]ImportedCustomer, len(r.Customers))
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		var open []int
		for i, row := range r.Customers {
			c := &result.Customers[i]
			*c = ImportedCustomer{Name: strings.TrimSpace(row.Name), ExternalIDs: row.ExternalIDs}
			switch {
			case row.Skip != "":
				c.Outcome, c.Detail = OutcomeSkipped, row.Skip
			case sameName[nameKey(row.Name)] > 1:
				c.Outcome, c.Detail = OutcomeDuplicate, fmt.Sprintf("%d customers of the list have this name; none was taken", sameName[nameKey(row.Name)])
			default:
				open = append(open, i)
			}
		}
		// A name may become free when its owner is renamed further down the list.
		for before := -1; len(open) != before; {
			before = len(open)
			conflicts := open[:0]
			for _, i := range open {
				c := &result.Customers[i]
				c.Detail = ""
				if err := im.importCustomer(ctx, tx, r, c); err != nil {
					return err
				}
				if c.Outcome == OutcomeNameConflict {
					conflicts = append(conflicts, i)
				}
			}
			open = conflicts
		}
		for i := range result.Customers {
			result.Counts.add(result.Customers[i].Outcome)
		}
		if r.DryRun {
			return errDryRun
		}
		return nil
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	slices.SortStableFunc(result.Customers, func(a, b ImportedCustomer) int { return compareFold(a.Name, b.Name) })
	return result, err
}

// errDryRun rolls a transaction back that did all but stay.
var errDryRun = errors.New("dry run")

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

// importCustomer creates, links or renames one customer, and says which in c.
func (im *Importer) importCustomer(ctx context.Context, tx *sql.Tx, r CustomerImportRequest, c *ImportedCustomer) error {
	if err := checkName(c.Name); err != nil {
		c.Outcome, c.Detail = OutcomeNameConflict, err.Error()
		return nil
	}
	byID, err := findByExternalID(ctx, tx, c.ExternalIDs)
	if err != nil {
		return err
	}
	byName, err := findCustomer(ctx, tx, c.Name)
	switch {
	case err == nil && nameKey(byName.name) != nameKey(c.Name): // found by an id that looks like the name
		byName = customer{}
	case source.CodeOf(err) == source.CodeNotFound:
	case err != nil:
		return err
	}
	switch {
	case len(byID) > 1:
		c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("its ids belong to several customers: %s and %s", byID[0].name, byID[1].name)
	case len(byID) == 1 && byName.n != 0 && byName.n != byID[0].n:
		c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("its id belongs to %q, its name to another customer", byID[0].name)
	case len(byID) == 1:
		return im.relabel(ctx, tx, r, byID[0], c)
	case byName.n != 0:
		return im.link(ctx, tx, r, byName, c)
	default:
		made, err := im.createCustomer(ctx, tx, c.Name, c.ExternalIDs)
		c.ID, c.Outcome = made.id, OutcomeCreated
		return err
	}
	return nil
}

// findByExternalID finds the customers that have one of the ids.
func findByExternalID(ctx context.Context, tx *sql.Tx, ids map[string]string) ([]customer, error) {
	var found []customer
	for _, system := range slices.Sorted(maps.Keys(ids)) {
		var c customer
		err := tx.QueryRowContext(ctx, `SELECT n, id, name, password_sync, revision FROM customers
			JOIN external_ids ON customer = n WHERE system = ? AND value = ?`, system, ids[system]).
			Scan(&c.n, &c.id, &c.name, &c.mode, &c.revision)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(found, c) {
			found = append(found, c)
		}
	}
	return found, nil
}

// relabel is for a customer that is here by its id: it may have another name,
// and may bring further ids.
func (im *Importer) relabel(ctx context.Context, tx *sql.Tx, r CustomerImportRequest, have customer, c *ImportedCustomer) error {
	if err := im.link(ctx, tx, r, have, c); err != nil || c.Outcome == OutcomeNameConflict || nameKey(have.name) == nameKey(c.Name) {
		return err
	}
	c.Detail = "was " + have.name
	if !r.FollowRenames {
		c.Outcome, c.Detail = OutcomeNameDiffers, "here it is "+have.name
		return nil
	}
	c.Outcome = OutcomeRenamed
	current, err := findCustomer(ctx, tx, have.id)
	if err != nil {
		return err
	}
	return im.renameCustomer(ctx, tx, current, c.Name, "customers import "+r.Source)
}

// link gives a customer the external ids that it lacks. One that it has already,
// with another value, is a conflict.
func (im *Importer) link(ctx context.Context, tx *sql.Tx, r CustomerImportRequest, have customer, c *ImportedCustomer) error {
	c.ID, c.Outcome = have.id, OutcomeUnchanged
	ids, err := findExternalIDs(ctx, tx, have.n)
	if err != nil {
		return err
	}
	missing := map[string]string{}
	for system, value := range c.ExternalIDs {
		switch had := ids[system]; had {
		case value:
		case "":
			missing[system] = value
		default:
			c.Outcome, c.Detail = OutcomeNameConflict, fmt.Sprintf("%q has the %s id %s already", have.name, system, had)
			return nil
		}
	}
	if len(missing) == 0 {
		return nil
	}
	run, err := im.beginRun(ctx, tx, have, "customers import "+r.Source)
	if err != nil {
		return err
	}
	for _, system := range slices.Sorted(maps.Keys(missing)) {
		if err := setExternalID(ctx, tx, have, system, missing[system]); err != nil {
			return err
		}
	}
	c.Outcome = OutcomeLinked
	return run.record(ctx, "customer", have.id, map[string]any{"external_ids": ids}, map[string]any{"external_ids": missing})
}
