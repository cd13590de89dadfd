package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newHistoryShowCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Show all that a run changed",
		Long: `Shows a run: who ran what, when and with which version of the program, what was asked
for, and every thing that it changed. Of a thing that was updated the values that
differ are shown, before → after, of one that was created or deleted those that it has
or had. The table is for people, and leaves out ids and times of writing where there is
more to say; JSON and CSV have every value as it is kept.

RUN is its number, as "history" lists it. Runs of older versions are shown as they were
recorded; they did not keep all values and cannot be taken back.` + exits(11, 15),
		Example: `  qpimport history show 12
  qpimport history show 12 -o csv`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			number, err := runNumber(args[0])
			if err != nil {
				return err
			}
			detail, err := reading(ctx, a, func(im *importer.Importer) (importer.RunDetail, error) { return im.ShowRun(ctx, number) })
			if err != nil {
				return err
			}
			return a.render(output.View{
				Document: detail,
				Items:    output.Items(detail.Changes),
				Rows:     func() [][]string { return output.Rows(changeColumns(), changeLines(detail.Changes)) },
				Page:     func(p *output.Page) { runPage(p, detail) },
			})
		}),
	}
}

func runNumber(arg string) (int64, error) {
	number, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || number < 1 {
		return 0, usage.Hintf("`qpimport history` lists the runs", "%q is not the number of a run", arg)
	}
	return number, nil
}

func runPage(p *output.Page, r importer.RunDetail) {
	fields := [][]string{
		{"Run", strconv.FormatInt(r.Number, 10)}, {"Command", r.Command}, {"Customer", r.Customer}, {"When", timeText(r.At)},
		{"Who", text(r.By)}, {"Version", text(r.Version)}, {"Asked for", inWords(r.Params)}, {"Changes", countsText(r.Counts)},
	}
	for _, f := range [][]string{{"Batch", text(r.Batch)}, {"Undoes", numberText(r.Undoes)}, {"Undone by", numberText(r.UndoneBy)}} {
		if f[1] != "" {
			fields = append(fields, f)
		}
	}
	p.Fields(fields)
	if !r.Complete {
		p.Line("of an older version: not all values were kept, and it cannot be taken back")
	}
	for _, c := range r.Changes {
		p.Blank()
		p.Line("%s %s %s", c.Entity, output.OrDash(c.Name), changeWord(c))
		for _, l := range forPeople(changeLines([]importer.RunChange{c})) {
			p.Line("  %s", l.words())
		}
	}
}

// What becomes of a thing.
const (
	changeCreated = "created"
	changeUpdated = "updated"
	changeDeleted = "deleted"
)

func changeWord(c importer.RunChange) string {
	switch {
	case c.Before == nil:
		return changeCreated
	case c.After == nil:
		return changeDeleted
	}
	return changeUpdated
}

// changeLine is one value of a thing before and after.
type changeLine struct {
	entity                  registry.Entity
	id, name, change        string
	property, before, after string
}

// forPeople leaves out what tells people nothing beside the rest: ids, when something
// was written, and what is not so of a new thing.
func forPeople(lines []changeLine) []changeLine {
	some := slices.DeleteFunc(slices.Clone(lines), func(l changeLine) bool {
		switch l.property {
		case "id", "key", "account", "message", "created_at", "updated_at", "imported_at", "connected_at", "ad_since", "m365_since", "pairing_confidence":
			return true
		case "ad_id", "m365_id":
			return l.before == "" || l.after == "" // its name says more
		}
		return l.change != changeUpdated && l.before+l.after == "false"
	})
	if len(some) == 0 {
		return lines
	}
	return some
}

// words are the property as people read it, and its value before and after.
func (l changeLine) words() string {
	name, before, after := keyWords(l.property), valueWords(l.before), valueWords(l.after)
	switch l.change {
	case changeCreated:
		return name + ": " + after
	case changeDeleted:
		return name + ": " + before
	}
	return name + ": " + output.OrDash(before) + " → " + output.OrDash(after)
}

// changeLines are the values that changes are about, those left out that are
// empty before and after.
func changeLines(changes []importer.RunChange) []changeLine {
	var lines []changeLine
	for _, c := range changes {
		was, is := flatten(c.Before), flatten(c.After)
		all := maps.Clone(was)
		maps.Copy(all, is)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if was[name] != is[name] {
				lines = append(lines, changeLine{c.Entity, c.ID, c.Name, changeWord(c), strings.ReplaceAll(name, " ", "_"), was[name], is[name]})
			}
		}
	}
	return lines
}

func changeColumns() []output.Column[changeLine] {
	return []output.Column[changeLine]{
		{Key: "entity", Text: func(l changeLine) string { return string(l.entity) }},
		{Key: "id", Text: func(l changeLine) string { return l.id }},
		{Key: "name", Text: func(l changeLine) string { return l.name }},
		{Key: "change", Text: func(l changeLine) string { return l.change }},
		{Key: "property", Text: func(l changeLine) string { return l.property }},
		{Key: "before", Text: func(l changeLine) string { return l.before }},
		{Key: "after", Text: func(l changeLine) string { return l.after }},
	}
}
