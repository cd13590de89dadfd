package ad

import (
	"context"
	"iter"

	"github.com/go-ldap/ldap/v3"
)

// pageSize is as much as AD gives at once (MaxPageSize).
const pageSize = 1000

// domainScope is the control that asks for no references to other domains.
// None would be followed: it would send the password where the answer says.
const domainScope = "1.2.840.113556.1.4.1339"

// pager reads the result of one search page by page. The request must ask for
// objectGUID, which tells objects apart.
type pager struct {
	d      *Directory
	req    ldap.SearchRequest
	size   int // of a page
	limit  int // ends the read after as many objects; 0 for none
	cookie []byte

	pages int
	found int
	seen  map[[16]byte]bool
	spent map[string]bool // cookies that were given out
}

// next reads a page: the objects that no page before it held. more says whether
// another page follows.
func (p *pager) next(ctx context.Context) (objects []*ldap.Entry, more bool, err error) {
	size := p.size
	if p.limit > 0 {
		size = min(size, p.limit-p.found)
	}
	res, err := p.ask(ctx, size)
	if err != nil {
		return nil, false, err
	}
	paging, ok := ldap.FindControl(res.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
	if !ok {
		return nil, false, incomplete(nil, "does something stand between here and the domain controller?", "%s does not say whether more follows (no paging control)", p.d.guard.server)
	}
	for _, e := range res.Entries {
		raw := values(e, "objectGUID")
		if len(raw) != 1 || len(raw[0]) != 16 {
			return nil, false, incomplete(nil, "the bind account needs the right to read it", "%q has no valid objectGUID", e.DN)
		}
		// What moves while pages are read may be on two of them.
		guid := [16]byte(raw[0])
		if p.seen[guid] {
			continue
		}
		p.seen[guid] = true
		if err := p.d.completeRanges(ctx, e, p.req.Controls...); err != nil {
			return nil, false, err
		}
		objects = append(objects, e)
	}
	p.pages++
	p.found += len(objects)
	p.cookie = paging.Cookie
	p.d.log("page %d: %d objects, %d in all", p.pages, len(objects), p.found)

	// Samba gives the same cookie with each page, so that the cookie alone
	// tells nothing; nothing new with it does.
	if len(p.cookie) > 0 && len(objects) == 0 && p.spent[string(p.cookie)] {
		return nil, false, incomplete(nil, "try again, or another domain controller", "%s sends the same page again and again", p.d.guard.server)
	}
	if p.pages >= p.d.maxPages && len(p.cookie) > 0 {
		return nil, false, incomplete(nil, "try again, or another domain controller", "%s sent %d pages and no end", p.d.guard.server, p.pages)
	}
	p.spent[string(p.cookie)] = true
	return objects, len(p.cookie) > 0, nil
}

// release tells the server that the rest is not wanted. It keeps only a few
// unfinished searches on one connection. What comes back does not matter.
func (p *pager) release(ctx context.Context) {
	if len(p.cookie) > 0 {
		_, _ = p.ask(ctx, 0)
	}
}

func (p *pager) ask(ctx context.Context, size int) (*ldap.SearchResult, error) {
	req := p.req
	req.Controls = append([]ldap.Control{
		&ldap.ControlPaging{PagingSize: uint32(size), Cookie: p.cookie},
		ldap.NewControlString(domainScope, false, ""),
	}, req.Controls...)
	return p.d.search(ctx, &req)
}

// pages yields the result of a search page by page, without the references
// that the server may send. While a page is worked on, the next one is on its
// way; the last thing that happens is that the search at the server is over.
func (d *Directory) pages(ctx context.Context, req ldap.SearchRequest, limit int) iter.Seq2[[]*ldap.Entry, error] {
	return d.pagesOf(ctx, req, pageSize, limit)
}

// pagesOf is pages with another number of objects in each.
func (d *Directory) pagesOf(ctx context.Context, req ldap.SearchRequest, size, limit int) iter.Seq2[[]*ldap.Entry, error] {
	type page struct {
		objects []*ldap.Entry
		err     error
	}
	return func(yield func([]*ldap.Entry, error) bool) {
		p := &pager{d: d, req: req, size: size, limit: limit, seen: map[[16]byte]bool{}, spent: map[string]bool{}}
		pages, stop, ended := make(chan page), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			defer close(pages)
			for more := true; more; {
				var got page
				got.objects, more, got.err = p.next(ctx)
				select {
				case pages <- got:
				case <-stop:
					more = false
				}
				if got.err != nil {
					return
				}
				more = more && (limit == 0 || p.found < limit)
			}
			p.release(ctx)
		}()
		defer func() {
			close(stop)
			<-ended
		}()
		for got := range pages {
			if !yield(got.objects, got.err) || got.err != nil {
				return
			}
		}
	}
}
