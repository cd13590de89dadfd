// Package privatetest checks in tests that a file is for its owner alone.
package privatetest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Check fails the test unless only its owner may read the file or folder at path; on
// Windows SYSTEM and the Administrators too, and nothing is handed down to it.
func Check(t testing.TB, path string) {
	t.Helper()
	check(t, path)
}

// Open lets everybody read the file at path.
func Open(t testing.TB, path string) {
	t.Helper()
	if err := open(path); err != nil {
		t.Fatal(err)
	}
}

// TempDir is a new folder, gone after the test. [testing.T.TempDir] empties its own
// by a call that Wine 8 does not know.
func TempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "private")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var paths []string
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			paths = append(paths, path)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		for _, path := range slices.Backward(paths) {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	})
	return dir
}
