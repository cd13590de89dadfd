//go:build unix

package source

import (
	"path/filepath"
	"syscall"
	"testing"
)

// What is a pipe or has no end keeps nobody waiting.
func TestReadFileWithoutEnd(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(pipe, 4); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ReadFile("/dev/zero", 4); err == nil {
		t.Error("read to its end")
	}
}
