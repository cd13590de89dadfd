//go:build soak

package importer

import "testing"

// TestSoakResets makes a thousand resets against a real domain controller and the
// fake of Graph, with a fault at each step in turn.
func TestSoakResets(t *testing.T) {
	hits := newResetBench(t, liveDomain(t)).run(1000)
	t.Logf("1000 resets, each side known each time; faults at %v", hits)
}
