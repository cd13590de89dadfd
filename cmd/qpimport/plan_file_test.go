package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// savePlan writes a plan of customers with an account of each of some names.
func savePlan(t *testing.T, customers int, accounts ...string) string {
	t.Helper()
	var r bulkResult
	r.PlanHash = "hash"
	for i := range customers {
		p := importer.CustomerPlan{Name: "Customer " + strings.Repeat("i", i+1), Hash: "hash"}
		for _, name := range accounts {
			p.Changes = append(p.Changes, importer.PlanChange{Action: "create", What: "account " + name, After: map[string]any{"email": name + "@x.example", "n": 1.50}})
		}
		if i == 0 {
			p.Error = &importer.Problem{Code: "directory", Message: "unreachable"}
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		r.full = append(r.full, fullPlan{r.spool.Keep(text)})
	}
	defer r.spool.Close()
	path := filepath.Join(t.TempDir(), "customers.plan")
	if err := writePlanFile(path, document{Name: "customers.yaml", Text: "version: 1\n"}, 500, &r); err != nil {
		t.Fatal(err)
	}
	return path
}

func readSaved(t *testing.T, path string) (savedPlan, error) {
	t.Helper()
	return (&app{}).readPlanFile(t.Context(), path)
}

// TestLargePlan reads a plan that is larger than any list may be.
func TestLargePlan(t *testing.T) {
	path := savePlan(t, 20, strings.Repeat("x", 1<<20), strings.Repeat("y", 1<<20))
	if info, err := os.Stat(path); err != nil || info.Size() < 65<<20 {
		t.Fatalf("%v, %v", info, err)
	}
	p, err := readSaved(t, path)
	if err != nil || len(p.planned) != 20 || p.planned["Customer i"].Left == nil || p.planned["Customer ii"].Hash != "hash" || p.Manifest.Text != "version: 1\n" || p.MaxNew != 500 {
		t.Errorf("%d customers, %+v, %v", len(p.planned), p.planHead, err)
	}
}

// TestPlanLayout takes a plan that was laid out anew, and none that says anything
// else than what was reviewed.
func TestPlanLayout(t *testing.T) {
	path := savePlan(t, 3, "Ann", "Jos\u00e9 \u2028")
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(text []byte) error {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := readSaved(t, path)
		return err
	}
	var plain any // keys sorted, so that the head is behind the customers
	if err := json.Unmarshal(written, &plain); err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, written); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.MarshalIndent(plain, "\t", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"compact": compact.Bytes(), "sorted": sorted} {
		if err := read(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := bytes.TrimSpace(written)
	for n := 0; n < len(whole); n += 3 { // cut anywhere
		if err := read(whole[:n]); source.CodeOf(err) != importer.CodeStale && source.CodeOf(err) != "usage" {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for at, c := range whole { // a letter or digit changed anywhere
		if c >= 'a' && c <= 'y' || c >= '0' && c <= '8' {
			changed := bytes.Clone(whole)
			changed[at]++
			if err := read(changed); err == nil {
				t.Errorf("changed at %d: %s", at, changed[max(0, at-20):min(len(changed), at+20)])
			}
		}
	}
	for name, text := range map[string]string{
		"something behind": string(whole) + "{}", "customers twice": strings.Replace(string(whole), `"digest"`, `"customers": [], "digest"`, 1),
		"another member": strings.Replace(string(whole), `"digest"`, `"more": 1, "digest"`, 1), "customers no list": strings.Replace(string(whole), `"customers": [`, `"customers": {}, "c": [`, 1),
	} {
		if err := read([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
