package main

import (
	"context"
	"errors"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// listHelp says which lists of people are read.
const listHelp = `A list of people has one SEL a line; empty lines and lines that begin with # do not
count. A CSV with a column that says who it is (id, dn, upn, username, email) will do as
well, such as Get-ADUser writes, and whatever a command here wrote with -o csv, jsonl or
json. Of a list with a column customer the lines of other customers are left out, and
counted.`

// otherCustomers says of a name in a list whether it is another customer's. It asks the
// registry the first time; what fails there the command itself will tell.
func (a *app) otherCustomers(ctx context.Context) func(string) bool {
	var other func(string) bool
	return func(name string) bool {
		if a.settings.Customer == "" {
			return false
		}
		if other == nil {
			var err error
			other, err = reading(ctx, a, func(im *importer.Importer) (func(string) bool, error) {
				return im.OtherCustomers(ctx, a.settings.Customer)
			})
			if err != nil {
				other = func(string) bool { return false }
			}
		}
		return other(name)
	}
}

// peopleList is a list of people that was read.
type peopleList struct {
	input.Names
	file string // as errors name it
}

// people reads a list of people, of whom those of other customers are left out.
func (a *app) people(ctx context.Context, path string, preferred ...string) (peopleList, error) {
	f, err := input.Read(ctx, a.in, path)
	if err != nil {
		return peopleList{}, err
	}
	list, err := f.Names(a.otherCustomers(ctx), preferred...)
	if err == nil {
		a.leftOut(f, list.Others)
	}
	return peopleList{list, f.Name}, err
}

// leftOut tells of the lines of other customers.
func (a *app) leftOut(f input.File, others int) {
	if others > 0 {
		a.notice("%s: left out as another customer's: %s", f.Name, output.Count(others, "line"))
	}
}

// told says of an error about who is not found by which columns he was looked for.
func (p peopleList) told(err error) error {
	var e *source.Error
	if p.Column == "" || !errors.As(err, &e) || e.Code != source.CodeNotFound || e.Topic != importer.TopicUnknownUser && e.Topic != importer.TopicUnknownAccount {
		return err
	}
	said := *e
	said.Message += " (" + p.file + ", by " + p.Column + ")"
	return &said
}
