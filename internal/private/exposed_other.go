//go:build !windows

package private

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Exposed says who could put another file in the place of the one at path, which need
// not be there yet; nobody where its folder is not either.
func Exposed(path string) (Exposure, error) {
	var e Exposure
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	me := os.Geteuid()
	e.Owner = strangerOf(info, me)
	gid, writable := groupOf(info), info.Mode().Perm()
	switch {
	case writable&0o002 != 0:
		e.Writers, e.Remedy = "everybody", "chmod o-w "+dir
	case writable&0o020 != 0 && gid != os.Getegid():
		e.Writers, e.Remedy = "the group "+groupName(gid), "chmod g-w "+dir
	}
	for _, name := range beside(path) {
		if info, err := os.Lstat(name); err == nil && e.Owner == "" {
			e.Owner = strangerOf(info, me)
		}
	}
	if e.Owner != "" {
		e.Remedy = "chown -R " + strconv.Itoa(me) + " " + dir
	}
	return e, nil
}

// strangerOf names the owner of a file who is neither this account nor root.
func strangerOf(info fs.FileInfo, me int) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 || int(stat.Uid) == me {
		return ""
	}
	id := strconv.FormatUint(uint64(stat.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "the user " + id
}

func groupOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid)
	}
	return -1
}

func groupName(gid int) string {
	id := strconv.Itoa(gid)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
