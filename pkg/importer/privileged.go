package importer

import (
	"context"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// PrivilegedPerson is somebody who holds power over a directory.
type PrivilegedPerson struct {
	Source      source.Kind `json:"source"`
	ID          string      `json:"id"`
	DisplayName string      `json:"display_name"`
	Username    string      `json:"username"`
	// By are the ways: the powerful group or role first, then the groups in it down to
	// the one that the person is in himself.
	By       [][]string  `json:"by"`
	Paths    []string    `json:"paths"` // the same in words, down to the person
	Enabled  source.Flag `json:"enabled"`
	Imported bool        `json:"imported"` // has an account
}

// PrivilegedList is who holds power over a customer's directories.
type PrivilegedList struct {
	Customer string             `json:"customer"`
	People   []PrivilegedPerson `json:"people"`
	// Was are those whom AD protected once (adminCount) and who hold no power now.
	Was []PrivilegedPerson `json:"was_privileged"`
	// Unknown are the directories that do not say, with the reason in words.
	Unknown []UnknownPower `json:"unknown"`
	Notes   []string       `json:"notes"`
}

// UnknownPower is a directory of which it is not known who holds power.
type UnknownPower struct {
	Source source.Kind `json:"source"`
	Reason string      `json:"reason"`
}

// Privileged reads the connected directories and says who holds power over them.
func (im *Importer) Privileged(ctx context.Context, sel string) (PrivilegedList, error) {
	result := PrivilegedList{People: []PrivilegedPerson{}, Was: []PrivilegedPerson{}, Unknown: []UnknownPower{}, Notes: []string{}}
	snap, err := im.find(ctx, sel, everything)
	if err != nil {
		return result, err
	}
	result.Customer = snap.Customer.Name
	kinds, err := connectedKinds(snap)
	if err != nil {
		return result, err
	}
	reads, tasks := make([]*reading, len(kinds)), []func() error{}
	for i, kind := range kinds {
		tasks = append(tasks, func() (err error) {
			reads[i], err = im.readWhole(ctx, snap, kind, question{whichever: true})
			return err
		})
	}
	if _, err := im.beside(ctx, snap.Customer.ID, registry.Load{}, tasks...); err != nil {
		return result, err
	}
	d := newDraft(snap, im.clock())
	for _, in := range reads {
		if err := d.learn(in); err != nil {
			return result, err
		}
		if in.powers.Unknown != "" {
			result.Unknown = append(result.Unknown, UnknownPower{in.kind, in.powers.Unknown})
		}
		result.Notes = append(result.Notes, in.notes(true)...)
		places := d.places(in.kind)
		for _, u := range in.users {
			_, has := places[u.ID]
			p := PrivilegedPerson{Source: u.Kind, ID: u.ID, DisplayName: u.DisplayName, Username: u.Username, By: list(u.Privileges), Paths: list(u.PrivilegePaths()), Enabled: u.Enabled, Imported: has}
			switch {
			case len(u.Privileges) > 0:
				result.People = append(result.People, p)
			case u.WasPrivileged() && in.powers.Unknown == "":
				result.Was = append(result.Was, p)
			}
		}
	}
	order := func(p *PrivilegedPerson) (ou, name, id string) { return string(p.Source), p.DisplayName, p.ID }
	sortBy(result.People, order)
	sortBy(result.Was, order)
	return result, nil
}
