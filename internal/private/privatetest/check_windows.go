package privatetest

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	system         = "S-1-5-18"
	administrators = "S-1-5-32-544"
)

// check reads the access list back. Wine keeps a file's mode in its place: the
// Administrators and the closing to the folder's list cannot be seen there.
func check(t testing.TB, path string) {
	t.Helper()
	owner, got, closed, err := read(path)
	if err != nil {
		t.Error(err)
		return
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Error(err)
		return
	}
	if me := user.User.Sid.String(); owner != me {
		t.Errorf("%s: its owner is %s, want %s", path, owner, me)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
		return
	}
	flags := 0
	if info.IsDir() {
		flags = windows.OBJECT_INHERIT_ACE | windows.CONTAINER_INHERIT_ACE
	}
	var want []string
	for _, sid := range []string{owner, system, administrators} {
		if sid != administrators || !underWine() {
			want = append(want, fmt.Sprintf("%s may do 0x1f01ff, handed down 0x%x", sid, flags))
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if !slices.Equal(got, want) || !closed && !underWine() {
		t.Errorf("%s: closed %v, %q, want %q", path, closed, got, want)
	}
}

// read returns the owner, the entries of the access list, sorted, and whether it is
// closed to what the folder hands down.
func read(path string) (owner string, entries []string, closed bool, err error) {
	d, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", nil, false, err
	}
	sid, _, err := d.Owner()
	if err != nil {
		return "", nil, false, err
	}
	control, _, err := d.Control()
	if err != nil {
		return "", nil, false, err
	}
	list, _, err := d.DACL()
	if err != nil {
		return "", nil, false, err
	}
	for i := range uint32(list.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &ace); err != nil {
			return "", nil, false, err
		}
		entries = append(entries, fmt.Sprintf("%s may do 0x%x, handed down 0x%x", (*windows.SID)(unsafe.Pointer(&ace.SidStart)), ace.Mask, ace.Header.AceFlags))
	}
	slices.Sort(entries)
	return sid.String(), slices.Compact(entries), control&windows.SE_DACL_PROTECTED != 0, nil
}

func open(path string) error {
	d, err := windows.SecurityDescriptorFromString("D:(A;;FA;;;BA)(A;;FR;;;WD)")
	if err != nil {
		return err
	}
	list, _, err := d.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

func underWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}
