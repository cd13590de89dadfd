package importer

import (
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

// manifestLimits are those of a customer of a manifest.
func manifestLimits(a manifest.Allow, most int) *registry.Limits {
	return &registry.Limits{NewAccounts: most, Allow: answers(a.Guards)}
}

// answers are those of a manifest.
func answers(given map[string]int) registry.Answers {
	a := registry.Answers{}
	for kind, n := range given {
		a[registry.Guard(kind)] = []int{n}
	}
	return a
}
