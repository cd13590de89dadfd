package private

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Who may always read: SYSTEM, the Administrators, and the owner by that name. They
// can take everything anyway.
var trusted = []string{system, administrators, "S-1-3-4"}

// accessList is the list of the owner, SYSTEM and the Administrators, as text (SDDL).
// P closes it to what the folder hands down.
func accessList(owner, flags string) string {
	return fmt.Sprintf("D:P(A;%[2]s;FA;;;%[1]s)(A;%[2]s;FA;;;SY)(A;%[2]s;FA;;;BA)", owner, flags)
}

// attributes are those of a new file or folder. Its owner is the account that runs:
// without that being said it would be the Administrators, for a process of theirs.
func attributes(flags string) (*windows.SecurityAttributes, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	owner := user.User.Sid.String()
	descriptor, err := windows.SecurityDescriptorFromString("O:" + owner + accessList(owner, flags))
	if err != nil {
		return nil, err
	}
	a := windows.SecurityAttributes{SecurityDescriptor: descriptor}
	a.Length = uint32(unsafe.Sizeof(a))
	return &a, nil
}

func mkdir(path string) error {
	err := func() error {
		a, err := attributes("OICI") // what is made in it is closed likewise
		if err != nil {
			return err
		}
		name, err := windows.UTF16PtrFromString(path)
		if err != nil {
			return err
		}
		return windows.CreateDirectory(name, a)
	}()
	return pathError("mkdir", path, err)
}

// Create makes a file, to be read and written, that must not be there yet.
func Create(path string) (*os.File, error) {
	a, err := attributes("")
	if err != nil {
		return nil, pathError("open", path, err)
	}
	h, err := open(path, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, a, windows.CREATE_NEW)
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(h), path), nil
}

// Append opens a file to be written to at its end, whoever else does so, and though it
// is renamed. What is there already is as open to others as it was.
func Append(path string) (*os.File, error) {
	a, err := attributes("")
	if err != nil {
		return nil, pathError("open", path, err)
	}
	// Without the right to write elsewhere each write goes to the end.
	h, err := open(path, windows.FILE_APPEND_DATA|windows.FILE_READ_ATTRIBUTES|windows.SYNCHRONIZE, windows.FILE_SHARE_DELETE, a, windows.OPEN_ALWAYS)
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(h), path), nil
}

func open(path string, access, share uint32, a *windows.SecurityAttributes, mode uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, access, share|windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, a, mode, windows.FILE_ATTRIBUTE_NORMAL, 0)
}

// CreateTemp makes a file under a name of its own, as [os.CreateTemp] does.
func CreateTemp(dir, pattern string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	before, after := pattern, ""
	if i := strings.LastIndexByte(pattern, '*'); i >= 0 {
		before, after = pattern[:i], pattern[i+1:]
	}
	for {
		f, err := Create(filepath.Join(dir, before+strconv.FormatUint(rand.Uint64(), 36)+after))
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Restrict closes a file to all but its owner.
func Restrict(path string) error {
	var owner string
	var list []entry
	var closed bool
	use := func(access uint32, do func(windows.Handle) error) error {
		h, err := open(path, access, 0, nil, windows.OPEN_EXISTING)
		if err != nil {
			return err
		}
		return errors.Join(do(h), windows.CloseHandle(h))
	}
	read := func(h windows.Handle) (err error) {
		owner, list, closed, err = rights(h)
		return err
	}
	err := use(windows.READ_CONTROL, read)
	if err == nil && !(closed && len(others(owner, list)) == 0) {
		err = use(windows.READ_CONTROL|windows.WRITE_DAC, func(h windows.Handle) error {
			return errors.Join(setList(h, owner), read(h))
		})
		if err == nil && readers(owner, list) != "" {
			err = errors.New("the file system keeps no access list")
		}
	}
	return pathError("restrict", path, err)
}

// setList sets the access list as it is. SetSecurityInfo would have a look at the
// folder's first, and under Wine add that.
func setList(h windows.Handle, owner string) error {
	descriptor, err := windows.SecurityDescriptorFromString(accessList(owner, ""))
	if err != nil {
		return err
	}
	return windows.SetKernelObjectSecurity(h, windows.DACL_SECURITY_INFORMATION, descriptor)
}

// entry is one line of an access list that allows something.
type entry struct {
	sid   string // "" for one of a form that cannot be read
	name  string
	reads bool
	// replaces is the right to put files into a folder, to take them away, or to take
	// that right.
	replaces bool
}

// rights are the owner of an open file, who is allowed what, and whether the list
// is closed to what the folder hands down.
func rights(h windows.Handle) (owner string, list []entry, closed bool, err error) {
	descriptor, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", nil, false, err
	}
	sid, _, err := descriptor.Owner()
	if err != nil {
		return "", nil, false, err
	}
	control, _, err := descriptor.Control()
	if err != nil {
		return "", nil, false, err
	}
	acl, _, err := descriptor.DACL()
	if err != nil || acl == nil { // without a list all are allowed everything
		return sid.String(), []entry{{"S-1-1-0", "everybody", true, true}}, false, nil
	}
	const objectType, callbackType = 5, 9 // of these the place of the SID differs
	const readData = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	const addFile, addFolder, deleteChild = 0x2, 0x4, 0x40
	const replace = addFile | addFolder | deleteChild | windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL
	for i := range uint32(acl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(acl, i, &ace); err != nil {
			return "", nil, false, err
		}
		if ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		reads, replaces := ace.Mask&readData != 0, ace.Mask&replace != 0
		switch ace.Header.AceType {
		case windows.ACCESS_ALLOWED_ACE_TYPE:
			s := (*windows.SID)(unsafe.Pointer(&ace.SidStart))
			list = append(list, entry{s.String(), nameOf(s), reads, replaces})
		case objectType, callbackType, objectType + 6: // 11: both
			list = append(list, entry{"", "others", reads, replaces})
		}
	}
	return sid.String(), list, control&windows.SE_DACL_PROTECTED != 0, nil
}

// others are the entries of neither the owner nor those that are trusted anyway.
func others(owner string, list []entry) []entry {
	return slices.DeleteFunc(slices.Clone(list), func(e entry) bool { return e.sid == owner || slices.Contains(trusted, e.sid) })
}

func nameOf(sid *windows.SID) string {
	account, domain, _, err := sid.LookupAccount("")
	if err != nil {
		return sid.String()
	}
	return strings.TrimPrefix(domain+`\`+account, `\`)
}

// Readers says in words who else than the owner may read an open file, and the
// command that closes it to them; "" for nobody, and for what is no file on disk.
func Readers(f *os.File) (who, remedy string) {
	owner, list, _, err := rights(windows.Handle(f.Fd()))
	if err != nil {
		return "", ""
	}
	if who = readers(owner, list); who != "" {
		remedy = fmt.Sprintf(`icacls "%s" /inheritance:r /grant:r *%s:F`, f.Name(), strings.Join(trusted, ":F *"))
	}
	return who, remedy
}

// readers are the names of the others who may read.
func readers(owner string, list []entry) string {
	var names []string
	for _, e := range others(owner, list) {
		if e.reads && !slices.Contains(names, e.name) {
			names = append(names, e.name)
		}
	}
	return strings.Join(names, ", ")
}

func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}
