//go:build !windows

package private

import (
	"fmt"
	"os"
)

func mkdir(path string) error { return os.Mkdir(path, 0o700) }

// Create makes a file, to be read and written, that must not be there yet.
func Create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

// Append opens a file to be written to at its end, whoever else does so. What is there
// already is as open to others as it was.
func Append(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// CreateTemp makes a file under a name of its own, as [os.CreateTemp] does.
func CreateTemp(dir, pattern string) (*os.File, error) { return os.CreateTemp(dir, pattern) }

// Restrict closes a file to all but its owner.
func Restrict(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	return os.Chmod(path, 0o600)
}

// Readers says in words who else than the owner may read an open file, and the
// command that closes it to them; "" for nobody, and for what is no file on disk.
func Readers(f *os.File) (who, remedy string) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return "", ""
	}
	return fmt.Sprintf("others than its owner (mode %04o)", info.Mode().Perm()), "chmod 600 " + f.Name()
}
