//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestState runs the program as it is shipped against what can befall a state
// file. The soak does the same for longer.
func TestState(t *testing.T) {
	b := buildBinary(t)
	t.Run("eight writers", func(t *testing.T) { testWriters(t, b.fresh(t), 5) })
	r := newRig(t, b, 5000, false)
	t.Run("kill", func(t *testing.T) { t.Log(r.killAtRandom(t, 10)) })
	t.Run("reader", func(t *testing.T) { r.restore(t); testReader(t, r) })
	t.Run("full disk", func(t *testing.T) { t.Log(testFileLimit(t, newRig(t, b, 300, true), 24), "limits") })
	t.Run("damage", func(t *testing.T) { t.Log(testDamage(t, newRig(t, b, 100, false), 80)) })
	t.Run("secrets", func(t *testing.T) { testSecrets(t, b) })
}

// writers is how many processes write at once.
const writers = 8

// testWriters has eight processes make the state file at once, and then change
// one customer again and again: everybody succeeds, and nothing is lost.
func testWriters(t *testing.T, b binary, rounds int) {
	export := t.TempDir() + "/ad.ldif"
	writeExport(t, export, writers*rounds)
	atOnce(t, b, func(i int) []string { return []string{"customers", "create", fmt.Sprintf("Customer %d", i)} })
	if got := strings.Count(b.must(t, "customers", "-o", "jsonl"), "\n"); got != writers {
		t.Fatalf("%d customers, want %d", got, writers)
	}
	b.must(t, "customers", "set", "Customer 0", "--password-sync", "off")
	b.must(t, "directories", "connect", "ad", "-c", "Customer 0", "--file", export)
	for round := range rounds {
		atOnce(t, b, func(i int) []string {
			return []string{"import", "-c", "Customer 0", "--source", "ad", "--ou", staff, "--user", fmt.Sprintf("user%d", round*writers+i)}
		})
	}
	if got := b.accounts(t); got != writers*rounds {
		t.Errorf("%d accounts, want %d: an update was lost", got, writers*rounds)
	}
	b.must(t, "doctor")
}

// atOnce runs eight commands side by side; each must succeed.
func atOnce(t *testing.T, b binary, args func(i int) []string) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if status, _, errText := b.run(t, args(i)...); status != 0 {
				t.Errorf("%s: exit status %d: %s", strings.Join(args(i), " "), status, errText)
			}
		})
	}
	wg.Wait()
}

// testReader reads while an import writes: nobody or everybody.
func testReader(t *testing.T, r *rig) {
	c := r.command(importArgs()...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	reads := 0
	for running := true; running; reads++ {
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the import: %v", err)
			}
			running = false
		default:
		}
		if got := r.accounts(t); got != 0 && got != r.users {
			t.Fatalf("%d accounts: neither none nor all", got)
		}
	}
	if got := r.accounts(t); got != r.users || reads < 2 {
		t.Errorf("%d accounts after the import and %d reads, want %d", got, reads, r.users)
	}
}

// testFileLimit runs the import where files may grow only so far, from nothing
// to enough, a few pages more each time; it returns how many limits were too low.
func testFileLimit(t *testing.T, r *rig, pages int) int {
	const page = 4096
	for n := 0; ; n++ {
		limit := (n*pages + 1) * page
		if r.refused(t, r.limited(limit), fmt.Sprintf("files of %d bytes", limit)) {
			continue
		}
		return n
	}
}

// refused runs an import that may fail to write. Where it does, it must say so,
// name the file, and leave the state as it was; else the state is the one after.
// Either way the import can be run again at once.
func (r *rig) refused(t *testing.T, c *exec.Cmd, what string) bool {
	t.Helper()
	r.restore(t)
	var errText bytes.Buffer
	c.Stderr = &errText
	_ = c.Run() // the status is looked at below
	status := c.ProcessState.ExitCode()
	r.checkRefusal(t, status, errText.String(), what)
	if status != 0 {
		r.converges(t, what)
	}
	return status != 0
}

// checkRefusal wants an import to have succeeded, or to have been refused as it
// should, and the state to be the one after or before.
func (r *rig) checkRefusal(t *testing.T, status int, errText, what string) {
	t.Helper()
	if status != 0 && (status != 15 || !strings.Contains(errText, r.state()) || !strings.Contains(errText, `"code":"state_unwritable"`)) {
		t.Errorf("%s: exit status %d: %s", what, status, errText)
	}
	if after := r.settled(t, what); after != (status == 0) {
		t.Errorf("%s: exit status %d, but the state is the one after: %v", what, status, after)
	}
}
