//go:build !windows

package gss

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// Anybody can put a cache where one is looked for by itself: it counts only where it
// belongs to who runs the program.
func TestCacheOfSomebodyElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	if err := ownCache(path); err != nil {
		t.Errorf("one that is not there: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ownCache(path); err != nil {
		t.Error(err)
	}
	if os.Getuid() != 0 {
		t.Skip("root alone can give files away")
	}
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	expect(t, ownCache(path), source.CodeCredentials, "belongs to another user")
}
