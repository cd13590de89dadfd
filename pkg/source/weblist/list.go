package weblist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	maxReads = 3
	// A list without an end would fill the memory.
	maxOrganizations = 200_000
)

// errShifted says that the list changed while its pages were read.
var errShifted = errors.New("the list changed while it was read")

// Uncounted is the total of a list whose API does not say how long it is.
const Uncounted = -1

// Page is one page of a list.
type Page struct {
	Organizations []source.Organization
	// Total is how many the whole list has, or Uncounted.
	Total int
	// Next asks for the page after it, nil after the last.
	Next *Request
}

// List is a list in pages.
type List struct {
	// Choice is who of it is a customer.
	Choice
	// What it lists, for people: "organizations".
	What string
	// Count asks how many there are, where pages do not say it; nil asks nobody.
	Count func(context.Context) (int, error)
	First Request
	// ByID is set where a page is what comes after an id: then nothing that changes
	// moves anybody from one page to another.
	ByID bool
	// Parse reads the page of a number, counted from 1. Its error says what is wrong
	// with it.
	Parse func(Answer, int) (Page, error)
	// Complete adds what is told elsewhere, once the list is whole; nil adds nothing.
	Complete func(context.Context, []source.Organization) error
}

// Customers reads a list whole ([Client.Read]) and picks the customers in it
// ([Choice.Pick]).
func (c *Client) Customers(ctx context.Context, l List) (Customers, error) {
	all, err := c.Read(ctx, l)
	if err == nil && l.Complete != nil {
		err = l.Complete(ctx, all)
	}
	if err != nil {
		return Customers{}, err
	}
	return l.Pick(c.Name, all)
}

// Read reads a list whole: the last page has no next one, no id came twice, and as
// many came as the API counts. One that shifts while it is read is read again,
// three times in all. Where pages are numbered, one who is passed on from a page to
// the one before, while another is added, is missed though the count is right; and
// where nobody counts there is none. Such a list is whole when it comes out alike
// twice in a row, unless one page that says so had all of it.
func (c *Client) Read(ctx context.Context, l List) ([]source.Organization, error) {
	var before []source.Organization
	for reads, failed := 1, 0; ; reads++ {
		all, proven, err := c.readOnce(ctx, l)
		if err == nil && !proven && before == nil {
			before = all
			continue
		}
		if err == nil && !proven && !sameIDs(before, all) {
			before, err = all, errShifted
		}
		if !errors.Is(err, errShifted) {
			return all, err
		}
		if failed++; failed == maxReads {
			return nil, &source.Error{
				Code:    source.CodeIncomplete,
				Message: fmt.Sprintf("%s's list of %s was read %d times and never came out whole", c.Name, l.What, reads),
				Hint:    l.What + " are being changed, or the credentials do not let all of them be seen; try again later",
				Err:     err,
			}
		}
		c.Announce("%s: %v; reading it again", c.Name, err)
	}
}

// sameIDs says whether two readings have the same ids; each has each once.
func sameIDs(a, b []source.Organization) bool {
	ids := make(map[string]bool, len(a))
	for _, o := range a {
		ids[o.ID] = true
	}
	return len(a) == len(b) && !slices.ContainsFunc(b, func(o source.Organization) bool { return !ids[o.ID] })
}

// readOnce reads all pages. It says whether what came is proven to be all.
func (c *Client) readOnce(ctx context.Context, l List) (all []source.Organization, proven bool, err error) {
	total, pages := Uncounted, 0
	if l.Count != nil {
		if total, err = l.Count(ctx); err != nil {
			return nil, false, err
		}
	}
	counted := l.Count != nil
	seen := map[string]bool{}
	shifted := func(format string, args ...any) ([]source.Organization, bool, error) {
		return nil, false, fmt.Errorf("%w: %s", errShifted, fmt.Sprintf(format, args...))
	}
	for next, number := &l.First, 1; next != nil; number++ {
		a, err := c.Ask(ctx, *next)
		if err != nil {
			return nil, false, err
		}
		p, err := l.Parse(a, number)
		if err != nil {
			e := c.Damaged(fmt.Sprintf("page %d of %s's %s is not what it should be", number, c.Name, l.What), err)
			e.Hint = "if a gateway stands before " + c.Name + ", check it"
			return nil, false, e
		}
		if !counted {
			total, counted = p.Total, true
		}
		for _, o := range p.Organizations {
			if seen[o.ID] {
				return shifted("the id %s came twice", o.ID)
			}
			seen[o.ID] = true
		}
		if len(p.Organizations) > 0 {
			pages++
		}
		all, next = append(all, p.Organizations...), p.Next
		switch {
		case p.Total != Uncounted && p.Total != total:
			return shifted("its count went from %d to %d", total, p.Total)
		case total != Uncounted && (next == nil && len(all) != total || len(all) > total):
			return shifted("%d %s came where %s counts %d", len(all), l.What, c.Name, total)
		case next != nil && len(p.Organizations) == 0:
			return shifted("page %d is empty and not the last", number)
		case len(all) > maxOrganizations:
			return nil, false, &source.Error{
				Code:    source.CodeIncomplete,
				Message: fmt.Sprintf("%s's list of %s does not end: more than %d came", c.Name, l.What, maxOrganizations),
			}
		}
	}
	return all, len(all) == 0 || total != Uncounted && (l.ByID || pages == 1), nil
}
