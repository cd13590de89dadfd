package importer

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Selection is what imports asked for, as a refresh asks again.
type Selection struct {
	Number int `json:"number"` // by which it can be forgotten
	registry.Selection
}

// SelectionsResult says which selections there are, or were forgotten.
type SelectionsResult struct {
	Customer   string      `json:"customer"`
	Applied    bool        `json:"applied"`
	Run        *int64      `json:"run"`
	Selections []Selection `json:"selections"`
}

// Selections lists whom a customer's imports take.
func (im *Importer) Selections(ctx context.Context, sel string) (SelectionsResult, error) {
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return SelectionsResult{}, err
	}
	return SelectionsResult{Customer: snap.Customer.Name, Selections: numbered(snap)}, nil
}

func numbered(snap *registry.Snapshot) []Selection {
	all := []Selection{}
	for i, s := range snap.Selections {
		v := Selection{i + 1, *s}
		v.OUs, v.Groups, v.SKUs, v.ExcludeOUs = list(s.OUs), list(s.Groups), list(s.SKUs), list(s.ExcludeOUs)
		v.Users, v.Exclude = list(s.Users), list(s.Exclude)
		all = append(all, v)
	}
	return all
}

// ForgetSelections forgets selections by their numbers. The accounts stay; a refresh
// then takes for out of scope whom no other selection takes.
func (im *Importer) ForgetSelections(ctx context.Context, sel string, numbers []string) (SelectionsResult, error) {
	result := SelectionsResult{Applied: true, Selections: []Selection{}}
	run, err := im.change(ctx, sel, command{name: "selections forget", params: numbers}, func(d *draft) error {
		result.Customer, result.Selections = d.after.Customer.Name, []Selection{}
		var unknown []string
		all := numbered(d.after)
		for _, number := range numbers {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil || n < 1 || n > len(all) {
				unknown = append(unknown, fmt.Sprintf("%q", number))
			} else if !slices.ContainsFunc(result.Selections, func(s Selection) bool { return s.Number == n }) {
				result.Selections = append(result.Selections, all[n-1])
			}
		}
		if len(unknown) > 0 {
			return &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownSelection, Message: fmt.Sprintf("no selection %s of %s's %d", strings.Join(unknown, ", "), d.after.Customer.Name, len(all))}
		}
		d.after.Selections = slices.DeleteFunc(slices.Clone(d.after.Selections), func(s *registry.Selection) bool {
			return slices.ContainsFunc(result.Selections, func(gone Selection) bool { return gone.Scope() == s.Scope() })
		})
		return nil
	})
	result.Run = run
	return result, err
}
