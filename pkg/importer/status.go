package importer

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/qpimport/qpimport/pkg/source"
)

// Status shows a customer, or with "" each, with what needs somebody's hand.
func (im *Importer) Status(ctx context.Context, sel string) ([]CustomerStatus, error) {
	customers, err := im.oneOrAll(ctx, sel)
	if err != nil {
		return nil, err
	}
	lines := []CustomerStatus{}
	for _, c := range customers {
		lines = append(lines, CustomerStatus{Customer: c, Attention: attention(c)})
	}
	return lines, nil
}

// attention says in plain words what a customer waits for.
func attention(c Customer) []string {
	todo := []string{}
	say := func(when bool, format string, args ...any) {
		if when {
			todo = append(todo, fmt.Sprintf(format, args...))
		}
	}
	none := c.Directories.AD == nil && c.Directories.M365 == nil
	say(none, "connect a directory")
	say(!none && c.Accounts.Total == 0, "nothing imported yet")
	say(c.PasswordSync == ModeOn && c.Directories.AD == nil && !none, "password sync is on, but Active Directory is not connected")
	say(c.PasswordSync == ModeOn && c.Directories.M365 == nil && !none, "password sync is on, but Microsoft 365 is not connected")
	say(c.Accounts.PendingMatch > 0, "%d to match", c.Accounts.PendingMatch)
	say(c.Accounts.NeedsEmail > 0, "%d without a usable e-mail", c.Accounts.NeedsEmail)
	return todo
}

// oneOrAll is the customer that is named, or with "" all of them.
func (im *Importer) oneOrAll(ctx context.Context, sel string) ([]Customer, error) {
	if sel == "" {
		return im.Customers(ctx)
	}
	c, err := im.Customer(ctx, sel)
	return []Customer{c}, err
}

// Doctor examines the state file and reads a little from every directory of a
// customer, or with "" of all.
func (im *Importer) Doctor(ctx context.Context, sel string) ([]Finding, error) {
	findings, err := im.examineState(ctx)
	if err != nil {
		return nil, err
	}
	customers, err := im.oneOrAll(ctx, sel)
	if err != nil {
		return nil, err
	}
	for _, c := range customers {
		tests, err := im.TestDirectories(ctx, c.ID, nil)
		if err != nil {
			return nil, err
		}
		if len(tests) == 0 {
			findings = append(findings, Finding{Subject: c.Name, Level: "warning", Message: "no directory is connected", Hint: "`qpimport directories connect --help` tells how"})
		}
		for _, t := range tests {
			subject := c.Name + " / " + string(t.Source)
			if t.Error != nil {
				findings = append(findings, Finding{subject, "error", t.Error.Message, t.Error.Hint})
				continue
			}
			findings = append(findings, Finding{Subject: subject, Level: "ok", Message: fmt.Sprintf("%s answers (%s)", cmp.Or(t.Info.Name, t.Source.String()), t.Info.Server)})
			for _, note := range t.Notes {
				findings = append(findings, Finding{Subject: subject, Level: "ok", Message: note})
			}
			for _, warning := range t.Warnings {
				findings = append(findings, Finding{Subject: subject, Level: "warning", Message: warning})
			}
		}
	}
	return findings, nil
}

func (im *Importer) examineState(ctx context.Context) ([]Finding, error) {
	if _, err := os.Stat(im.path); errors.Is(err, fs.ErrNotExist) {
		return []Finding{{Subject: "state file", Level: "warning", Message: im.path + " does not exist yet",
			Hint: "the first command that writes makes it; is --state right?"}}, nil
	}
	var integrity string
	var orphans, accounts int
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&integrity); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&orphans); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&accounts)
	})
	if err != nil {
		return nil, err
	}
	if integrity != "ok" || orphans > 0 {
		return nil, &source.Error{Code: CodeStateDamaged, Message: fmt.Sprintf("state file %s: %s, %d rows without owner", im.path, integrity, orphans),
			Hint: "put back a copy of the file"}
	}
	return []Finding{{Subject: "state file", Level: "ok", Message: fmt.Sprintf("%s: sound, %d accounts", im.path, accounts)}}, nil
}
