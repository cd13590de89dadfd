package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// planHead is what a saved plan says of all its customers. Behind it follow the
// customers, an array of [plannedEntry], and the digest over all of it. A plan holds
// no secret, and is written and read a customer at a time: with changes down to
// every account it may be larger than memory.
type planHead struct {
	Schema   int      `json:"schema"`
	Kind     string   `json:"kind"`
	PlanHash string   `json:"plan_hash"`
	Manifest document `json:"manifest"`
	MaxNew   int      `json:"max_new"`
}

// plannedEntry is one customer of a saved plan.
type plannedEntry struct {
	Name     string            `json:"name"`
	Hash     string            `json:"hash"`
	Changes  jsontext.Value    `json:"changes"`
	Warnings jsontext.Value    `json:"warnings"`
	Error    *importer.Problem `json:"error"`
}

const (
	planKind   = "qpimport plan"
	planSchema = 2
)

// planLayout puts each value of a plan on a line of its own, for those who review it.
func planLayout(prefix string) []jsonv2.Options {
	return []jsonv2.Options{jsontext.Multiline(true), jsontext.WithIndentPrefix(prefix), jsontext.WithIndent(" ")}
}

// isPlanFile says whether a text is a saved plan.
func isPlanFile(text string) bool {
	var p struct{ Kind string }
	return strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &p) == nil && p.Kind == planKind
}

// planDigest makes the digest of a plan: SHA-256 over its head and its customers in
// their order, in one spelling (RFC 8785), so that what is applied is what was
// reviewed, however it was laid out since.
type planDigest struct{ customers hash.Hash }

func newPlanDigest() planDigest { return planDigest{sha256.New()} }

// add takes a customer in.
func (d planDigest) add(entry jsontext.Value) error {
	entry = entry.Clone()
	err := entry.Canonicalize()
	_, _ = fmt.Fprintf(d.customers, "%s\n", entry)
	return err
}

// of is the digest, in hex, of a head and the customers that were added.
func (d planDigest) of(head planHead) (string, error) {
	text, err := output.Marshal(head)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n%x\n", text, d.customers.Sum(nil))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// writePlanFile writes a plan that was kept at length.
func writePlanFile(path string, doc document, maxNew int, r *bulkResult) error {
	head := planHead{Schema: planSchema, Kind: planKind, PlanHash: r.PlanHash, Manifest: doc, MaxNew: maxNew}
	text, err := output.Marshal(head, planLayout("")...)
	if err != nil {
		return err
	}
	return output.ReplaceFile(path, func(file io.Writer) error {
		w := bufio.NewWriter(file) // keeps its first error for Flush
		_, _ = fmt.Fprintf(w, "%s,\n \"customers\": [", bytes.TrimSuffix(text, []byte("\n}")))
		digest, between := newPlanDigest(), ""
		for _, full := range r.full {
			entry, err := full.planned()
			if err != nil {
				return err
			}
			if err := digest.add(entry); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(w, "%s\n  %s", between, entry)
			between = ","
		}
		sum, err := digest.of(head)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "\n ],\n \"digest\": %q\n}\n", sum)
		return w.Flush()
	})
}

// planned is the part that a saved plan has of a customer.
func (p fullPlan) planned() (jsontext.Value, error) {
	text, err := p.Text()
	if err != nil {
		return nil, err
	}
	var entry plannedEntry
	if err := jsonv2.Unmarshal(text, &entry); err != nil {
		return nil, err
	}
	return output.Marshal(entry, planLayout("  ")...)
}

// savedPlan is what of a saved plan is needed to carry it out.
type savedPlan struct {
	planHead
	Digest  string                      `json:"digest"`
	planned map[string]importer.Planned // by customer; those that failed are left out
}

// readPlanFile reads a saved plan.
func (a *app) readPlanFile(ctx context.Context, path string) (savedPlan, error) {
	var p savedPlan
	err := input.With(ctx, a.in, path, func(name string, r io.Reader) error {
		read, digest, err := readPlan(r)
		malformed := errors.As(err, new(*jsontext.SyntacticError)) || errors.As(err, new(*jsonv2.SemanticError)) ||
			errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !malformed:
			return usage.Errorf("cannot read %s: %s", name, usage.Reason(err))
		case read.Kind != planKind:
			return usage.Hintf("a manifest is applied with -f", "%s is not a plan that `qpimport plan --out` wrote", name)
		case read.Schema != planSchema:
			return usage.Hintf("make a new plan", "%s was written by another version of this program", name)
		case malformed || digest != read.Digest:
			return &source.Error{Code: importer.CodeStale, Message: name + " was changed after it was made: nothing was applied",
				Hint: "change the manifest, make a new plan and review it"}
		}
		p = read
		return nil
	})
	if err != nil {
		return savedPlan{}, err // what was left behind may still write to p
	}
	return p, nil
}

// readPlan reads a saved plan, and what its digest has to be. With an error it has
// what was read before.
func readPlan(r io.Reader) (p savedPlan, digest string, err error) {
	p.planned = map[string]importer.Planned{}
	sum := newPlanDigest()
	d := jsontext.NewDecoder(r)
	if d.PeekKind() != jsontext.BeginObject.Kind() {
		return p, "", io.ErrUnexpectedEOF
	}
	_, err = d.ReadToken()
	for err == nil && d.PeekKind() != jsontext.EndObject.Kind() {
		var name jsontext.Value
		if name, err = d.ReadValue(); err != nil {
			break
		}
		if string(name) == `"customers"` {
			err = readEntries(d, func(entry plannedEntry, text jsontext.Value) error {
				p.planned[entry.Name] = entry.toCarryOut()
				return sum.add(text)
			})
			continue
		}
		member := append(append([]byte("{"), name...), ':')
		var value jsontext.Value
		if value, err = d.ReadValue(); err == nil {
			err = jsonv2.Unmarshal(append(append(member, value...), '}'), &p, jsonv2.RejectUnknownMembers(true))
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	if err == nil {
		if _, err = d.ReadToken(); errors.Is(err, io.EOF) {
			digest, err = sum.of(p.planHead)
		} else {
			err = io.ErrUnexpectedEOF // something follows
		}
	}
	return p, digest, err
}

// readEntries reads the customers of a saved plan one by one.
func readEntries(d *jsontext.Decoder, take func(plannedEntry, jsontext.Value) error) error {
	if d.PeekKind() != jsontext.BeginArray.Kind() {
		return io.ErrUnexpectedEOF
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == jsontext.BeginObject.Kind() {
		text, err := d.ReadValue()
		if err != nil {
			return err
		}
		var entry plannedEntry
		if err := jsonv2.Unmarshal(text, &entry); err != nil {
			return err
		}
		if err := take(entry, text); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// toCarryOut is what the application of a plan has to know of a customer.
func (e plannedEntry) toCarryOut() importer.Planned {
	p := importer.Planned{Hash: e.Hash}
	if e.Error != nil {
		p.Left = &importer.CustomerPlan{
			Name: e.Name, Changes: []importer.PlanChange{}, Warnings: []string{},
			Result: importer.PlanResult{Import: []importer.ImportResult{}, Match: []importer.MatchResult{}},
			Error:  e.Error, Err: errNotPlanned,
		}
	}
	return p
}
