package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// readPages follows a collection from its first page to its last and yields the
// items of each page once that page was found to be whole; the next page uses
// their slice again. After an error nothing follows.
func readPages[T any](ctx context.Context, c *client, first *url.URL, decode decoder[T]) iter.Seq2[[]T, error] {
	return readPagesBy(ctx, c, first, decode, c.get)
}

// readPagesBy is readPages where a page is asked for in another way than by GET.
func readPagesBy[T any](ctx context.Context, c *client, first *url.URL, decode decoder[T], ask func(context.Context, *url.URL, func(io.Reader) error) error) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		visited := map[string]struct{}{}
		p := &page[T]{decode: decode}
		for link, n := first, 1; link != nil; n++ {
			visited[link.String()] = struct{}{}
			p.items, p.next = p.items[:0], ""
			if err := ask(ctx, link, p.read); err != nil {
				yield(nil, err)
				return
			}
			next, err := c.follow(p.next, visited, n)
			if err != nil {
				yield(nil, incomplete(err))
				return
			}
			if !yield(p.items, nil) {
				return
			}
			link = next
		}
	}
}

// readAll reads a collection whole. Where the links expire on the way it begins anew.
func readAll[T any](ctx context.Context, c *client, first *url.URL, decode decoder[T]) ([]T, error) {
	for restarts := 0; ; restarts++ {
		all, err := gather(readPages(ctx, c, first, decode))
		if !errors.Is(err, errPageExpired) || restarts == maxRestarts {
			return all, err
		}
		c.log("the page link expired: the read begins anew")
	}
}

// gather takes the items of all pages.
func gather[T any](pages iter.Seq2[[]T, error]) ([]T, error) {
	var all []T
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// follow checks the link to page n+1; there is none after the last page.
func (c *client) follow(link string, visited map[string]struct{}, n int) (*url.URL, error) {
	if link == "" {
		return nil, nil
	}
	next, err := c.nextURL(link)
	if err != nil {
		return nil, err
	}
	if _, ok := visited[next.String()]; ok {
		return nil, fmt.Errorf("page %d leads back to an earlier page", n)
	}
	if n >= maxPages {
		return nil, fmt.Errorf("there is no end after %d pages", n)
	}
	return next, nil
}

// decoder reads the next element of a page.
type decoder[T any] func(*jsontext.Decoder) (T, error)

// page is one answer of a collection.
type page[T any] struct {
	decode decoder[T]
	items  []T
	next   string // @odata.nextLink, "" on the last page
}

// read takes a body for a page only when it is one: a JSON object, once, with
// an array named value, of which every element is what it should be, and no name
// twice. encoding/json would let all of that pass, and users be lost.
func (p *page[T]) read(body io.Reader) error {
	d := jsontext.NewDecoder(body, jsontext.AllowInvalidUTF8(true))
	if err := expect(d, jsontext.BeginObject); err != nil {
		return err
	}
	var hasValue bool
	var failure string
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return badJSON(err)
		}
		switch name.String() {
		case "value":
			hasValue = true
			err = p.readItems(d)
		case "@odata.nextLink":
			var link *string
			if json.UnmarshalDecode(d, &link) != nil || link != nil && *link == "" {
				err = errors.New("@odata.nextLink is no text")
			} else if link != nil {
				p.next = *link
			}
		case "error":
			failure = " but an error"
			fallthrough
		default:
			if strings.HasSuffix(strings.ToLower(name.String()), "nextlink") {
				return fmt.Errorf("%.40q may lead to more: it is spelled otherwise than @odata.nextLink", name.String())
			}
			err = badJSON(d.SkipValue())
		}
		if err != nil {
			return err
		}
	}
	if err := expect(d, jsontext.EndObject); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	if !hasValue || failure != "" {
		return fmt.Errorf("the answer holds no page%s", failure)
	}
	return nil
}

func (p *page[T]) readItems(d *jsontext.Decoder) error {
	if err := expect(d, jsontext.BeginArray); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	for d.PeekKind() != jsontext.KindEndArray {
		item, err := p.decode(d)
		if err != nil {
			return err
		}
		p.items = append(p.items, item)
	}
	return expect(d, jsontext.EndArray)
}

func expect(d *jsontext.Decoder, want jsontext.Token) error {
	got, err := d.ReadToken()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return badJSON(err)
	}
	if got.Kind() != want.Kind() {
		return fmt.Errorf("no %s where one was expected", want)
	}
	return nil
}

// badJSON says in plain words that a name occurs twice.
func badJSON(err error) error {
	var bad *jsontext.SyntacticError
	if errors.As(err, &bad) && errors.Is(err, jsontext.ErrDuplicateName) {
		return fmt.Errorf("%s occurs twice", bad.JSONPointer.LastToken())
	}
	return err
}

func decodeOrganization(d *jsontext.Decoder) (organization, error) {
	var o organization
	if err := json.UnmarshalDecode(d, &o); err != nil {
		return o, fmt.Errorf("an organization cannot be read: %w", err)
	}
	if o.ID == "" {
		return o, errors.New("an organization has no id")
	}
	return o, nil
}

func decodeContract(d *jsontext.Decoder) (source.Organization, error) {
	var c struct {
		CustomerID   string `json:"customerId"`
		DisplayName  string `json:"displayName"`
		ContractType string `json:"contractType"`
	}
	if err := json.UnmarshalDecode(d, &c); err != nil {
		return source.Organization{}, fmt.Errorf("a contract cannot be read: %w", err)
	}
	if c.CustomerID == "" {
		return source.Organization{}, errors.New("a contract has no customerId")
	}
	return source.Organization{
		System: "m365", ID: strings.ToLower(c.CustomerID), Name: c.DisplayName, Types: []string{c.ContractType},
	}, nil
}
