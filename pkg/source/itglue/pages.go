package itglue

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// list is the list of organizations. Sorting by id keeps new ones at the end and
// renames from moving anything.
func list(c *weblist.Client, cfg Config) weblist.List {
	request := func(number int) weblist.Request {
		return weblist.Request{Path: "organizations", Query: url.Values{
			"page[number]": {strconv.Itoa(number)},
			"page[size]":   {c.PageSize()},
			"sort":         {"id"},
		}}
	}
	return weblist.List{
		Choice: weblist.Choice{Noun: "organization", Kind: "type", Types: cfg.Types, Statuses: cfg.Statuses, DefaultType: "Customer"},
		What:   "organizations", First: request(1),
		Parse: func(a weblist.Answer, number int) (weblist.Page, error) {
			p, last, err := parsePage(c, a.Body, number)
			if next := request(number + 1); err == nil && !last {
				p.Next = &next
			}
			return p, err
		},
	}
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

// parsePage checks that a body is the wanted page, whole, and reads it. It says
// whether it is the last.
func parsePage(c *weblist.Client, body []byte, number int) (weblist.Page, bool, error) {
	var p weblist.Page
	var doc pageJSON
	if err := c.Decode(body, jsontext.KindBeginObject, &doc); err != nil {
		return p, false, err
	}
	switch {
	case doc.Errors != nil && doc.Errors.Kind() != jsontext.KindNull:
		return p, false, errors.New("it holds errors")
	case doc.Data == nil:
		return p, false, errors.New(`"data" is missing`)
	case doc.Meta == nil:
		return p, false, errors.New(`"meta" is missing`)
	}
	total, last, err := parseMeta(*doc.Meta, number)
	if err != nil {
		return p, false, err
	}
	p.Total = total
	p.Organizations, err = weblist.Organizations(*doc.Data, parseOrganization)
	return p, last, err
}

// parseMeta reads how many organizations there are, and whether this is the last page.
func parseMeta(meta metaJSON, number int) (total int, last bool, err error) {
	if total, err = weblist.Count(meta.TotalCount); err != nil {
		return 0, false, fmt.Errorf(`"meta.total-count": %w`, err)
	}
	if string(meta.CurrentPage) != strconv.Itoa(number) {
		return 0, false, fmt.Errorf(`"meta.current-page" is %s, not the page asked for`, weblist.Shown(meta.CurrentPage))
	}
	last = string(meta.NextPage) == "null"
	if !last && string(meta.NextPage) != strconv.Itoa(number+1) {
		return 0, false, fmt.Errorf(`"meta.next-page" is %s, not null or %d`, weblist.Shown(meta.NextPage), number+1)
	}
	if pages, err := strconv.Atoi(string(meta.TotalPages)); last && err == nil && pages > number {
		return 0, false, fmt.Errorf(`"meta.next-page" is null on page %d of %d`, number, pages)
	}
	return total, last, nil
}

func parseOrganization(o organizationJSON) (source.Organization, error) {
	var id string
	if len(o.ID) == 0 || o.ID[0] != '"' || json.Unmarshal(o.ID, &id) != nil || strings.TrimSpace(id) == "" {
		return source.Organization{}, fmt.Errorf("its id is %s; ids are text", weblist.Shown(o.ID))
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
		Types:   weblist.Names(o.Attributes.Type),
		Status:  o.Attributes.Status,
		Primary: string(o.Attributes.Primary) == "true",
	}, nil
}
