package sqlite

import (
	"context"
	"database/sql"

	"github.com/qpimport/qpimport/pkg/registry"
)

// readReported reads the last report of a customer, and the last of his runs.
func readReported(ctx context.Context, tx *sql.Tx, c customer) error {
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var at string
		err := rows.Scan(&at, &c.Reported.Run)
		if err == nil {
			c.Reported.At, err = parseTime(at)
		}
		return err
	}, `SELECT at, run FROM reports WHERE customer = ?`, c.n)
	if err != nil {
		return err
	}
	return tx.QueryRowContext(ctx, `SELECT ifnull(max(id), 0) FROM runs WHERE customer = ?`, c.Customer.ID).Scan(&c.LastRun)
}

func (w *writer) writeReported(n int64, r *registry.Reported) error {
	if r == nil {
		return nil
	}
	return w.do(`REPLACE INTO reports (customer, at, run) VALUES (?, ?, ?)`, n, timestamp(r.At), r.Run)
}
