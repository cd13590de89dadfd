package ad

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// AD gives at most 1500 values of an attribute at once (MaxValRange), as
// "proxyAddresses;range=0-1499" beside an empty "proxyAddresses".

// valueRange is the option ;range=low-high; high is -1 for the last range.
type valueRange struct {
	name      string
	low, high int
}

// parseRange reads the name of an attribute that came as a range.
func parseRange(attribute string) (r valueRange, ranged bool, err error) {
	name, option, ok := strings.Cut(attribute, ";")
	if !ok || len(option) < 6 || !strings.EqualFold(option[:6], "range=") {
		return r, false, nil
	}
	low, high, _ := strings.Cut(option[6:], "-")
	r.name = name
	if r.low, err = strconv.Atoi(low); err != nil || r.low < 0 {
		return r, true, fmt.Errorf("%.100q is not a range", attribute)
	}
	if high == "*" {
		r.high = -1
		return r, true, nil
	}
	if r.high, err = strconv.Atoi(high); err != nil || r.high < r.low {
		return r, true, fmt.Errorf("%.100q is not a range", attribute)
	}
	return r, true, nil
}

// rangeSize is how many values are asked for at once after the first range: Samba has
// no limit of its own, and they have to fit in one message.
const rangeSize = 40_000

// completeRanges reads the values that are missing of attributes that came as
// ranges, and puts them all under the attribute's own name. It asks with the controls
// of the search that found the object.
func (d *Directory) completeRanges(ctx context.Context, e *ldap.Entry, controls ...ldap.Control) error {
	damaged := func(err error) error {
		return incomplete(err, "try again", "the values of an attribute of %.500q do not add up", e.DN)
	}
	var whole []*ldap.EntryAttribute
	for _, part := range e.Attributes {
		r, ranged, err := parseRange(part.Name)
		if err != nil {
			return damaged(err)
		}
		if !ranged {
			// Kept unless it is the empty companion of a range.
			if len(part.ByteValues) > 0 {
				whole = append(whole, part)
			}
			continue
		}
		all := &ldap.EntryAttribute{Name: r.name}
		for {
			if r.low != len(all.ByteValues) || r.high >= 0 && len(part.ByteValues) != r.high-r.low+1 {
				return damaged(fmt.Errorf("%q holds %d values after %d", part.Name, len(part.ByteValues), len(all.ByteValues)))
			}
			all.ByteValues = append(all.ByteValues, part.ByteValues...)
			if r.high < 0 {
				break
			}
			part, r, err = d.nextRange(ctx, e, r, controls)
			if err != nil {
				return err
			}
			if part == nil {
				return damaged(fmt.Errorf("%q ends after %d values", all.Name, len(all.ByteValues)))
			}
		}
		whole = append(whole, all)
	}
	e.Attributes = whole
	return nil
}

// nextRange asks for the values after r, nil where the server has no answer.
// The object is named by its GUID, so that a rename does not matter.
func (d *Directory) nextRange(ctx context.Context, e *ldap.Entry, r valueRange, controls []ldap.Control) (*ldap.EntryAttribute, valueRange, error) {
	guid, err := adattr.GUID([]byte(text(e, "objectGUID")))
	if err != nil {
		return nil, r, incomplete(err, "", "objectGUID of %.500q", e.DN)
	}
	more, err := d.lookupWith(ctx, controls, "<GUID="+guid+">", fmt.Sprintf("%s;range=%d-%d", r.name, r.high+1, r.high+rangeSize))
	if err != nil {
		return nil, r, err
	}
	for _, part := range more.Attributes {
		next, ranged, err := parseRange(part.Name)
		if err == nil && ranged && strings.EqualFold(next.name, r.name) {
			return part, next, nil
		}
	}
	return nil, r, nil
}
