package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// ConvertResult says what a change of mode does to each account.
type ConvertResult struct {
	Customer     string          `json:"customer"`
	PasswordSync registry.Mode   `json:"password_sync"`
	Applied      bool            `json:"applied"`
	Run          *int64          `json:"run"`
	Changes      []AccountChange `json:"changes"`
}

// Convert changes the mode of a customer together with its accounts, which keep
// their ids, what was decided by hand, and addresses that were set by hand. On:
// each account waits for its mailbox. Off: each gives its mailbox up, and has the
// address of its AD user.
func (im *Importer) Convert(ctx context.Context, sel string, mode registry.Mode, dry bool) (ConvertResult, error) {
	if mode != registry.ModeOn && mode != registry.ModeOff {
		return ConvertResult{}, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("password sync is on or off, not %q", mode)}
	}
	snap, err := im.find(ctx, sel, everything)
	if err != nil {
		return ConvertResult{}, err
	}
	var result ConvertResult
	run, err := im.changeLoaded(ctx, snap, everything, command{name: "customers set --convert", params: map[string]any{"password_sync": mode}, dry: dry}, func(d *draft) error {
		result = ConvertResult{Customer: d.after.Customer.Name, PasswordSync: mode, Changes: []AccountChange{}}
		if err := d.convert(mode); err != nil {
			return err
		}
		d.settle()
		for _, i := range d.inOrder() {
			if !d.changed(i) {
				continue
			}
			c, err := changeOf(d.was(i), d.after.Accounts[i], "converted")
			if err != nil {
				return err
			}
			result.Changes = append(result.Changes, c)
		}
		return nil
	})
	result.Applied, result.Run = !dry, run
	return result, err
}

// convert drafts another mode.
func (d *draft) convert(mode registry.Mode) error {
	if d.after.Customer.PasswordSync == mode {
		return nil
	}
	var foreign []string
	for i, a := range d.after.Accounts {
		switch {
		case a.AD == nil:
			foreign = append(foreign, cmp.Or(a.DisplayName, a.UPN))
			continue
		case mode == registry.ModeOff && a.EmailSource != registry.EmailFromManual:
			p, known := d.before.People[source.AD][a.AD.ID]
			if !known { // his address would be lost
				return &source.Error{Code: CodeRefused, Topic: TopicRefreshFirst,
					Message: fmt.Sprintf("%s's Active Directory was not read since the customer was brought back", d.after.Customer.Name)}
			}
			u, err := p.User()
			if err != nil {
				return err
			}
			a = d.edit(i)
			a.M365, a.Pairing = nil, nil
			setEmail(a, u.Email, registry.EmailFromAD)
		default:
			part(d.edit(i))
		}
	}
	if mode == registry.ModeOn && len(foreign) > 0 {
		few := foreign[:min(len(foreign), 5)]
		return &source.Error{Code: CodeRefused, Topic: TopicForeignAccounts,
			Message: fmt.Sprintf("%d accounts come from Microsoft 365 alone, and with password sync on accounts come from Active Directory: %s", len(foreign), strings.Join(few, ", "))}
	}
	d.after.Customer.PasswordSync = mode
	if mode == registry.ModeOn {
		d.after.Selections = slices.DeleteFunc(slices.Clone(d.after.Selections), func(s *registry.Selection) bool { return s.Source == source.M365 })
	}
	return nil
}
