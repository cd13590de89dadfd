package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/registry/registrytest/cut"
)

// TestSettleCut cuts the connection once more, while it is found out what became of a
// transaction: one that was not done is never taken for done, nor the reverse.
func TestSettleCut(t *testing.T) {
	s := newSchema(t)
	way := cut.New(t, server(t))
	direct, err := Open(t.Context(), Options{Address: s.address})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	for _, done := range []bool{false, true} {
		for p := (cut.Point{N: 1, Arrived: true}); ; p.N++ {
			store, err := Open(t.Context(), Options{Address: strings.Replace(s.address, server(t), way.Dir, 1)})
			if err != nil {
				t.Fatal(err)
			}
			token := uuid.NewString()
			if done {
				s.exec(`INSERT INTO commits (token) VALUES ($1)`, token)
			}
			store.pool.Reset()
			way.Break(p)
			err = store.settle(t.Context(), token, errors.New("cut"))
			seen := way.Seen()
			way.Break(cut.Point{})
			if done && err != nil || !done && !errors.Is(err, errSettled) {
				t.Errorf("cut at message %d, done %v: %v", p.N, done, err)
			}
			if cerr := store.Close(); cerr != nil {
				t.Error(cerr)
			}
			if seen < p.N {
				break
			}
		}
	}
}
