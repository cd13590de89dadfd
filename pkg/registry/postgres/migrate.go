package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

//go:embed migrations/*.sql
var migrations embed.FS

// prepare looks whose the schema is, and makes or migrates it where that is to be
// written to.
func (s *Store) prepare(ctx context.Context, readOnly bool, steps []tables.Step) error {
	version, err := s.version(ctx, s.pool)
	if err != nil {
		return err
	}
	latest := steps[len(steps)-1].Version
	switch {
	case version > latest:
		return s.errorf(registry.CodeNewer, "", "the registry was written by a newer version of this program: it has schema %d, this program knows up to %d", version, latest)
	case readOnly && version > 0 && version < latest:
		return s.errorf(registry.CodeUnwritable, TopicOlder, "the registry has schema %d and must be migrated to %d", version, latest)
	case !readOnly && version < latest:
		if err := s.inWriting(ctx, func(tx pgx.Tx) error { return s.migrate(ctx, tx, steps) }); err != nil {
			return err
		}
		version = latest
	}
	s.made = version > 0
	if readOnly {
		return nil
	}
	// Many processes begin at once: each takes what no other one is at.
	return s.inWriting(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM commits WHERE token IN (SELECT token FROM commits WHERE at < now() - interval '1 day' LIMIT 1000 FOR UPDATE SKIP LOCKED)`)
		return err
	})
}

// inWriting runs do in a transaction that may as well be lost.
func (s *Store) inWriting(ctx context.Context, do func(pgx.Tx) error) error {
	tx, err := s.begin(ctx, true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func (s *Store) errorf(code source.Code, topic source.Topic, format string, args ...any) error {
	return &source.Error{Code: code, Topic: topic, Message: "registry " + s.place, Err: fmt.Errorf(format, args...)}
}

// version is that of the schema, 0 where it is empty or not there.
func (s *Store) version(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
},
) (version int, err error) {
	var relations, ours int
	err = db.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE relname = 'qpimport_schema') FROM pg_class
		WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)`, s.schema).Scan(&relations, &ours)
	if err != nil || relations == 0 {
		return 0, err
	}
	if ours == 0 {
		return 0, s.errorf(registry.CodeForeign, TopicOccupied, "the schema %s holds tables, and no registry of this program", s.schema)
	}
	// By its whole name: a schema that the role may not use is passed over in search_path.
	err = db.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM "`+s.schema+`".qpimport_schema`).Scan(&version)
	if err == nil && version <= 0 {
		err = registry.Damaged(errors.New("no version"), "table qpimport_schema")
	}
	return version, err
}

// migrate runs the steps that the schema lacks. It reads the version again: another
// process may have been faster.
func (s *Store) migrate(ctx context.Context, tx pgx.Tx, steps []tables.Step) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('qpimport ' || $1, 0))`, s.schema); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)`, s.schema).Scan(&there); err != nil {
		return err
	}
	if !there {
		if _, err := tx.Exec(ctx, `CREATE SCHEMA "`+s.schema+`"`); err != nil {
			return s.notMade(err)
		}
	}
	now, err := s.version(ctx, tx)
	if err != nil {
		return err
	}
	if now == 0 {
		if _, err := tx.Exec(ctx, `CREATE TABLE qpimport_schema (version BIGINT PRIMARY KEY, at TIMESTAMPTZ NOT NULL DEFAULT now())`); err != nil {
			return s.notMade(err)
		}
	}
	for _, step := range steps {
		if step.Version <= now {
			continue
		}
		if _, err := tx.Exec(ctx, step.SQL); err != nil {
			return fmt.Errorf("migrating to schema %d: %w", step.Version, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO qpimport_schema (version) VALUES ($1)`, step.Version); err != nil {
			return err
		}
	}
	return nil
}

// notMade says that a registry could not be made for want of rights.
func (s *Store) notMade(err error) error {
	if sqlState(err) != "42501" {
		return err
	}
	return &source.Error{
		Code: registry.CodeRefused, Topic: TopicNotMade, Subject: s.schema, Message: "registry " + s.place,
		Err: fmt.Errorf("there is none yet, and the role %s may not make one", s.config.ConnConfig.User),
	}
}
