package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

const page = 4096 // bytes

// TestTruncated cuts a file at every page, and round it: no cut file passes for
// a smaller registry.
func TestTruncated(t *testing.T) {
	whole := readFile(t, makeState(t))
	path := filepath.Join(t.TempDir(), "state.db")
	for at := page; at < len(whole); at += page {
		for _, size := range []int{at - 1, at, at + 1} {
			writeFile(t, path, whole[:size])
			if err := tryRead(t.Context(), path); !errors.Is(err, ErrDamaged) {
				t.Errorf("%d of %d bytes: %v, want %v", size, len(whole), err, ErrDamaged)
			}
			if !bytes.Equal(readFile(t, path), whole[:size]) {
				t.Errorf("%d of %d bytes: the file was changed", size, len(whole))
			}
		}
	}
	for _, size := range []int{1, 15, 16, 17, 99} { // in the header
		writeFile(t, path, whole[:size])
		if err := tryRead(t.Context(), path); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrForeign) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// tryRead opens a file and reads all of it.
func tryRead(ctx context.Context, path string) error {
	_, _, err := readAll(ctx, path)
	return err
}

func readAll(ctx context.Context, path string) (string, map[string]int, error) {
	db, err := openFile(ctx, path, true)
	if err != nil {
		return "", nil, err
	}
	defer db.Close()
	text, counts, err := dump(ctx, db)
	return text, counts, classify(err)
}

// TestBitFlips turns single bits over, and most of all those that hold the file
// together. Each flip is an error of this package; or changes nothing
// that is read; or stays within a value, which SQLite cannot see; or is found by
// the integrity check. A registry never reads as smaller without one of them
// speaking up.
func TestBitFlips(t *testing.T) {
	sound := makeState(t)
	whole := readFile(t, sound)
	want, wantCounts, err := readAll(t.Context(), sound)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.db")
	outcomes := map[string]int{}
	flip := func(bit int) {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		writeFile(t, path, b)
		text, counts, err := readAll(t.Context(), path)
		switch {
		case err != nil && !classified(err):
			t.Errorf("bit %d of byte %d: unclassified: %v", bit%8, bit/8, err)
		case err != nil:
			outcomes["refused"]++
		case text == want:
			outcomes["harmless"]++
		case maps.Equal(counts, wantCounts):
			outcomes["within a value"]++
		case soundFile(t.Context(), path):
			t.Errorf("bit %d of byte %d: reads as %v, want %v", bit%8, bit/8, counts, wantCounts)
		default:
			outcomes["found by the integrity check"]++
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		flip(r.IntN(100 * 8))                              // the header of the file
		flip(r.IntN(len(whole)/page)*page*8 + r.IntN(8*8)) // the header of a page
		flip(r.IntN(len(whole) * 8))
	}
	t.Logf("%d bytes: %v", len(whole), outcomes)
}

// TestStrayValue reads a value of another type than its column's, as a bit in the
// header of a record makes it.
func TestStrayValue(t *testing.T) {
	s, err := Open(t.Context(), makeState(t), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, into := range map[string]any{"text": new(tables.Text), "number": new(int), "string": new(string)} {
		value := map[string]string{"text": `5`, "number": `'x'`, "string": `NULL`}[name]
		err := s.inTx(t.Context(), false, func(tx *sql.Tx) error {
			return newTransaction(t.Context(), tx).Query(func(scan func(...any) error) error { return scan(into) }, `SELECT `+value)
		})
		if source.CodeOf(err) != registry.CodeDamaged {
			t.Errorf("%s for a %s: %v", value, name, err)
		}
	}
}

// soundFile says that SQLite finds nothing wrong with a file.
func soundFile(ctx context.Context, path string) bool {
	db, err := openFile(ctx, path, true)
	if err != nil {
		return false
	}
	defer db.Close()
	var got string
	err = db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&got)
	return err == nil && got == "ok"
}
