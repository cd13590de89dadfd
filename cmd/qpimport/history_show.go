package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
differ are shown before and after, of one that was created or deleted all of them.

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
		{"Who", text(r.By)}, {"Version", text(r.Version)}, {"Asked for", string(r.Params)}, {"Changes", countsText(r.Counts)},
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
		for _, l := range changeLines([]importer.RunChange{c}) {
			switch {
			case c.Before == nil:
				p.Line("  %s: %s", l.words(), l.after)
			case c.After == nil:
				p.Line("  %s: %s", l.words(), l.before)
			default:
				p.Line("  %s: %s → %s", l.words(), output.OrDash(l.before), output.OrDash(l.after))
			}
		}
	}
}

func changeWord(c importer.RunChange) string {
	switch {
	case c.Before == nil:
		return "created"
	case c.After == nil:
		return "deleted"
	}
	return "updated"
}

// changeLine is one value of a thing before and after.
type changeLine struct {
	entity                  registry.Entity
	id, name, change        string
	property, before, after string
}

// words is the property as people read it.
func (l changeLine) words() string {
	return strings.NewReplacer("_", " ", ".", " ").Replace(l.property)
}

// changeLines are the values that changes are about, those left out that are
// empty before and after.
func changeLines(changes []importer.RunChange) []changeLine {
	var lines []changeLine
	for _, c := range changes {
		was, is := map[string]string{}, map[string]string{}
		flatten(c.Before, was)
		flatten(c.After, is)
		all := maps.Clone(was)
		maps.Copy(all, is)
		for _, property := range slices.Sorted(maps.Keys(all)) {
			if was[property] != is[property] {
				lines = append(lines, changeLine{c.Entity, c.ID, c.Name, changeWord(c), property, was[property], is[property]})
			}
		}
	}
	return lines
}

// flatten puts the plain values of a JSON object into a map by their paths.
func flatten(object jsontext.Value, into map[string]string) {
	var members map[string]json.RawMessage
	if object == nil || json.Unmarshal(object, &members) != nil {
		return
	}
	for name, value := range members {
		switch text := strings.TrimSpace(string(value)); text {
		case "null", `""`, "[]", "{}", "false", `"0001-01-01T00:00:00Z"`:
			into[name] = ""
		default:
			inner := map[string]string{}
			var s string
			switch text[0] {
			case '"':
				if json.Unmarshal(value, &s) == nil {
					text = s
				}
			case '{':
				flatten(jsontext.Value(value), inner)
			}
			if len(inner) == 0 {
				into[name] = text
			}
			for path, v := range inner {
				into[name+"."+path] = v
			}
		}
	}
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
