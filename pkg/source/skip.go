package source

import (
	"slices"
	"strings"
)

// The reasons for which a user is not taken with all the others.
const (
	SkipSystem      = "system_object"           // isCriticalSystemObject
	SkipConflict    = "replication_conflict"    // a CNF: copy that AD left behind
	SkipDeleted     = "deleted"                 // in the recycle bin of AD or of Entra ID
	SkipExchange    = "exchange_mailbox"        // one of Exchange's own: monitoring, arbitration, discovery…
	SkipService     = "managed_service_account" // its password is AD's own affair
	SkipTrust       = "trust_account"           // it stands for another domain
	SkipPrivileged  = "privileged"              // power over the directory: see [User.Privileges]
	SkipServiceUser = "service_account"         // a service signs in as this user
	SkipShared      = "shared_mailbox"
	SkipRoom        = "room_mailbox"
	SkipEquipment   = "equipment_mailbox"
	SkipDisabled    = "disabled"
	SkipGuest       = "guest"
	SkipNoMailbox   = "no_mailbox"
)

// NeverImported says whether a reason holds even for a user who is asked for by
// name: the object is no person, or no more.
func NeverImported(reason string) bool {
	switch reason {
	case SkipSystem, SkipConflict, SkipDeleted, SkipExchange, SkipService, SkipTrust:
		return true
	}
	return false
}

// SkipReason says why the user is left out of "all" and of automatic matching;
// "" where it is not. Reasons that were lifted do not count.
func (u *User) SkipReason(lifted ...string) string {
	dn := strings.ToUpper(u.DN)
	class := u.Class()
	for _, r := range []struct {
		holds  bool
		reason string
	}{
		{u.Critical, SkipSystem},
		{u.NotPerson != "", u.NotPerson},
		{strings.Contains(dn, `\0ADEL:`) || strings.Contains(dn, ",CN=DELETED OBJECTS,DC="), SkipDeleted},
		{strings.Contains(dn, `\0ACNF:`), SkipConflict}, // behind a line feed, which a DN writes as \0A
		{class == MailboxExchange, SkipExchange},
		{class == MailboxShared, SkipShared},
		{class == MailboxRoom, SkipRoom},
		{class == MailboxEquipment, SkipEquipment},
		{len(u.Privileges) > 0, SkipPrivileged},
		{u.Service() != "", SkipServiceUser},
		{u.Guest, SkipGuest},
		{u.Enabled == No, SkipDisabled},
		{u.Kind == M365 && !u.HasMailbox(), SkipNoMailbox},
	} {
		if r.holds && !slices.Contains(lifted, r.reason) {
			return r.reason
		}
	}
	return ""
}

// Service says why the user is taken for one that a service signs in as, in words;
// "" where it is not.
func (u *User) Service() string {
	switch {
	case u.Kind != AD:
		return ""
	case u.SPN != "":
		return "service principal name " + u.SPN
	case u.PasswordNeverExpires && u.hasServiceName():
		return "password never expires, and a service's name"
	}
	return ""
}

// hasServiceName knows the logon names that administrators give to services: svc, srv
// or service as the first of several parts, svc as the last, or svc before the rest of
// a word, unless that is a person's: Sven Vincent Carlsson is svcarlsson.
func (u *User) hasServiceName() bool {
	parts := strings.FieldsFunc(strings.ToLower(u.Username), func(r rune) bool { return strings.ContainsRune("-_.$ ", r) })
	if len(parts) == 0 {
		return false
	}
	first, last, person := parts[0], parts[len(parts)-1], u.GivenName != "" && u.Surname != ""
	switch {
	case last == "svc", first == "svc":
		return true
	case len(parts) > 1:
		return first == "srv" || first == "service" || strings.HasPrefix(first, "svc")
	}
	return strings.HasPrefix(first, "svc") && !person
}

// isExchangeName knows SystemMailbox{GUID}, DiscoverySearchMailbox {GUID},
// FederatedEmail.GUID, Migration.GUID and HealthMailbox with 32 digits.
func isExchangeName(name string) bool {
	const shortest = len("Migration.") + 36
	if len(name) < shortest-1 {
		return false
	}
	lower := strings.ToLower(name)
	for _, prefix := range []string{"systemmailbox", "discoverysearchmailbox", "federatedemail.", "migration.", "healthmailbox"} {
		if rest, ok := strings.CutPrefix(lower, prefix); ok {
			digits := strings.ReplaceAll(strings.Trim(rest, "{} "), "-", "")
			return len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
		}
	}
	return false
}
