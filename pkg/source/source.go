// Package source is the vocabulary that directories, matching and the registry
// share: what a user, an OU and a connected directory are, and which errors a
// directory may answer with. It reads nothing itself; the adapters below it do.
package source

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Kind is the kind of a directory.
type Kind string

// The two kinds of directories.
const (
	AD   Kind = "ad"   // Active Directory
	M365 Kind = "m365" // Microsoft 365 / Entra ID
)

// ParseKind reads a kind as people spell it.
func ParseKind(s string) (Kind, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "ad", "activedirectory":
		return AD, nil
	case "m365", "o365", "entra", "entraid", "office365":
		return M365, nil
	}
	return "", fmt.Errorf("unknown directory %q: use ad or m365", s)
}

// String names the kind for people.
func (k Kind) String() string {
	if k == AD {
		return "Active Directory"
	}
	return "Microsoft 365"
}

// Flag is a yes or no that a directory may also leave open.
type Flag int8

// The three answers. Unknown is the zero value: nothing was read.
const (
	Unknown Flag = 0
	Yes     Flag = 1
	No      Flag = -1
)

// FlagOf makes a known answer.
func FlagOf(b bool) Flag {
	if b {
		return Yes
	}
	return No
}

// MarshalJSON writes true, false or null.
func (f Flag) MarshalJSON() ([]byte, error) {
	switch f {
	case Yes:
		return []byte("true"), nil
	case No:
		return []byte("false"), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads true, false or null.
func (f *Flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*f = Yes
	case "false":
		*f = No
	case "null":
		*f = Unknown
	default:
		return fmt.Errorf("want true, false or null, not %.20s", b)
	}
	return nil
}

// User is one user object as its directory gave it. Text is kept byte for
// byte; it is untrusted and must be cleaned where it is shown. The JSON form is
// the snapshot that the registry keeps, not what the program prints.
type User struct {
	Kind Kind `json:"kind"`
	// ID is AD's objectGUID or Microsoft 365's object id: lower-case, dashed.
	ID string `json:"id"`
	// DN is the distinguished name (AD only).
	DN string `json:"dn,omitempty"`
	// Username is AD's sAMAccountName; in Microsoft 365, where people sign in
	// with it, the user principal name.
	Username    string `json:"username,omitempty"`
	UPN         string `json:"upn,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	GivenName   string `json:"given_name,omitempty"`
	Surname     string `json:"surname,omitempty"`
	Initials    string `json:"initials,omitempty"`
	// Email is the one address that the directory calls primary: AD's mail, or
	// where that is empty the SMTP: value of proxyAddresses; Microsoft 365's mail.
	Email string `json:"email,omitempty"`
	// Addresses holds every proxyAddresses value as stored, with its prefix:
	// "SMTP:" marks the primary address, "smtp:" an alias.
	Addresses  []string `json:"addresses,omitempty"`
	Alias      string   `json:"alias,omitempty"` // mailNickname
	EmployeeID string   `json:"employee_id,omitempty"`
	Department string   `json:"department,omitempty"`
	Title      string   `json:"title,omitempty"`
	Company    string   `json:"company,omitempty"`
	Phone      string   `json:"phone,omitempty"`
	Mobile     string   `json:"mobile,omitempty"`

	// SID is objectSid, S-1-5-… (AD), or onPremisesSecurityIdentifier (m365).
	SID string `json:"sid,omitempty"`
	// SPN is one of the service principal names, "" for none: a service signs in as
	// this user (AD only).
	SPN string `json:"spn,omitempty"`
	// Privileges are the ways in which the user holds power over the directory, each
	// from the powerful group or role down to the one that he is in himself. They are
	// found by [GroupIndex.Privileges].
	Privileges [][]string `json:"privileges,omitempty"`
	// ConsistencyGUID is ms-DS-ConsistencyGuid as a dashed GUID (AD only).
	ConsistencyGUID string `json:"consistency_guid,omitempty"`
	// RecipientType is msExchRecipientTypeDetails, 0 where not set or not read. Of
	// Microsoft 365 only exports of Get-Mailbox have it.
	RecipientType int64 `json:"recipient_type,omitempty"`
	// NotPerson is why the object is nobody to import whatever else it says: one of
	// [SkipDeleted], [SkipService], [SkipTrust]; "" for a person.
	NotPerson string `json:"not_person,omitempty"`
	// PasswordLastSet is when the password was last set: AD's pwdLastSet, zero where
	// it must be changed; Microsoft 365's lastPasswordChangeDateTime.
	PasswordLastSet time.Time `json:"password_last_set,omitzero"`
	// AccountExpires is zero where the account never expires (AD only).
	AccountExpires time.Time `json:"account_expires,omitzero"`

	// ImmutableID is onPremisesImmutableId (m365 only).
	ImmutableID string `json:"immutable_id,omitempty"`
	// OnPremUsername is onPremisesSamAccountName (m365 only).
	OnPremUsername string `json:"on_prem_username,omitempty"`
	// Licences are the assigned licences: skuId, lower-case, or the name where an
	// export has names (m365 only).
	Licences []string `json:"licences,omitempty"`
	// Mailbox is what the mailbox was found to be, nil where nobody could or had to say
	// (m365 only).
	Mailbox *Mailbox `json:"mailbox,omitempty"`

	// What is small stands together: of a large directory there are many users.

	// Enabled says whether the user may sign in.
	Enabled Flag `json:"enabled"`
	// Critical is isCriticalSystemObject: Administrator, Guest, krbtgt (AD only).
	Critical bool `json:"critical,omitempty"`
	// AdminCount is adminCount=1: the user is or was in one of the groups that AD
	// protects (AD only).
	AdminCount bool `json:"admin_count,omitempty"`
	// PasswordNeverExpires is that bit of userAccountControl (AD only).
	PasswordNeverExpires bool `json:"password_never_expires,omitempty"`
	// Synced is onPremisesSyncEnabled: Yes synced now, No was once (m365 only).
	Synced Flag `json:"synced"`
	// Guest is userType Guest, or a UPN with #EXT# (m365 only).
	Guest bool `json:"guest,omitempty"`
	// Exchange says whether assignedPlans hold a usable Exchange plan; Unknown
	// where they were not read (m365 only).
	Exchange Flag `json:"exchange"`
	// Licensed says whether assignedLicenses hold anything; Unknown where they
	// were not read (m365 only).
	Licensed Flag `json:"licensed"`
	// PrimaryGroup is the RID of the primary group, 0 where it was not read. Nobody is
	// listed as a member of his primary group (AD only).
	PrimaryGroup uint32 `json:"primary_group,omitempty"`
}

// OU is the DN of the container that holds the user, "" where there is none.
func (u *User) OU() string { return ParentDN(u.DN) }

// HasMailbox says whether a Microsoft 365 user is taken for a mailbox: an
// address, and plans, or where those were not read licences, that do not speak
// against it. Guests carry an address of somebody else's mailbox.
func (u *User) HasMailbox() bool {
	if u.Kind != M365 || u.Guest || u.Email == "" {
		return false
	}
	if u.Exchange != Unknown {
		return u.Exchange == Yes
	}
	return u.Licensed != No
}

// Container is an object of AD that may hold users: an organizationalUnit, a
// container, a builtinDomain or the domain itself.
type Container struct {
	ID    string // objectGUID, lower-case, dashed; "" where an export has none
	DN    string
	Name  string
	Class string // objectClass, the leaf: organizationalUnit, container, builtinDomain, domainDNS
	// WellKnown is the GUID under which wellKnownObjects or otherWellKnownObjects
	// of the domain list the object: 32 upper-case hex digits, "" for none.
	WellKnown string
}

// Tree is what a domain holds users in.
type Tree struct {
	Root       string // DN of the domain
	Containers []Container
}

// Scope says which users are read, and how much of each.
type Scope struct {
	// Base is the DN of the container to read below; "" is the whole directory.
	Base string
	// Brief asks for ID, DN, Critical, RecipientType and NotPerson alone.
	Brief bool
	// Limit ends the read after as many users; 0 reads all. A limited read is a
	// look, never the whole truth.
	Limit int
}

// Directory is a connected source of users.
type Directory interface {
	// Users yields every user object of the scope once, in the directory's
	// order. The sequence was the whole truth only if it ended without yielding
	// an error; after an error nothing follows.
	Users(ctx context.Context, scope Scope) iter.Seq2[User, error]
	// Info says which directory this is.
	Info(ctx context.Context) (Info, error)
	Close() error
}

// As returns what a directory can do besides, be it wrapped in another one that
// has a method Unwrap.
func As[T any](dir Directory) (T, bool) {
	for {
		if can, ok := dir.(T); ok {
			return can, true
		}
		wrapped, ok := dir.(interface{ Unwrap() Directory })
		if !ok {
			var none T
			return none, false
		}
		dir = wrapped.Unwrap()
	}
}

// OULister is a [Directory] that keeps its users in OUs.
type OULister interface {
	// Tree reads the OUs and containers of the domain, and the domain itself.
	Tree(ctx context.Context) (Tree, error)
}

// Finder is a [Directory] that can be asked for one user, so that nobody is
// taken for gone because a read missed him.
type Finder interface {
	// Find returns the user with this id, in a form as [User.ID] has it, wherever
	// in the directory he is. Nil and no error say that the directory was asked and
	// has no such user: one that is in the trash, or was one and is something else
	// now, is none. Whatever else keeps the answer from being known is an error.
	Find(ctx context.Context, id string) (*User, error)
}

// IsID says whether a text has the form of a [User.ID].
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// CheckID is for whoever implements [Finder]: an id that is not in the form of
// [User.ID] must not reach a directory, which could take it for something else.
func CheckID(id string) error {
	if !IsID(id) {
		return &Error{Code: CodeUsage, Message: fmt.Sprintf("%.100q is not the id of a user", id)}
	}
	return nil
}

// Info identifies a directory.
type Info struct {
	Kind Kind `json:"source"`
	// ID stays the same for as long as it is the same directory: the domain's
	// SID, or the tenant's id; "" where an export does not say.
	ID string `json:"id"`
	// Name is the DNS name of the domain, or the display name of the tenant.
	Name string `json:"name"`
	// Server is the domain controller, the Graph endpoint or the file that answered.
	Server string `json:"server"`
	// Domains are the verified domains of a tenant.
	Domains []string `json:"domains,omitempty"`
	// Synced is organization.onPremisesSyncEnabled: whether AD Connect runs (m365).
	Synced Flag `json:"synced"`
	// LastSync is organization.onPremisesLastSyncDateTime (m365).
	LastSync time.Time `json:"last_sync,omitzero"`
	// AsOf is when an export was written; zero for a live directory.
	AsOf time.Time `json:"as_of,omitzero"`
	// Notes are remarks for people: a missing permission, a clock that is off, and
	// of an export what was guessed, is missing or was left out.
	Notes []string `json:"notes,omitempty"`
}

// Organization is a customer as another system knows it.
type Organization struct {
	System string // "itglue", "m365"
	ID     string
	Name   string
	Types  []string
	Status string
	// Primary marks the MSP's own organisation.
	Primary bool
	// Tenant is the id of its Microsoft 365 tenant, "" where the system does not know
	// it or knows several.
	Tenant string
	// Note is a remark for people, "" as a rule.
	Note string
}

// TenantSystem is the system whose ids are those of Microsoft 365 tenants.
const TenantSystem = string(M365)

// CanonicalID is a customer's id in another system as it is kept and compared. That
// of a tenant is one however its letters are written.
func CanonicalID(system, id string) string {
	if lower := strings.ToLower(id); system == TenantSystem && IsID(lower) {
		return lower
	}
	return id
}

// Secret is a password, key or token. It prints as [redacted] whatever the
// verb; only Reveal gives the value away.
type Secret struct{ value string }

// NewSecret keeps a secret.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value, to be handed to the protocol and nothing else.
func (s Secret) Reveal() string { return s.value }

const redacted = "[redacted]"

// String implements [fmt.Stringer].
func (Secret) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Secret) GoString() string { return redacted }

// Format implements [fmt.Formatter].
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
