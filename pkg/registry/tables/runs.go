package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
)

// Runs lists runs, the newest first.
func (s Store) Runs(ctx context.Context, f registry.RunFilter) ([]registry.Run, error) {
	var runs []registry.Run
	err := s.in(ctx, false, func(tx Tx) error {
		runs = nil
		undoneBy, err := readUndone(tx, f)
		if err != nil {
			return err
		}
		where, args := runsOf(f)
		return tx.Query(func(scan func(...any) error) error {
			var r registry.Run
			var at, counts string
			var params Text
			var format int
			err := scan(&r.ID, &r.Batch, &r.CustomerID, &r.CustomerName, &r.Command, &at, &r.By, &r.Version, &params, &r.PlanHash, &r.Undoes, &format, &counts)
			if err != nil {
				return err
			}
			if _, err := fmt.Sscan(counts, &r.Created, &r.Updated, &r.Deleted); err != nil {
				return err
			}
			if params != "" {
				r.Params = []byte(params)
				if !json.Valid(r.Params) {
					return registry.Damaged(errors.New("not JSON"), "parameters of run %d", r.ID)
				}
			}
			r.UndoneBy, r.Legacy = undoneBy[r.ID], format < changeFormat
			if r.At, err = parseTime(at); err == nil && !r.At.Before(f.Since) {
				runs = append(runs, r)
			}
			return err
		}, `SELECT id, batch, customer, customer_name, command, at, by, version, params, plan_hash, coalesce(undoes, 0), format, `+changeCounts+`
			FROM runs`+where+` ORDER BY id DESC`, args...)
	})
	return runs, err
}

// changeCounts counts what a run created, updated and deleted. It is one value: three
// would look at its changes three times, and a join at everybody's.
const changeCounts = `(SELECT count(CASE WHEN before IS NULL AND after IS NOT NULL THEN 1 END)
	|| ' ' || count(CASE WHEN before IS NOT NULL AND after IS NOT NULL THEN 1 END)
	|| ' ' || count(CASE WHEN before IS NOT NULL AND after IS NULL THEN 1 END) FROM changes WHERE run = runs.id)`

// runsOf is the condition of a filter. Times are compared to the second here: as
// they are written they then have the order of their texts.
func runsOf(f registry.RunFilter) (where string, args []any) {
	var conditions []string
	add := func(condition string, values ...any) {
		numbers := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			numbers[i] = len(args)
		}
		conditions = append(conditions, fmt.Sprintf(condition, numbers...))
	}
	if f.ID != 0 {
		add(`runs.id = $%d`, f.ID)
	}
	if f.CustomerID != "" {
		add(`customer = $%d`, f.CustomerID)
	}
	if !f.Since.IsZero() {
		add(`at >= $%d`, f.Since.UTC().Format("2006-01-02T15:04:05"))
	}
	if f.Batch != "" {
		add(`batch = $%d`, f.Batch)
	}
	if f.EntityID != "" {
		add(`EXISTS (SELECT 1 FROM changes AS c WHERE c.run = runs.id AND c.id IN ($%d, $%d, $%d))`, f.EntityID, f.EntityID+"/mobile", f.EntityID+"/web")
	}
	if f.After != 0 {
		add(`runs.id > $%d`, f.After)
	}
	if len(conditions) > 0 {
		where = ` WHERE ` + strings.Join(conditions, ` AND `)
	}
	return where, args
}

// readUndone maps the runs that are taken back to those that did it. One that was
// taken back itself did not. A run is taken back by one of the same customer.
func readUndone(tx Tx, f registry.RunFilter) (map[int64]int64, error) {
	whose, args := ``, []any(nil)
	switch {
	case f.CustomerID != "":
		whose, args = ` AND customer = $1`, []any{f.CustomerID}
	case f.ID != 0:
		whose, args = ` AND customer = (SELECT customer FROM runs WHERE id = $1)`, []any{f.ID}
	}
	undoneBy := map[int64]int64{}
	err := tx.Query(func(scan func(...any) error) error {
		var run, undoes int64
		err := scan(&run, &undoes)
		if _, gone := undoneBy[run]; !gone {
			undoneBy[undoes] = run
		}
		return err
	}, `SELECT id, undoes FROM runs WHERE undoes IS NOT NULL`+whose+` ORDER BY id DESC`, args...)
	return undoneBy, err
}

// Changes lists what a run changed.
func (s Store) Changes(ctx context.Context, run int64) ([]registry.StoredChange, error) {
	var changes []registry.StoredChange
	err := s.in(ctx, false, func(tx Tx) error {
		changes = nil
		return tx.Query(func(scan func(...any) error) error {
			var c registry.StoredChange
			var before, after Text
			var format int
			if err := scan((*string)(&c.Entity), &c.ID, &c.Name, &before, &after, &format); err != nil {
				return err
			}
			if before != "" {
				c.Before = []byte(before)
			}
			if after != "" {
				c.After = []byte(after)
			}
			c.Legacy = format < changeFormat
			changes = append(changes, c)
			return nil
		}, `SELECT entity, changes.id, name, before, after, format FROM changes JOIN runs ON runs.id = run WHERE run = $1 ORDER BY seq`, run)
	})
	return changes, err
}

// record writes the run of what changed, and learns its number.
func (w *writer) record(i int, cs *registry.ChangeSet) error {
	if len(cs.Changes) == 0 {
		return nil
	}
	r := cs.Run
	var undoes any
	if r.Undoes != 0 {
		undoes = r.Undoes
	}
	return w.tx.Ask(func(scan func(...any) error) error { return scan(&w.runs[i]) },
		`INSERT INTO runs (customer, customer_name, command, at, batch, by, version, params, plan_hash, undoes, format)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`, cs.CustomerID, r.CustomerName, r.Command, timestamp(r.At), r.Batch, r.By, r.Version,
		null(string(r.Params)), r.PlanHash, undoes, changeFormat)
}

// recordChanges writes the changes of a run, and the resets that are meant in it.
func (w *writer) recordChanges(i int, cs *registry.ChangeSet) error {
	run := w.runs[i]
	if run == 0 {
		return nil
	}
	err := w.tx.Insert(`changes`, []string{`run`, `seq`, `entity`, `id`, `name`, `before`, `after`}, recorded(run, cs.Changes))
	if err != nil {
		return err
	}
	return w.writePasswords(w.numbers[i], numbered(cs.Passwords, run), registry.Password.WithReset)
}

// recorded are the rows of changes. They are encoded some at a time: all of a large
// import at once would take its size again.
func recorded(run int64, changes []registry.Change) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		const some = 4096
		seq := 0
		for part := range slices.Chunk(changes, some) {
			stored, err := registry.EncodeAll(part)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, c := range stored {
				seq++
				if !yield([]any{run, seq, string(c.Entity), c.ID, c.Name, null(string(c.Before)), null(string(c.After))}, nil) {
					return
				}
			}
		}
	}
}

// Prune forgets runs with what they changed.
func (s Store) Prune(ctx context.Context, runs ...int64) error {
	return s.in(ctx, true, func(tx Tx) error {
		for _, run := range runs {
			for _, statement := range []string{
				`UPDATE runs SET undoes = NULL WHERE undoes = $1`,
				`DELETE FROM changes WHERE run = $1`,
				`DELETE FROM runs WHERE id = $1`,
			} {
				if err := tx.Do(statement, run); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
