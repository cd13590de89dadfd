//go:build !windows

package privatetest

import (
	"os"
	"testing"
)

func check(t testing.TB, path string) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
		return
	}
	want := os.FileMode(0o600)
	if info.IsDir() {
		want = os.ModeDir | 0o700
	}
	if info.Mode() != want {
		t.Errorf("%s: mode %v, want %v", path, info.Mode(), want)
	}
}

func open(path string) error { return os.Chmod(path, 0o644) }
