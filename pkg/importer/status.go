package importer

import (
	"cmp"
	"context"
	"fmt"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Status shows a customer, or with "" each, with what needs somebody's hand.
func (im *Importer) Status(ctx context.Context, sel string) ([]CustomerStatus, error) {
	list, err := im.oneOrAll(ctx, sel)
	if err != nil {
		return nil, err
	}
	lines := []CustomerStatus{}
	for _, snap := range list {
		lines = append(lines, viewStatus(snap))
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
	say(c.PasswordSync == registry.ModeOn && c.Directories.AD == nil && !none, "password sync is on, but Active Directory is not connected")
	say(c.PasswordSync == registry.ModeOn && c.Directories.M365 == nil && !none, "password sync is on, but Microsoft 365 is not connected")
	say(c.Accounts.PendingMatch > 0, "%d to match", c.Accounts.PendingMatch)
	say(c.Accounts.NeedsEmail > 0, "%d without a usable e-mail", c.Accounts.NeedsEmail)
	return todo
}

// viewStatus is a customer's line.
func viewStatus(snap *registry.Snapshot) CustomerStatus {
	c := viewCustomer(snap)
	of := func(kind source.Kind) *DirectoryStatus {
		conn := snap.Connection(kind)
		if conn == nil {
			return nil
		}
		d := &DirectoryStatus{Connection: *conn}
		if last, ok := snap.Reads[kind]; ok {
			d.LastRead, d.People = &last.At, &last.People
		}
		return d
	}
	return CustomerStatus{Customer: c, Directories: DirectoryStatuses{AD: of(source.AD), M365: of(source.M365)}, Attention: attention(c)}
}

// oneOrAll is the customer that is named, or with "" all of them.
func (im *Importer) oneOrAll(ctx context.Context, sel string) ([]*registry.Snapshot, error) {
	if sel == "" {
		return im.store.List(ctx)
	}
	snap, err := im.find(ctx, sel, registry.Load{})
	return []*registry.Snapshot{snap}, err
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
	for _, snap := range customers {
		c := snap.Customer
		tests, err := im.TestDirectories(ctx, c.ID, nil)
		if err != nil {
			return nil, err
		}
		if len(tests) == 0 {
			findings = append(findings, Finding{Subject: c.Name, Level: "warning", Message: "no directory is connected", Topic: TopicNoDirectory})
		}
		for _, t := range tests {
			subject := c.Name + " / " + string(t.Source)
			if t.Error != nil {
				findings = append(findings, Finding{Subject: subject, Level: "error", Message: t.Error.Message, Cause: t.Error.Cause})
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
	h, err := im.store.Health(ctx)
	if err != nil {
		return nil, err
	}
	if !h.Exists {
		return []Finding{{Subject: "state file", Level: "warning", Message: h.Place + " does not exist yet", Topic: TopicNoState}}, nil
	}
	return []Finding{{Subject: "state file", Level: "ok", Message: fmt.Sprintf("%s: sound, %d accounts", h.Place, h.Accounts)}}, nil
}
