package itglue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	pageSize = 1000 // IT Glue's own limit
	maxReads = 3
)

// errShifted says that the list changed while its pages were read.
var errShifted = errors.New("the list changed while it was read")

// readAll reads the whole list, again from the start where it shifts.
func (c *client) readAll(ctx context.Context) ([]source.Organization, error) {
	for read := 1; ; read++ {
		all, err := c.readOnce(ctx)
		if !errors.Is(err, errShifted) {
			return all, err
		}
		if read == maxReads {
			return nil, &source.Error{
				Code:    source.CodeIncomplete,
				Message: fmt.Sprintf("IT Glue's list of organizations was read %d times and never came out whole", maxReads),
				Hint:    "organizations are being changed, or the API key does not see all of them; try again later",
				Err:     err,
			}
		}
		c.announce("IT Glue: %v; reading it again", err)
	}
}

// readOnce reads all pages. Sorting by id keeps new organizations at the end and
// renames from moving anything.
func (c *client) readOnce(ctx context.Context) ([]source.Organization, error) {
	var all []source.Organization
	seen := map[string]bool{}
	total := 0
	for number := 1; ; number++ {
		body, err := c.get(ctx, number)
		if err != nil {
			return nil, err
		}
		p, err := parsePage(body, number)
		if err != nil {
			return nil, &source.Error{
				Code:    source.CodeIncomplete,
				Message: fmt.Sprintf("page %d of IT Glue's organizations is not what it should be", number),
				Hint:    "if a gateway stands before IT Glue, check it",
				Err:     err,
			}
		}
		if number == 1 {
			total = p.total
		}
		for _, o := range p.organizations {
			if seen[o.ID] {
				return nil, fmt.Errorf("%w: organization %s came twice", errShifted, o.ID)
			}
			seen[o.ID] = true
		}
		all = append(all, p.organizations...)
		switch {
		case p.total != total:
			return nil, fmt.Errorf("%w: its count went from %d to %d", errShifted, total, p.total)
		case p.last && len(all) != total, len(all) > total:
			return nil, fmt.Errorf("%w: %d organizations came where IT Glue counts %d", errShifted, len(all), total)
		case p.last:
			return all, nil
		case len(p.organizations) == 0:
			return nil, fmt.Errorf("%w: page %d is empty and not the last", errShifted, number)
		}
	}
}

type page struct {
	organizations []source.Organization
	total         int
	last          bool
}

// The JSON of a page. Raw values tell null from missing and a number from text.
type (
	pageJSON struct {
		Data   *[]organizationJSON `json:"data"`
		Meta   *metaJSON           `json:"meta"`
		Errors jsontext.Value      `json:"errors"`
	}
	metaJSON struct {
		CurrentPage jsontext.Value `json:"current-page"`
		NextPage    jsontext.Value `json:"next-page"`
		TotalCount  jsontext.Value `json:"total-count"`
		TotalPages  jsontext.Value `json:"total-pages"`
	}
	organizationJSON struct {
		ID         jsontext.Value  `json:"id"`
		Type       string          `json:"type"`
		Attributes *attributesJSON `json:"attributes"`
	}
	attributesJSON struct {
		Name    *string        `json:"name"`
		Type    string         `json:"organization-type-name"`
		Status  string         `json:"organization-status-name"`
		Primary jsontext.Value `json:"primary"`
	}
)

// parsePage checks that a body is the wanted page, whole, and reads it. A name
// that occurs twice is an error: one of the two would be lost.
func parsePage(body []byte, number int) (page, error) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return page{}, errors.New("it is not a JSON object")
	}
	var doc pageJSON
	if err := json.Unmarshal(body, &doc); err != nil {
		return page{}, fmt.Errorf("it is not the JSON expected: %w", err)
	}
	switch {
	case doc.Errors != nil && doc.Errors.Kind() != jsontext.KindNull:
		return page{}, errors.New("it holds errors")
	case doc.Data == nil:
		return page{}, errors.New(`"data" is missing`)
	case doc.Meta == nil:
		return page{}, errors.New(`"meta" is missing`)
	}
	p, err := parseMeta(*doc.Meta, number)
	if err != nil {
		return page{}, err
	}
	p.organizations = make([]source.Organization, len(*doc.Data))
	for i, o := range *doc.Data {
		if p.organizations[i], err = parseOrganization(o); err != nil {
			return page{}, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return p, nil
}

func parseMeta(meta metaJSON, number int) (page, error) {
	total, err := strconv.Atoi(string(meta.TotalCount))
	if err != nil || total < 0 {
		return page{}, fmt.Errorf(`"meta.total-count" is %s, not a count`, shown(meta.TotalCount))
	}
	if string(meta.CurrentPage) != strconv.Itoa(number) {
		return page{}, fmt.Errorf(`"meta.current-page" is %s, not the page asked for`, shown(meta.CurrentPage))
	}
	last := string(meta.NextPage) == "null"
	if !last && string(meta.NextPage) != strconv.Itoa(number+1) {
		return page{}, fmt.Errorf(`"meta.next-page" is %s, not null or %d`, shown(meta.NextPage), number+1)
	}
	if pages, err := strconv.Atoi(string(meta.TotalPages)); last && err == nil && pages > number {
		return page{}, fmt.Errorf(`"meta.next-page" is null on page %d of %d`, number, pages)
	}
	return page{total: total, last: last}, nil
}

func parseOrganization(o organizationJSON) (source.Organization, error) {
	var id string
	if len(o.ID) == 0 || o.ID[0] != '"' || json.Unmarshal(o.ID, &id) != nil || strings.TrimSpace(id) == "" {
		return source.Organization{}, fmt.Errorf("its id is %s; ids are text", shown(o.ID))
	}
	if o.Type != "organizations" {
		return source.Organization{}, fmt.Errorf("%q is of type %q, not an organization", id, o.Type)
	}
	if o.Attributes == nil || o.Attributes.Name == nil || strings.TrimSpace(*o.Attributes.Name) == "" {
		return source.Organization{}, fmt.Errorf("organization %q has no name", id)
	}
	switch string(o.Attributes.Primary) {
	case "true", "false", "null":
	default:
		return source.Organization{}, fmt.Errorf(`organization %q does not say whether it is "primary"`, id)
	}
	return source.Organization{
		System:  System,
		ID:      id,
		Name:    *o.Attributes.Name,
		Type:    o.Attributes.Type,
		Status:  o.Attributes.Status,
		Primary: string(o.Attributes.Primary) == "true",
	}, nil
}

// shown is a value as an error may quote it.
func shown(raw jsontext.Value) string {
	switch {
	case len(raw) == 0:
		return "missing"
	case len(raw) > 40:
		return string(raw[:40]) + "…"
	}
	return string(raw)
}
