package weblist

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// What errors are about: no organization has the type or the status that customers
// usually have, or the type or status (the subject) that was asked for; a secret
// (the subject) is none.
const (
	TopicUnknownType   source.Topic = "unknown_type"
	TopicUnknownStatus source.Topic = "unknown_status"
	TopicUnknownFilter source.Topic = "unknown_filter"
	TopicBadSecret     source.Topic = "bad_secret"
)

// Customers is who among the organizations of a product is a customer; both lists
// are ordered by name, then id.
type Customers struct {
	Organizations []source.Organization
	Skipped       []Skipped
	Kind          string // what the product calls a type
}

// Skipped is an organization that is not taken for a customer, and why.
type Skipped struct {
	source.Organization
	Reason string
}

// The values of [Skipped.Reason].
const (
	SkipPrimary = "primary" // the MSP's own organization
	SkipStatus  = "status"
	SkipType    = "type"
)

// Active is the status of those with whom one does business.
const Active = "Active"

// AnyType is the name that stands for organizations of every type, unless there is
// a type of that name.
const AnyType = "any"

// Choice is which organizations of a product are customers.
type Choice struct {
	// Noun names what is chosen from, for people: "organization". Kind is what the
	// product calls a type.
	Noun, Kind string
	// Types and Statuses are the names that were asked for. Where they are given they
	// replace the default.
	Types, Statuses []string
	// DefaultType is the type that customers have; "" is any.
	DefaultType string
}

// Pick picks the customers among the organizations of a product:
//   - never the primary one, which is the MSP itself;
//   - those whose status is one of Statuses, or "Active" where none are given;
//     any where no organization has one;
//   - and that have one of Types, or DefaultType where none are given. [AnyType]
//     takes every type, and organizations without one.
//
// Names compare without regard to case and surrounding space. A name that no
// organization carries is an error that lists the names seen; so is a list
// where nobody has the default and nothing else was asked for.
func (c Choice) Pick(product string, all []source.Organization) (Customers, error) {
	sort.Slice(all, func(i, j int) bool {
		if all[i].Name != all[j].Name {
			return all[i].Name < all[j].Name
		}
		return all[i].ID < all[j].ID
	})
	seenTypes, seenStatuses := names{}, names{}
	customers := 0
	for _, o := range all {
		if !o.Primary {
			customers++
			seenTypes.add(o.Types...)
			seenStatuses.add(o.Status)
		}
	}

	types := c.Types
	anyType := len(types) == 1 && foldName(types[0]) == AnyType && !seenTypes.has(AnyType)
	if anyType {
		types = nil
	}
	wantTypes, err := c.choose(product, seenTypes, c.Kind, types)
	if err != nil {
		return Customers{}, err
	}
	wantStatuses, err := c.choose(product, seenStatuses, "status", c.Statuses)
	if err != nil {
		return Customers{}, err
	}
	if wantTypes == nil && !anyType && c.DefaultType != "" {
		if customers > 0 && !seenTypes.has(c.DefaultType) {
			return Customers{}, c.nobody(product, TopicUnknownType, c.Kind, c.DefaultType, seenTypes)
		}
		wantTypes = namesOf(c.DefaultType)
	}
	if wantStatuses == nil && len(seenStatuses) > 0 {
		if customers > 0 && !seenStatuses.has(Active) {
			return Customers{}, c.nobody(product, TopicUnknownStatus, "status", Active, seenStatuses)
		}
		wantStatuses = namesOf(Active)
	}

	list := Customers{Kind: c.Kind}
	for _, o := range all {
		reason := ""
		switch {
		case o.Primary:
			reason = SkipPrimary
		case wantStatuses != nil && !wantStatuses.has(o.Status):
			reason = SkipStatus
		case wantTypes != nil && !slices.ContainsFunc(o.Types, wantTypes.has):
			reason = SkipType
		}
		if reason == "" {
			list.Organizations = append(list.Organizations, o)
		} else {
			list.Skipped = append(list.Skipped, Skipped{o, reason})
		}
	}
	return list, nil
}

func (c Choice) nobody(product string, topic source.Topic, kind, name string, seen names) error {
	return &source.Error{
		Code:    source.CodeUsage,
		Message: fmt.Sprintf("no %s in %s has the %s %q; seen: %s", c.Noun, product, kind, name, seen),
		Topic:   topic,
	}
}

// choose returns the wanted names as a set, nil where none are wanted. All of
// them must have been seen.
func (c Choice) choose(product string, seen names, kind string, wanted []string) (names, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	var unknown []string
	for _, name := range wanted {
		if !seen.has(name) {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		return nil, &source.Error{
			Code:    source.CodeUsage,
			Message: fmt.Sprintf("no %s in %s has the %s %s; seen: %s", c.Noun, product, kind, strings.Join(unknown, ", "), seen),
			Topic:   TopicUnknownFilter,
			Subject: kind,
		}
	}
	return namesOf(wanted...), nil
}

// names is a set of names: folded → as first spelled.
type names map[string]string

func namesOf(list ...string) names {
	n := names{}
	n.add(list...)
	return n
}

func foldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func (n names) add(list ...string) {
	for _, name := range list {
		if _, ok := n[foldName(name)]; !ok && foldName(name) != "" {
			n[foldName(name)] = strings.TrimSpace(name)
		}
	}
}

func (n names) has(name string) bool {
	_, ok := n[foldName(name)]
	return ok
}

func (n names) String() string {
	if len(n) == 0 {
		return "none"
	}
	quoted := make([]string, 0, len(n))
	for _, name := range n {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	sort.Strings(quoted)
	return strings.Join(quoted, ", ")
}
