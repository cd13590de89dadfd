package source

import "strings"

// The reasons for which a user is not taken with all the others.
const (
	SkipSystem    = "system_object"           // isCriticalSystemObject
	SkipConflict  = "replication_conflict"    // a CNF: copy that AD left behind
	SkipDeleted   = "deleted"                 // in the recycle bin of AD or of Entra ID
	SkipExchange  = "exchange_mailbox"        // one of Exchange's own: monitoring, arbitration, discovery…
	SkipService   = "managed_service_account" // its password is AD's own affair
	SkipTrust     = "trust_account"           // it stands for another domain
	SkipShared    = "shared_mailbox"
	SkipRoom      = "room_mailbox"
	SkipEquipment = "equipment_mailbox"
	SkipDisabled  = "disabled"
	SkipGuest     = "guest"
	SkipNoMailbox = "no_mailbox"
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
// "" where it is not.
func (u *User) SkipReason() string {
	switch dn := strings.ToUpper(u.DN); {
	case u.Critical:
		return SkipSystem
	case u.NotPerson != "":
		return u.NotPerson
	case strings.Contains(dn, `\0ADEL:`), strings.Contains(dn, ",CN=DELETED OBJECTS,DC="):
		return SkipDeleted
	case strings.Contains(dn, `\0ACNF:`): // behind a line feed, which a DN writes as \0A
		return SkipConflict
	case u.isExchanges():
		return SkipExchange
	case resourceTypes[u.RecipientType] != "":
		return resourceTypes[u.RecipientType]
	case u.Guest:
		return SkipGuest
	case u.Enabled == No:
		return SkipDisabled
	case u.Kind == M365 && !u.HasMailbox():
		return SkipNoMailbox
	}
	return ""
}

// exchangeTypes are the values of msExchRecipientTypeDetails of mailboxes that
// Exchange keeps for itself, and of those that are no person's by their kind.
var exchangeTypes = map[int64]bool{
	1 << 13: true, // system attendant
	1 << 14: true, // system
	1 << 22: true, // Microsoft Exchange
	1 << 23: true, // arbitration
	1 << 24: true, // mailbox plan
	1 << 29: true, // discovery
	1 << 36: true, // public folders
	1 << 37: true, // site
	1 << 38: true, // site, in the cloud
	1 << 39: true, // monitoring
	1 << 40: true, // group
	1 << 42: true, // audit log
	1 << 43: true, // group, in the cloud
	1 << 44: true, // scheduling
	1 << 46: true, // audit log
	1 << 47: true, // supervisory review
}

// resourceTypes are the values of msExchRecipientTypeDetails of mailboxes that
// several people or none use, on site and in the cloud.
var resourceTypes = map[int64]string{
	1 << 2: SkipShared, 1 << 35: SkipShared,
	1 << 4: SkipRoom, 1 << 33: SkipRoom, 1 << 41: SkipRoom,
	1 << 5: SkipEquipment, 1 << 34: SkipEquipment,
}

// isExchanges says whether the user is one of Exchange's own. The recipient type
// decides; where it was not read, names do that Exchange makes of a GUID and
// nobody else does.
func (u *User) isExchanges() bool {
	if u.RecipientType != 0 {
		return exchangeTypes[u.RecipientType]
	}
	rdn, _, _ := cutRDN(u.DN)
	_, name, _ := strings.Cut(rdn, "=")
	local, _, _ := strings.Cut(u.UPN, "@")
	return isExchangeName(name) || isExchangeName(local) || isExchangeName(u.DisplayName)
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
