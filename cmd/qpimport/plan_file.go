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
	"io/fs"
	"strings"

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
	Changes  json.RawMessage   `json:"changes"`
	Warnings json.RawMessage   `json:"warnings"`
	Error    *importer.Problem `json:"error"`
}

const (
	planKind   = "qpimport plan"
	planSchema = 2
)

// isPlanFile says whether a text is a saved plan.
func isPlanFile(text string) bool {
	var p struct{ Kind string }
	return strings.HasPrefix(text, "{") && json.Unmarshal([]byte(text), &p) == nil && p.Kind == planKind
}

// planDigest makes the digest of a plan: SHA-256 over its head and its customers in
// their order, each in one spelling, so that what is applied is what was reviewed,
// however it was laid out since.
type planDigest struct{ customers hash.Hash }

func newPlanDigest() planDigest { return planDigest{sha256.New()} }

// add takes a customer in.
func (d planDigest) add(entry []byte) error {
	var plain any
	if err := json.Unmarshal(entry, &plain); err != nil {
		return err
	}
	return json.NewEncoder(d.customers).Encode(plain)
}

// of is the digest, in hex, of a head and the customers that were added.
func (d planDigest) of(head planHead) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%x\n", d.customers.Sum(nil))
	err := json.NewEncoder(sum).Encode(head)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// writePlanFile writes a plan that was kept at length, each value on a line of its
// own for those who review it.
func writePlanFile(path string, doc document, maxNew int, r *bulkResult) error {
	head := planHead{Schema: planSchema, Kind: planKind, PlanHash: r.PlanHash, Manifest: doc, MaxNew: maxNew}
	return output.ReplaceFile(path, func(file io.Writer) error {
		text, err := marshalPlain(head, "")
		if err != nil {
			return err
		}
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
func (p fullPlan) planned() ([]byte, error) {
	text, err := p.Text()
	if err != nil {
		return nil, err
	}
	var entry plannedEntry
	if err := json.Unmarshal(text, &entry); err != nil {
		return nil, err
	}
	return marshalPlain(entry, "  ")
}

// marshalPlain is JSON on several lines, all but the first behind a prefix.
func marshalPlain(v any, prefix string) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent(prefix, " ")
	err := enc.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
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
		switch {
		case errors.As(err, new(*fs.PathError)):
			return usage.Errorf("cannot read %s: %s", name, usage.Reason(err))
		case read.Kind != planKind:
			return usage.Hintf("a manifest is applied with -f", "%s is not a plan that `qpimport plan --out` wrote", name)
		case read.Schema != planSchema:
			return usage.Hintf("make a new plan", "%s was written by another version of this program", name)
		case err != nil || digest != read.Digest:
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

var errNoPlan = errors.New("not what a plan is made of")

// readPlan reads a saved plan, and what its digest has to be. With an error it has
// what was read before.
func readPlan(r io.Reader) (p savedPlan, digest string, err error) {
	p.planned = map[string]importer.Planned{}
	sum, seen := newPlanDigest(), map[string]bool{}
	d := json.NewDecoder(r)
	if err := expect(d, json.Delim('{')); err != nil {
		return p, "", err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return p, "", err
		}
		name, _ := token.(string)
		if seen[name] {
			return p, "", errNoPlan
		}
		seen[name] = true
		if name == "customers" {
			err = readEntries(d, func(entry plannedEntry, text []byte) error {
				p.planned[entry.Name] = entry.toCarryOut()
				return sum.add(text)
			})
		} else {
			err = p.readMember(d, name)
		}
		if err != nil {
			return p, "", err
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return p, "", err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, "", errNoPlan // something follows
	}
	digest, err = sum.of(p.planHead)
	return p, digest, err
}

// readMember reads a member other than the customers.
func (p *savedPlan) readMember(d *json.Decoder, name string) error {
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil {
		return err
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	return strict.Decode(p)
}

// readEntries reads the customers of a saved plan one by one.
func readEntries(d *json.Decoder, take func(plannedEntry, []byte) error) error {
	if err := expect(d, json.Delim('[')); err != nil {
		return err
	}
	for d.More() {
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return err
		}
		var entry plannedEntry
		if err := json.Unmarshal(text, &entry); err != nil {
			return err
		}
		if err := take(entry, text); err != nil {
			return err
		}
	}
	return expect(d, json.Delim(']'))
}

func expect(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = errNoPlan
	}
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
