package listtest

import (
	"context"
	"net/http"
	"testing"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// Customers are n customers as the suite wants them, each with these types.
func Customers(n int, types ...string) []psafake.Company {
	var all []psafake.Company
	for i := range n {
		all = append(all, customer(FirstID+i, types))
	}
	return all
}

func customer(id int, types []string) psafake.Company {
	return psafake.Company{ID: id, Name: Name(id), Types: types, Status: weblist.Active}
}

// OfPSA is the service of a PSA that has [Customers] of these types. First says
// whether a request asks for the first page.
func OfPSA(t *testing.T, s *psafake.Server, types []string, first func(*http.Request) bool,
	read func(context.Context, string, weblist.Options) (weblist.Customers, error),
) *Service {
	t.Cleanup(s.Close)
	return &Service{
		URL:    s.URL,
		Before: func(f func(int, http.ResponseWriter, *http.Request) bool) { s.Before = f },
		First:  first,
		Edit: func(f func(any) any) {
			s.Edit = func(n int, doc any) any {
				if n == 0 {
					return doc
				}
				return f(doc)
			}
		},
		IDs: func(change func([]int) []int) []int {
			var ids []int
			s.Set(func(have []psafake.Company) []psafake.Company {
				for _, c := range have {
					ids = append(ids, c.ID)
				}
				have, ids = nil, change(ids)
				for _, id := range ids {
					have = append(have, customer(id, types))
				}
				return have
			})
			return ids
		},
		WriteError: s.WriteError,
		Read:       read,
	}
}
