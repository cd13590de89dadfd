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
	var answers []string
	for _, b := range breaches {
		if b.Guard == registry.GuardNew {
			e.Topic, e.Subject = TopicTooManyNew, strconv.Itoa(b.Found)
			return e
		}
		if a := b.Answer(); a != "" && !slices.Contains(answers, a) {
			answers = append(answers, a)
		}
	}
	e.Subject = strings.Join(answers, " ")
	return e
}

// manifestLimits are those of a customer of a manifest.
func manifestLimits(a manifest.Allow, most int) *registry.Limits {
	return &registry.Limits{NewAccounts: most, Allow: Answers(a.Guards)}
}

// Answers are the answers to guards as somebody gave them.
func Answers(given map[string]int) map[registry.Guard]int {
	answers := map[registry.Guard]int{}
	for kind, n := range given {
		answers[registry.Guard(kind)] = n
	}
	return answers
}
