// Package itglue reads an MSP's customers from IT Glue's organizations. It asks
// for organizations and nothing else, above all never for passwords: a key
// without password access is enough.
package itglue

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// What errors are about: no organisation has the type or the status that customers
// usually have, or the type or status (the subject) that was asked for; the API key
// is none, or the region refused it.
const (
	TopicUnknownType   source.Topic = "unknown_type"
	TopicUnknownStatus source.Topic = "unknown_status"
	TopicUnknownFilter source.Topic = "unknown_filter"
	TopicBadKey        source.Topic = "bad_key"
	TopicRefusedKey    source.Topic = "refused_key"
)

// System names IT Glue in [source.Organization] and in external ids.
const System = "itglue"

// Config says where and as whom to read, and which organizations are customers.
type Config struct {
	// Region is us, eu or au; "" is us. A key is good in its own region only.
	Region string
	// URL overrides the region's address, for a gateway: https, or http on loopback.
	URL string
	Key source.Secret
	// Types and Statuses are names of organization types and statuses. Where
	// they are given they replace the default of [Organizations].
	Types, Statuses []string

	HTTP      *http.Client // nil is a client of our own with time limits
	UserAgent string
	// Announce is told of every wait and every new attempt; nil tells nobody.
	Announce func(format string, args ...any)
	// Sleep waits between attempts; nil waits by the clock.
	Sleep func(context.Context, time.Duration) error
}

// List is the outcome of [Organizations]; both lists are ordered by name, then id.
type List struct {
	Organizations []source.Organization
	Skipped       []Skipped
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

// The names by which customers are told where the caller gives none.
const (
	defaultStatus = "Active"
	defaultType   = "Customer"
)

// AnyType is the name that stands for organizations of every type, unless there is
// a type of that name.
const AnyType = "any"

// Organizations reads all organizations and picks the customers among them:
//   - never the primary one, which is the MSP itself;
//   - those whose status is one of Statuses, or "Active" where none are given;
//     any in an account that has no statuses;
//   - and whose type is one of Types, or "Customer" where none are given. [AnyType]
//     takes every type, and organizations without one.
//
// Names compare without regard to case and surrounding space. A name that no
// organization carries is an error that lists the names seen; so is an account
// where nobody is "Active" or a "Customer" and nothing else was asked for.
//
// The list is whole or there is an error: the last page has no next page and as
// many distinct ids were read as IT Glue counts. A list that shifts while it is
// read is read again, three times in all.
func Organizations(ctx context.Context, cfg Config) (List, error) {
	c, err := newClient(cfg)
	if err != nil {
		return List{}, err
	}
	return c.list(ctx, cfg)
}

func (c *client) list(ctx context.Context, cfg Config) (List, error) {
	all, err := c.readAll(ctx)
	if err != nil {
		return List{}, err
	}
	return pick(all, cfg.Types, cfg.Statuses)
}

// pick divides the organizations by the rule of [Organizations].
func pick(all []source.Organization, types, statuses []string) (List, error) {
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
			seenTypes.add(o.Type)
			seenStatuses.add(o.Status)
		}
	}

	anyType := len(types) == 1 && foldName(types[0]) == AnyType && !seenTypes.has(AnyType)
	if anyType {
		types = nil
	}
	wantTypes, err := seenTypes.choose("type", types)
	if err != nil {
		return List{}, err
	}
	wantStatuses, err := seenStatuses.choose("status", statuses)
	if err != nil {
		return List{}, err
	}
	if wantTypes == nil && !anyType {
		if customers > 0 && !seenTypes.has(defaultType) {
			return List{}, &source.Error{
				Code:    source.CodeUsage,
				Message: fmt.Sprintf("no organization in IT Glue has the type %q; seen: %s", defaultType, seenTypes),
				Topic:   TopicUnknownType,
			}
		}
		wantTypes = namesOf(defaultType)
	}
	if wantStatuses == nil && len(seenStatuses) > 0 {
		if customers > 0 && !seenStatuses.has(defaultStatus) {
			return List{}, &source.Error{
				Code:    source.CodeUsage,
				Message: fmt.Sprintf("no organization in IT Glue has the status %q; seen: %s", defaultStatus, seenStatuses),
				Topic:   TopicUnknownStatus,
			}
		}
		wantStatuses = namesOf(defaultStatus)
	}

	var list List
	for _, o := range all {
		reason := ""
		switch {
		case o.Primary:
			reason = SkipPrimary
		case wantStatuses != nil && !wantStatuses.has(o.Status):
			reason = SkipStatus
		case wantTypes != nil && !wantTypes.has(o.Type):
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

// names is a set of names: folded → as first spelled.
type names map[string]string

func namesOf(list ...string) names {
	n := names{}
	for _, name := range list {
		n.add(name)
	}
	return n
}

func foldName(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

func (n names) add(name string) {
	if _, ok := n[foldName(name)]; !ok && foldName(name) != "" {
		n[foldName(name)] = strings.TrimSpace(name)
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

// choose returns the wanted names as a set, nil where none are wanted. All of
// them must have been seen.
func (n names) choose(what string, wanted []string) (names, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	var unknown []string
	for _, name := range wanted {
		if !n.has(name) {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		return nil, &source.Error{
			Code:    source.CodeUsage,
			Message: fmt.Sprintf("no organization in IT Glue has the %s %s; seen: %s", what, strings.Join(unknown, ", "), n),
			Topic:   TopicUnknownFilter,
			Subject: what,
		}
	}
	return namesOf(wanted...), nil
}

// regionURL is the address of a region of IT Glue.
func regionURL(region string) (string, bool) {
	switch strings.ToLower(region) {
	case "", "us":
		return "https://api.itglue.com", true
	case "eu":
		return "https://api.eu.itglue.com", true
	case "au":
		return "https://api.au.itglue.com", true
	}
	return "", false
}

// endpoint returns the address to read from and how to name it to people.
func endpoint(cfg Config) (*url.URL, string, error) {
	raw, ok := regionURL(cfg.Region)
	if !ok {
		return nil, "", usage("IT Glue has no region of that name", "use us, eu or au")
	}
	where := "region " + strings.ToLower(cfg.Region)
	if cfg.Region == "" {
		where = "region us"
	}
	if cfg.URL != "" {
		raw = cfg.URL
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, "", usage("the URL of IT Glue is not an address without user, query and fragment", "https://api.itglue.com is one")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, "", usage("the URL of IT Glue has to begin with https://", "a key must not travel in clear; http is for loopback only")
	}
	if cfg.URL != "" {
		where = u.Host
	}
	return u, where, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func badKey(message string) error {
	return &source.Error{Code: source.CodeUsage, Topic: TopicBadKey, Message: message}
}

func usage(message, hint string) error {
	return &source.Error{Code: source.CodeUsage, Message: message, Hint: hint}
}
