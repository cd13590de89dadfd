// Package adattr turns the attributes of Active Directory objects into values:
// users, GUIDs, SIDs and times. LDAP and files of exports share it, so that a
// user is the same whichever way it was read.
package adattr

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// UserType is the sAMAccountType of user objects: people and services, but not
// computers, trusts or contacts.
const UserType = "805306368"

// UserAttributes lists the attributes that [FromAttributes] reads.
func UserAttributes() []string {
	return []string{
		"objectGUID", "objectSid", "ms-DS-ConsistencyGuid",
		"sAMAccountName", "userPrincipalName", "displayName", "givenName", "sn", "initials",
		"mail", "proxyAddresses", "mailNickname",
		"employeeID", "department", "title", "company", "telephoneNumber", "mobile",
		"userAccountControl", "isCriticalSystemObject", "pwdLastSet", "accountExpires",
		"msExchRecipientTypeDetails", "primaryGroupID", "adminCount", "servicePrincipalName",
	}
}

// ExportAttributes lists what [FromAttributes] reads besides: it tells objects
// apart that a search over LDAP does not find at all, but that an export may hold.
func ExportAttributes() []string {
	return []string{"isDeleted", "isRecycled", "objectClass", "sAMAccountType"}
}

// BriefAttributes lists those that a brief read needs, the DN apart.
func BriefAttributes() []string {
	return []string{"objectGUID", "isCriticalSystemObject", "msExchRecipientTypeDetails"}
}

// The bits of userAccountControl that are looked at.
const (
	disabled     = 0x2     // ADS_UF_ACCOUNTDISABLE
	trustAccount = 0x800   // ADS_UF_INTERDOMAIN_TRUST_ACCOUNT
	neverExpires = 0x10000 // ADS_UF_DONT_EXPIRE_PASSWD
)

// TrustType is the sAMAccountType of accounts that stand for another domain.
const TrustType = "805306370"

// FromAttributes makes a user of the raw attribute values that get returns by
// name, nil for an attribute that is not there. Text is kept byte for byte, but
// for the blanks and the prefix smtp: round mail. An absent userAccountControl
// leaves Enabled unknown. An objectGUID that is
// missing or malformed, and any other value that is not what its syntax asks
// for, is a [source.Error] with CodeIncomplete that names the DN.
func FromAttributes(dn string, get func(name string) [][]byte) (source.User, error) {
	first := func(name string) string {
		if values := get(name); len(values) > 0 {
			return string(values[0])
		}
		return ""
	}
	u := source.User{
		Kind:        source.AD,
		DN:          dn,
		Username:    first("sAMAccountName"),
		UPN:         first("userPrincipalName"),
		DisplayName: first("displayName"),
		GivenName:   first("givenName"),
		Surname:     first("sn"),
		Initials:    first("initials"),
		Email:       Address(first("mail")),
		Alias:       first("mailNickname"),
		EmployeeID:  first("employeeID"),
		Department:  first("department"),
		Title:       first("title"),
		Company:     first("company"),
		Phone:       first("telephoneNumber"),
		Mobile:      first("mobile"),
		Critical:    strings.EqualFold(first("isCriticalSystemObject"), "TRUE"),
	}
	for _, a := range get("proxyAddresses") {
		u.Addresses = append(u.Addresses, string(a))
	}
	if u.Email == "" {
		u.Email = PrimaryAddress(u.Addresses)
	}

	var err error
	if u.ID, err = GUID([]byte(first("objectGUID"))); err != nil {
		return source.User{}, damaged(dn, "objectGUID", err)
	}
	if sid := first("objectSid"); sid != "" {
		if u.SID, err = SID([]byte(sid)); err != nil {
			return source.User{}, damaged(dn, "objectSid", err)
		}
	}
	// Anchors of other lengths are legal and belong to other tools.
	if anchor := first("ms-DS-ConsistencyGuid"); len(anchor) == 16 {
		u.ConsistencyGUID, _ = GUID([]byte(anchor))
	}
	var bits int64
	if uac := first("userAccountControl"); uac != "" {
		if bits, err = strconv.ParseInt(uac, 10, 64); err != nil {
			return source.User{}, damaged(dn, "userAccountControl", fmt.Errorf("%.40q is not a number", uac))
		}
		u.Enabled = source.FlagOf(bits&disabled == 0)
		u.PasswordNeverExpires = bits&neverExpires != 0
	}
	switch {
	case strings.EqualFold(first("isDeleted"), "TRUE"), strings.EqualFold(first("isRecycled"), "TRUE"):
		u.NotPerson = source.SkipDeleted
	case IsManagedService(get("objectClass")):
		u.NotPerson = source.SkipService
	case bits&trustAccount != 0, first("sAMAccountType") == TrustType:
		u.NotPerson = source.SkipTrust
	}
	if t := first("msExchRecipientTypeDetails"); t != "" {
		if u.RecipientType, err = strconv.ParseInt(t, 10, 64); err != nil {
			return source.User{}, damaged(dn, "msExchRecipientTypeDetails", fmt.Errorf("%.40q is not a number", t))
		}
	}
	if rid := first("primaryGroupID"); rid != "" {
		n, err := strconv.ParseUint(rid, 10, 32)
		if err != nil {
			return source.User{}, damaged(dn, "primaryGroupID", fmt.Errorf("%.40q is not a number of 32 bits", rid))
		}
		u.PrimaryGroup = uint32(n)
	}
	if count := first("adminCount"); count != "" {
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return source.User{}, damaged(dn, "adminCount", fmt.Errorf("%.40q is not a number", count))
		}
		u.AdminCount = n != 0
	}
	// The least of them: a server may give them in another order each time.
	if names := get("servicePrincipalName"); len(names) > 0 {
		u.SPN = string(slices.MinFunc(names, bytes.Compare))
	}
	if u.PasswordLastSet, err = FileTime(first("pwdLastSet")); err != nil {
		return source.User{}, damaged(dn, "pwdLastSet", err)
	}
	if u.AccountExpires, err = FileTime(first("accountExpires")); err != nil {
		return source.User{}, damaged(dn, "accountExpires", err)
	}
	return u, nil
}

func damaged(dn, attribute string, err error) error {
	return &source.Error{
		Code:    source.CodeIncomplete,
		Message: fmt.Sprintf("%s of %q", attribute, dn),
		Hint:    "the account that reads needs the right to read this attribute; if it has it, the answer or export is damaged: read it again",
		Err:     err,
	}
}

// IsManagedService knows the accounts whose password AD changes itself: group,
// standalone and delegated managed service accounts.
func IsManagedService(classes [][]byte) bool {
	for _, c := range classes {
		if len(c) < 20 || c[4] != '-' {
			continue
		}
		switch strings.ToLower(string(c)) {
		case "msds-groupmanagedserviceaccount", "msds-managedserviceaccount", "msds-delegatedmanagedserviceaccount":
			return true
		}
	}
	return false
}

// Address takes the blanks round an address away, and the prefix SMTP: in any case.
func Address(s string) string {
	s = strings.TrimSpace(s)
	if isSMTP(s) {
		s = strings.TrimSpace(s[len("smtp:"):])
	}
	return s
}

func isSMTP(s string) bool {
	return len(s) >= len("smtp:") && strings.EqualFold(s[:len("smtp:")], "smtp:")
}

// PrimaryAddress is the one value with the prefix SMTP:, without it, or the only
// one where a tool wrote that prefix in another case. More than one is an error in
// the directory's data; none of them is then taken.
func PrimaryAddress(addresses []string) string {
	var primary, others []string
	for _, a := range addresses {
		switch a = strings.TrimSpace(a); {
		case strings.HasPrefix(a, "SMTP:"):
			primary = append(primary, Address(a))
		case isSMTP(a):
			others = append(others, Address(a))
		}
	}
	switch {
	case len(primary) == 1:
		return primary[0]
	case len(primary) == 0 && len(others) == 1:
		return others[0]
	}
	return ""
}

// GUID writes the 16 bytes of an objectGUID as text, lower-case and dashed. The
// first three groups are stored little-endian.
func GUID(b []byte) (string, error) {
	if len(b) == 0 {
		return "", fmt.Errorf("no GUID")
	}
	if len(b) != 16 {
		return "", fmt.Errorf("a GUID of %d bytes instead of 16", len(b))
	}
	g := [16]byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]}
	copy(g[8:], b[8:])
	h := hex.EncodeToString(g[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}

// SID writes a binary security identifier as S-1-5-…
func SID(b []byte) (string, error) {
	if len(b) < 8 {
		return "", fmt.Errorf("a SID of %d bytes is too short", len(b))
	}
	count := int(b[1])
	if b[0] != 1 || count > 15 || len(b) != 8+4*count {
		return "", fmt.Errorf("a SID of revision %d with %d parts in %d bytes", b[0], count, len(b))
	}
	authority := uint64(binary.BigEndian.Uint16(b[2:]))<<32 | uint64(binary.BigEndian.Uint32(b[4:]))
	s := "S-1-" + strconv.FormatUint(authority, 10)
	for i := range count {
		s += "-" + strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return s, nil
}

// GUIDBytes are the 16 bytes of a GUID that is written dashed.
func GUIDBytes(text string) ([]byte, error) {
	g := strings.Split(text, "-")
	b, err := hex.DecodeString(strings.Join(g, ""))
	if err != nil || len(b) != 16 || len(g) != 5 || len(g[0]) != 8 || len(g[1]) != 4 || len(g[2]) != 4 || len(g[3]) != 4 {
		return nil, fmt.Errorf("%.60q is no GUID", text)
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return b, nil
}

// SIDBytes are the bytes of a security identifier that is written S-1-5-…
func SIDBytes(text string) ([]byte, error) {
	parts := strings.Split(text, "-")
	bad := fmt.Errorf("%.60q is no SID", text)
	if len(parts) < 3 || len(parts) > 3+15 || !strings.EqualFold(parts[0], "S") || parts[1] != "1" {
		return nil, bad
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, bad
	}
	b := binary.BigEndian.AppendUint64(nil, authority)
	b[0], b[1] = 1, byte(len(parts)-3)
	for _, p := range parts[3:] {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil {
			return nil, bad
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b, nil
}

// The distance of 1601 from 1970, and the end of the years that RFC 3339 can
// write, in seconds since 1970.
const (
	epoch1601 = 11644473600
	year10000 = 253402300800
)

// FileTime reads a FILETIME, 100 ns since 1601 in UTC. The zero time stands for
// never: "", 0, and what lies beyond the year 9999, as AD's own
// 9223372036854775807 does.
func FileTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	ticks, err := strconv.ParseInt(s, 10, 64)
	if err != nil || ticks < 0 {
		return time.Time{}, fmt.Errorf("%.40q is not a FILETIME", s)
	}
	seconds := ticks/1e7 - epoch1601
	if ticks == 0 || seconds >= year10000 {
		return time.Time{}, nil
	}
	return time.Unix(seconds, ticks%1e7*100).UTC(), nil
}

// ParseWellKnown reads a value of wellKnownObjects, B:32:GUID:DN. The GUID is
// 32 upper-case hex digits.
func ParseWellKnown(s string) (guid, dn string, err error) {
	rest, ok := strings.CutPrefix(s, "B:32:")
	if !ok || len(rest) < 33 || rest[32] != ':' {
		return "", "", fmt.Errorf("%.80q is not B:32:GUID:DN", s)
	}
	guid, dn = strings.ToUpper(rest[:32]), rest[33:]
	if _, err := hex.DecodeString(guid); err != nil || dn == "" {
		return "", "", fmt.Errorf("%.80q is not B:32:GUID:DN", s)
	}
	return guid, dn, nil
}

// containerClasses are the classes that tell what a container is, the most
// telling first: OUs and domains carry more than one.
var containerClasses = []string{"organizationalUnit", "builtinDomain", "domainDNS", "container"}

// LeafClass picks from the values of objectClass the one that says what a
// container is; the last value, as AD orders them, for any other object.
func LeafClass(classes []string) string {
	for _, want := range containerClasses {
		for _, c := range classes {
			if strings.EqualFold(c, want) {
				return want
			}
		}
	}
	if len(classes) == 0 {
		return ""
	}
	return classes[len(classes)-1]
}
