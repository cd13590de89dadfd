package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// planFile is a saved plan: the manifest, what was decided, and the hash of what
// each customer's part was decided from. It holds no secret.
type planFile struct {
	Schema    int            `json:"schema"`
	Kind      string         `json:"kind"`
	PlanHash  string         `json:"plan_hash"`
	Manifest  document       `json:"manifest"`
	MaxNew    int            `json:"max_new"`
	Customers []plannedEntry `json:"customers"`
	// Digest is over all the rest: what is applied is what was reviewed.
	Digest string `json:"digest"`
}

// plannedEntry is one customer of a saved plan.
type plannedEntry struct {
	Name     string                `json:"name"`
	Hash     string                `json:"hash"`
	Changes  []importer.PlanChange `json:"changes"`
	Warnings []string              `json:"warnings"`
	Error    *importer.Problem     `json:"error"`
}

const planKind = "qpimport plan"

// isPlanFile says whether a text is a saved plan.
func isPlanFile(text string) bool {
	var p struct{ Kind string }
	return strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &p) == nil && p.Kind == planKind
}

func newPlanFile(doc document, maxNew int, r importer.BulkResult) planFile {
	p := planFile{Schema: 1, Kind: planKind, PlanHash: r.PlanHash, Manifest: doc, MaxNew: maxNew, Customers: make([]plannedEntry, len(r.Customers))}
	for i, c := range r.Customers {
		p.Customers[i] = plannedEntry{c.Name, c.Hash, c.Changes, c.Warnings, c.Error}
	}
	p.Digest = p.digest()
	return p
}

// digest is the SHA-256 of the plan without its digest, in hex.
func (p planFile) digest() string {
	p.Digest = ""
	body, err := json.Marshal(p)
	if err != nil {
		return "" // no plan that was read or made comes here
	}
	// Read and written once more: what a change holds has then one spelling.
	var plain any
	if err := json.Unmarshal(body, &plain); err != nil {
		return ""
	}
	if body, err = json.Marshal(plain); err != nil {
		return ""
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func writePlanFile(path string, p planFile) error {
	return output.ReplaceFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		return enc.Encode(p)
	})
}

// readPlanFile reads a saved plan.
func (a *app) readPlanFile(ctx context.Context, path string) (planFile, error) {
	f, err := input.Read(ctx, a.in, path)
	if err != nil {
		return planFile{}, err
	}
	var p planFile
	if err := json.Unmarshal(f.Data, &p); err != nil || p.Kind != planKind {
		return planFile{}, usage.Hintf("a manifest is applied with -f", "%s is not a plan that `qpimport plan --out` wrote", f.Name)
	}
	if p.Schema != 1 {
		return planFile{}, usage.Hintf("make a new plan", "%s was written by another version of this program", f.Name)
	}
	if p.Digest == "" || p.Digest != p.digest() {
		return planFile{}, &source.Error{Code: importer.CodeStale, Message: f.Name + " was changed after it was made: nothing was applied",
			Hint: "change the manifest, make a new plan and review it"}
	}
	return p, nil
}

// planned is the plan by customer. Those that failed in it are left out of what is
// carried out.
func (p planFile) planned() map[string]importer.Planned {
	m := map[string]importer.Planned{}
	for _, c := range p.Customers {
		entry := importer.Planned{Hash: c.Hash}
		if c.Error != nil {
			entry.Left = &importer.CustomerPlan{
				Name: c.Name, Changes: []importer.PlanChange{}, Warnings: []string{},
				Result: importer.PlanResult{Import: []importer.ImportResult{}, Match: []importer.MatchResult{}},
				Error:  c.Error, Err: errNotPlanned,
			}
		}
		m[c.Name] = entry
	}
	return m
}
