package importer

import (
	"context"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// GroupsRequest asks for the groups of a directory.
type GroupsRequest struct {
	Customer string
	Source   source.Kind
	All      bool // those in which nobody is as well
}

// Group is a group of a directory with how many people are in it.
type Group struct {
	Source  source.Kind `json:"source"`
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	DN      string      `json:"dn"`      // "" in Microsoft 365
	Members int         `json:"members"` // who are in it themselves
	Nested  int         `json:"nested"`  // those and who are in groups in it, each once
}

// GroupList is what `groups` shows.
type GroupList struct {
	Groups []Group `json:"groups"`
	Empty  int     `json:"empty"` // how many have nobody in them
}

// Groups lists the groups of a directory.
func (im *Importer) Groups(ctx context.Context, r GroupsRequest) (GroupList, error) {
	list := GroupList{Groups: []Group{}}
	snap, err := im.find(ctx, r.Customer, registry.Load{})
	if err != nil {
		return list, err
	}
	in, err := im.readWhole(ctx, snap, r.Source, question{whichever: true, allGroups: needed})
	if err != nil {
		return list, err
	}
	index := source.NewGroupIndex(in.groups, in.users)
	for _, g := range in.groups {
		v := Group{Source: g.Kind, ID: g.ID, Name: g.Name, DN: g.DN, Members: len(index.Direct(g.ID)), Nested: len(index.People(g.ID))}
		if v.Nested == 0 {
			list.Empty++
		}
		if r.All || v.Nested > 0 {
			list.Groups = append(list.Groups, v)
		}
	}
	sortBy(list.Groups, func(g *Group) (ou, name, id string) { return source.ParentDN(g.DN), g.Name, g.ID })
	return list, nil
}
