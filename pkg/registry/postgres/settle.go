package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// A transaction that writes leaves a token of its own in the table commits. Where the
// connection breaks while it is being committed, another connection writes the same
// token: it waits for the transaction, if the server still has it, and then either
// finds its token there, or takes the place, and the transaction can no longer be done.
// Beside a place that is taken so stands another token: the answer to that may be lost
// as well.

const (
	writeToken = `INSERT INTO commits (token) VALUES ($1)`
	takePlace  = `INSERT INTO commits (token) VALUES ($1), ($1 || ' taken')`
	isTaken    = `SELECT EXISTS (SELECT 1 FROM commits WHERE token = $1 || ' taken')`
)

// commit ends a transaction that has written, whatever becomes of the connection. Who
// interrupts it now is too late.
func (s *Store) commit(ctx context.Context, t *transaction) error {
	token := uuid.NewString()
	if err := t.Do(writeToken, token); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settling)
	defer cancel()
	err := t.tx.Commit(whole)
	if err == nil || sqlState(err) != "" && !lost(err) {
		return err
	}
	return s.settle(ctx, token, err)
}

// settle finds out whether a transaction was done, and makes sure that it will not be
// where it was not.
func (s *Store) settle(ctx context.Context, token string, cause error) error {
	unsettled := &source.Error{
		Code: registry.CodeOutcomeUnknown, Topic: TopicUnsettled, Message: "registry " + s.place,
		Err: errors.New("the connection broke while a change was being made, and the server does not answer: whether it was made is not known"),
	}
	waiting, cancel := context.WithTimeout(ctx, s.settling)
	defer cancel()
	for {
		taken := true
		err := s.inWriting(waiting, func(tx pgx.Tx) error {
			_, err := tx.Exec(waiting, takePlace, token)
			return err
		})
		if sqlState(err) == "23505" {
			err = s.inWriting(waiting, func(tx pgx.Tx) error { return tx.QueryRow(waiting, isTaken, token).Scan(&taken) })
		}
		switch {
		case err == nil && taken:
			return errors.Join(errSettled, cause)
		case err == nil:
			return nil
		case waiting.Err() != nil || !lost(err) && sqlState(err) != "55P03" && sqlState(err) != "57014":
			return unsettled
		}
		if sleep(waiting, 100*time.Millisecond) != nil {
			return unsettled
		}
	}
}
