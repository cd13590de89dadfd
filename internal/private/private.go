// Package private keeps files for their owner alone. Elsewhere than on Windows that
// is the mode 0600, for folders 0700. On Windows a mode says nothing, and a new file
// takes over from its folder who may read it: below %ProgramData% every user. There
// it is an access list of the owner, SYSTEM and the Administrators, closed to what
// the folder hands down.
package private

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MkdirAll makes a folder, and those above it that are missing. What is there
// already stays as it is.
func MkdirAll(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return nil
	}
	if err == nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	}
	if above := filepath.Dir(path); above != path {
		if err := MkdirAll(above); err != nil {
			return err
		}
	}
	if err := mkdir(path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil // another process was faster
}
