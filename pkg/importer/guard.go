package importer

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Guarded is the cause of a refusal by a guard: what was found.
type Guarded struct{ Breaches []registry.Breach }

func (g *Guarded) Error() string {
	texts := make([]string, len(g.Breaches))
	for i, b := range g.Breaches {
		texts[i] = b.String()
	}
	return strings.Join(texts, "; ")
}

// refusal is the error of a change set that goes beyond its limits, nil of one
// that does not.
func refusal(breaches []registry.Breach) error {
	if len(breaches) == 0 {
		return nil
	}
	e := &source.Error{Code: CodeSafeguard, Topic: TopicGuard, Err: &Guarded{breaches}}
	var given []string
	for _, b := range breaches {
		if b.Guard == registry.GuardNew {
			e.Topic, e.Subject = TopicTooManyNew, strconv.Itoa(b.Found)
			return e
		}
		if a := b.Answer(); a != "" && !slices.Contains(given, a) {
			given = append(given, a)
		}
	}
	e.Subject = strings.Join(given, " ")
	return e
}

// refuse notes with the directories that were read that a change was refused, so
// that a monitor sees it, and returns the error. Nothing else is written.
func (im *Importer) refuse(ctx context.Context, d *draft, c command, breaches []registry.Breach) error {
	err := refusal(breaches)
	if c.dry || !d.before.Exists() || source.CodeOf(err) != CodeSafeguard {
		return err
	}
	cs := registry.ChangeSet{CustomerID: d.before.Customer.ID, Revision: d.before.Revision, Failures: map[source.Kind]registry.Failure{}}
	for _, r := range d.readings {
		f := registry.Failure{At: d.now, Code: CodeSafeguard, Text: err.Error()}
		if last := d.before.Reads[r.kind].Failure; last == nil || last.Code != f.Code || last.Text != f.Text {
			cs.Failures[r.kind] = f
		}
	}
	if len(cs.Failures) == 0 {
		return err
	}
	if _, failed := im.apply(ctx, cs); failed != nil && !errors.Is(failed, registry.ErrMoved) {
		return failed
	}
	return err
}

// manifestLimits are those of a customer of a manifest.
func manifestLimits(a manifest.Allow, most int) *registry.Limits {
	return &registry.Limits{NewAccounts: most, Allow: answers(a.Guards), OtherDirectory: a.DirectoryChanged}
}

// answers are those of a manifest.
func answers(given map[string][]int) registry.Answers {
	a := registry.Answers{}
	for kind, numbers := range given {
		a[registry.Guard(kind)] = numbers
	}
	return a
}
