package private

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"
)

// Exposed says who could put another file in the place of the one at path, which need
// not be there yet; nobody where its folder is not either.
func Exposed(path string) (Exposure, error) {
	var e Exposure
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return e, err
	}
	me := user.User.Sid.String()
	dir := filepath.Dir(path)
	owner, list, err := rightsAt(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, pathError("open", dir, err)
	}
	if !isTrusted(owner, me) {
		e.Owner = nameOfText(owner)
	}
	e.Writers = writers(me, list)
	if e.Writers != "" {
		e.Remedy = fmt.Sprintf(`icacls "%s" /inheritance:r /grant:r *%s:(OI)(CI)F`, dir, strings.Join([]string{me, system, administrators}, ":(OI)(CI)F *"))
	}
	for _, name := range beside(path) {
		if owner, _, err := rightsAt(name); err == nil && e.Owner == "" && !isTrusted(owner, me) {
			e.Owner = nameOfText(owner)
		}
	}
	if e.Owner != "" {
		e.Remedy = fmt.Sprintf(`icacls "%s" /setowner *%s /T`, dir, administrators)
	}
	return e, nil
}

// Who can take everything anyway.
const (
	system         = "S-1-5-18"
	administrators = "S-1-5-32-544"
	installer      = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" // TrustedInstaller
)

// isTrusted says whether a file may belong to an account: this one, those who can take
// everything anyway, and each domain's and computer's own Administrator.
func isTrusted(owner, me string) bool {
	return slices.Contains([]string{me, system, administrators, installer}, owner) ||
		strings.HasPrefix(owner, "S-1-5-21-") && strings.HasSuffix(owner, "-500")
}

// writers are the names of the others who may put files into a folder or take them
// away.
func writers(me string, list []entry) string {
	var names []string
	for _, e := range list {
		if e.replaces && !isTrusted(e.sid, me) && !slices.Contains(trusted, e.sid) && !slices.Contains(names, e.name) {
			names = append(names, e.name)
		}
	}
	return strings.Join(names, ", ")
}

// rightsAt are the owner of a file or folder and who is allowed what.
func rightsAt(path string) (owner string, list []entry, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", nil, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	h, err := windows.CreateFile(name, windows.READ_CONTROL, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return "", nil, err
	}
	owner, list, _, err = rights(h)
	return owner, list, errors.Join(err, windows.CloseHandle(h))
}

func nameOfText(sid string) string {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return sid
	}
	return nameOf(s)
}
