package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// damage is what came of many damaged files.
type damage struct{ refused, harmless, within, found int }

func (d damage) String() string {
	return fmt.Sprintf("%d refused, %d harmless, %d changed a value alone, %d found by doctor", d.refused, d.harmless, d.within, d.found)
}

// testDamage turns over single bits of a state file: the program refuses the
// file as such, or lists the same accounts, or doctor finds the damage.
func testDamage(t *testing.T, r *rig, flips int) damage {
	r.must(t, importArgs()...)
	whole, err := os.ReadFile(r.state())
	if err != nil {
		t.Fatal(err)
	}
	status, want, errText := r.inProcess(t, "accounts", "-o", "jsonl")
	if status != 0 {
		t.Fatal(errText)
	}
	var d damage
	random := rand.New(rand.NewPCG(3, 4))
	const page = 4096
	for i := range flips {
		bit := random.IntN(len(whole) * 8)
		switch i % 4 {
		case 0:
			bit = random.IntN(len(whole)/page)*page*8 + random.IntN(12*8)
		case 1:
			bit = random.IntN(page * 8) // with the names of the tables
		}
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(r.state(), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		status, got, errText := r.inProcess(t, "accounts", "-o", "jsonl")
		switch {
		case status == 15:
			d.refused++
		case status != 0:
			t.Errorf("bit %d of byte %d: exit status %d: %s", bit%8, bit/8, status, errText)
		case got == want:
			d.harmless++
		case strings.Count(got, "\n") == r.users:
			d.within++
		default:
			if status, _, _ := r.inProcess(t, "doctor"); status != 15 {
				t.Errorf("bit %d of byte %d: %d accounts, and doctor ends with %d", bit%8, bit/8, strings.Count(got, "\n"), status)
			}
			d.found++
		}
	}
	return d
}

// inProcess runs a command without the cost of a process.
func (b binary) inProcess(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errText bytes.Buffer
	status := run(context.WithoutCancel(t.Context()), append(args, "--state", b.state()), streams{in: strings.NewReader(""), out: &out, err: &errText},
		func(string) string { return "" })
	return status, out.String(), errText.String()
}
