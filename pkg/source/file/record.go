package file

import (
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// attr is an attribute of Active Directory that this package looks at.
type attr int

const (
	none attr = iota
	objectGUID
	objectSID
	consistencyGUID
	proxyAddresses
	userAccountControl
	sAMAccountName
	sAMAccountType
	objectClass
	wellKnownObjects
	otherWellKnownObjects
	displayName
	mail
	enabled      // Get-ADUser's own: whether the user may sign in
	neverExpires // Get-ADUser's own, too
	primaryGroup
	adminCount
	servicePrincipal
	memberOf
	member
	groupType
	primaryGroupDN // Get-ADUser's own
	phone
	mobile
	employeeID
	pwdLastSet
	accountExpires
	recipientDetails
	isDeleted
	isRecycled
	critical
	firstOther
)

// isNumber says whether the values are digits that nobody can guess.
func (a attr) isNumber() bool {
	switch a {
	case userAccountControl, sAMAccountType, employeeID, pwdLastSet, accountExpires, recipientDetails, primaryGroup, adminCount, groupType:
		return true
	}
	return false
}

// isNames says whether the values are the names of groups or of who is in one.
func (a attr) isNames() bool { return a == memberOf || a == member }

// attrs knows attributes by name, as AD and as its tools spell it; names are
// compared in lower case.
type attrs map[string]attr

func newAttrs() attrs {
	a := attrs{
		"objectguid": objectGUID, "objectsid": objectSID, "ms-ds-consistencyguid": consistencyGUID,
		"proxyaddresses": proxyAddresses, "useraccountcontrol": userAccountControl,
		"samaccountname": sAMAccountName, "samaccounttype": sAMAccountType, "objectclass": objectClass,
		"wellknownobjects": wellKnownObjects, "otherwellknownobjects": otherWellKnownObjects,
		"displayname": displayName, "mail": mail, "enabled": enabled, "passwordneverexpires": neverExpires,
		"primarygroupid": primaryGroup, "admincount": adminCount, "serviceprincipalname": servicePrincipal,
		"memberof": memberOf, "member": member, "grouptype": groupType, "primarygroup": primaryGroupDN,
		"telephonenumber": phone, "mobile": mobile, "employeeid": employeeID, "pwdlastset": pwdLastSet,
		"accountexpires": accountExpires, "msexchrecipienttypedetails": recipientDetails,
		"isdeleted": isDeleted, "isrecycled": isRecycled, "iscriticalsystemobject": critical,
	}
	next := firstOther
	for _, name := range slices.Concat(adattr.UserAttributes(), adattr.ExportAttributes()) {
		if lower := strings.ToLower(name); a[lower] == none {
			a[lower] = next
			next++
		}
	}
	for _, row := range adNames() {
		for _, cell := range row[1:] {
			for _, alias := range strings.Split(cell, "|") {
				if alias = strings.ToLower(alias); a[alias] == none && alias != "" {
					a[alias] = a[strings.ToLower(row[0])]
				}
			}
		}
	}
	for _, name := range adattr.UserAttributes() {
		a[name] = a[strings.ToLower(name)] // the common spelling is found at once
	}
	return a
}

// find knows the attribute of a name in whatever case.
func (a attrs) find(name []byte) attr {
	if found, ok := a[string(name)]; ok {
		return found
	}
	var lower [32]byte
	if len(name) > len(lower) {
		return none
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return a[string(lower[:len(name)])]
}

// record is one object of an AD export, its values as LDAP has them. It is
// used again for the next object.
type record struct {
	line   int // where it begins
	dn     string
	attrs  attrs
	buf    []byte
	values []value
	lists  [][]byte // what get returned

	foreign bool // it has properties of Microsoft 365
	partial bool // not all of its members are there
}

type value struct {
	attr       attr
	start, end int // in buf
}

func (r *record) reset(line int) {
	r.line, r.dn, r.foreign, r.partial = line, "", false, false
	r.buf, r.values, r.lists = r.buf[:0], r.values[:0], r.lists[:0]
}

func (r *record) add(a attr, v []byte) {
	start := len(r.buf)
	r.buf = append(r.buf, v...)
	r.values = append(r.values, value{a, start, len(r.buf)})
}

// get returns the values of the attribute, valid until the next record.
func (r *record) get(name string) [][]byte { return r.all(r.attrs.find([]byte(name))) }

func (r *record) all(a attr) [][]byte {
	start := len(r.lists)
	for _, v := range r.values {
		if v.attr == a {
			r.lists = append(r.lists, r.buf[v.start:v.end])
		}
	}
	return r.lists[start:len(r.lists):len(r.lists)]
}

func (r *record) first(a attr) []byte {
	for _, v := range r.values {
		if v.attr == a {
			return r.buf[v.start:v.end]
		}
	}
	return nil
}

// name is what the object is called in errors.
func (r *record) name() string {
	if r.dn != "" {
		return strconv.Quote(r.dn)
	}
	return strconv.Quote(string(r.first(sAMAccountName)))
}

// checkID refuses a record without objectGUID, in formats that hold nothing but
// objects with one.
func (r *record) checkID(in *input) error {
	if r.first(objectGUID) == nil && r.foreign {
		return in.otherDirectory(r.line)
	}
	if r.first(objectGUID) == nil {
		return in.damaged(r.line, "the object %s has no objectGUID", r.name())
	}
	return nil
}

// check refuses a record whose name no directory would have, or of which it
// cannot be told whether it is a user.
func (r *record) check(in *input) error {
	if strings.HasSuffix(r.dn, "...") || strings.HasSuffix(r.dn, "…") {
		return in.damaged(r.line, "the distinguished name %s is cut, as for a screen", r.name())
	}
	if len(r.dn) > maxDN {
		return in.damaged(r.line, "a distinguished name of %d bytes", len(r.dn))
	}
	if t := r.first(sAMAccountType); t != nil {
		if _, err := strconv.ParseInt(string(t), 10, 64); err != nil {
			return in.damaged(r.line, "the sAMAccountType of the object %s is no number but %.60q", r.name(), t)
		}
	}
	return nil
}

// normalAccount is the bit ADS_UF_NORMAL_ACCOUNT of userAccountControl, from
// which AD makes the sAMAccountType of a user object.
const normalAccount = 0x200

// trustAccount is the bit ADS_UF_INTERDOMAIN_TRUST_ACCOUNT.
const trustAccount = 0x800

// isManagedService says whether the object is one of the accounts whose password
// AD changes itself; they are listed as what they are, and never imported.
func (r *record) isManagedService() bool { return adattr.IsManagedService(r.all(objectClass)) }

// isUser says whether the object is a user object. An export may leave out what
// says so; then the next best attribute decides. An object of which nothing
// tells is taken for a user, for lists of users need not say what they are; but
// not a bare DN, which is all that AD shows of an object that may not be read.
// Managed service accounts and trusts count, for they are told apart later.
func (r *record) isUser() bool {
	if len(r.values) == 0 {
		return false
	}
	if t := r.first(sAMAccountType); t != nil {
		return string(t) == adattr.UserType || string(t) == adattr.TrustType || r.isManagedService()
	}
	if uac := r.first(userAccountControl); uac != nil {
		bits, err := strconv.ParseInt(string(uac), 10, 64)
		// What is no number is complained of later.
		return err != nil || bits&(normalAccount|trustAccount) != 0 || r.isManagedService()
	}
	if r.isManagedService() {
		return true
	}
	user, classes := false, false
	for _, v := range r.values {
		if v.attr != objectClass {
			continue
		}
		classes = true
		switch strings.ToLower(string(r.buf[v.start:v.end])) {
		case "user", "inetorgperson":
			user = true
		case "computer":
			return false
		}
	}
	return user || !classes
}
