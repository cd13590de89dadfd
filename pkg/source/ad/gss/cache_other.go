//go:build !windows

package gss

import (
	"fmt"
	"os"
	"syscall"
)

// defaultCache is where the credential cache of a user is whom KRB5CCNAME names none.
func defaultCache() string { return fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid()) }

// isMine says whether a file belongs to who runs the program.
func isMine(path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return true // which opening it tells
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(stat.Uid) == os.Getuid()
}
