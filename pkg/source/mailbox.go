package source

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// MailboxClass is what kind of mailbox a user has.
type MailboxClass string

// The classes. MailboxUnknown is the zero value: nobody said.
const (
	MailboxUnknown   MailboxClass = ""
	MailboxUser      MailboxClass = "user"
	MailboxLinked    MailboxClass = "linked" // of a person who signs in from another forest
	MailboxShared    MailboxClass = "shared"
	MailboxRoom      MailboxClass = "room"
	MailboxEquipment MailboxClass = "equipment"
	MailboxExchange  MailboxClass = "exchange" // one of Exchange's own
)

// The ways in which a class was found out.
const (
	MailboxByPurpose  = "user_purpose" // mailboxSettings of Graph
	MailboxByExchange = "exchange"     // Exchange's admin interface
	MailboxByExport   = "export"       // what Get-Mailbox wrote
)

// Mailbox is what a mailbox was found to be, by which way, and when it was first
// found to be so.
type Mailbox struct {
	Class MailboxClass `json:"class"`
	From  string       `json:"from"`
	Since time.Time    `json:"since,omitzero"`
}

// Mailboxes is what was found out about mailboxes that were asked about.
type Mailboxes struct {
	// From is the way, one of the constants above; "" where there is none.
	From string
	// Classes are those found, by the id of the user. Who is not among them is unknown.
	Classes  map[string]MailboxClass
	Requests int // how many were sent
	// Unknown says in words why nothing was found out at all, "" where something was.
	Unknown string
}

// MailboxClassifier is a [Directory] that can be asked what mailboxes are. A
// missing permission or a server that does not serve this is no error but
// [Mailboxes.Unknown]; one mailbox that it will not speak of is unknown by itself.
type MailboxClassifier interface {
	Mailboxes(ctx context.Context, users []*User) (Mailboxes, error)
}

// Class is what kind of mailbox the user has: what was found out, else what the
// recipient type says, else what a name says that Exchange makes of a GUID and
// nobody else does.
func (u *User) Class() MailboxClass {
	if u.Mailbox != nil {
		return u.Mailbox.Class
	}
	if u.RecipientType != 0 {
		return ClassOfRecipient(u.RecipientType)
	}
	rdn, _, _ := cutRDN(u.DN)
	_, name, _ := strings.Cut(rdn, "=")
	local, _, _ := strings.Cut(u.UPN, "@")
	if isExchangeName(name) || isExchangeName(local) || isExchangeName(u.DisplayName) {
		return MailboxExchange
	}
	return MailboxUnknown
}

// IsResource says that the mailbox is none of one person.
func (u *User) IsResource() bool {
	switch u.Class() {
	case MailboxShared, MailboxRoom, MailboxEquipment, MailboxExchange:
		return true
	}
	return false
}

// recipientClasses are the values of msExchRecipientTypeDetails that stand for
// mailboxes, on site and in the cloud.
var recipientClasses = map[int64]MailboxClass{
	1 << 0: MailboxUser, 1 << 31: MailboxUser,
	1 << 1: MailboxLinked,
	1 << 2: MailboxShared, 1 << 35: MailboxShared,
	1 << 4: MailboxRoom, 1 << 33: MailboxRoom, 1 << 41: MailboxRoom,
	1 << 5: MailboxEquipment, 1 << 34: MailboxEquipment,
	1 << 13: MailboxExchange, // system attendant
	1 << 14: MailboxExchange, // system
	1 << 22: MailboxExchange, // Microsoft Exchange
	1 << 23: MailboxExchange, // arbitration
	1 << 24: MailboxExchange, // mailbox plan
	1 << 29: MailboxExchange, // discovery
	1 << 36: MailboxExchange, // public folders
	1 << 37: MailboxExchange, // site
	1 << 38: MailboxExchange, // site, in the cloud
	1 << 39: MailboxExchange, // monitoring
	1 << 40: MailboxExchange, // group
	1 << 42: MailboxExchange, // audit log
	1 << 43: MailboxExchange, // group, in the cloud
	1 << 44: MailboxExchange, // scheduling
	1 << 46: MailboxExchange, // audit log
	1 << 47: MailboxExchange, // supervisory review
}

// recipientTypes are the values of msExchRecipientTypeDetails by the names that
// Exchange's own tools write, in lower case.
var recipientTypes = map[string]int64{
	"usermailbox": 1, "linkedmailbox": 1 << 1, "sharedmailbox": 1 << 2, "legacymailbox": 1 << 3, "roommailbox": 1 << 4,
	"equipmentmailbox": 1 << 5, "mailcontact": 1 << 6, "mailuser": 1 << 7, "mailuniversaldistributiongroup": 1 << 8,
	"mailnonuniversalgroup": 1 << 9, "mailuniversalsecuritygroup": 1 << 10, "dynamicdistributiongroup": 1 << 11,
	"publicfolder": 1 << 12, "roomlist": 1 << 28, "systemattendantmailbox": 1 << 13, "systemmailbox": 1 << 14,
	"microsoftexchange": 1 << 22, "arbitrationmailbox": 1 << 23, "mailboxplan": 1 << 24, "discoverymailbox": 1 << 29,
	"remoteusermailbox": 1 << 31, "remoteroommailbox": 1 << 33, "remoteequipmentmailbox": 1 << 34, "remotesharedmailbox": 1 << 35,
	"publicfoldermailbox": 1 << 36, "teammailbox": 1 << 37, "remoteteammailbox": 1 << 38, "monitoringmailbox": 1 << 39,
	"groupmailbox": 1 << 40, "linkedroommailbox": 1 << 41, "auditlogmailbox": 1 << 42, "remotegroupmailbox": 1 << 43,
	"schedulingmailbox": 1 << 44, "guestmailuser": 1 << 45, "auxauditlogmailbox": 1 << 46, "supervisoryreviewpolicymailbox": 1 << 47,
}

// RecipientTypeOf reads RecipientTypeDetails as Exchange's tools write it, by name or
// number, as a value of msExchRecipientTypeDetails; 0 for one that is not known.
func RecipientTypeOf(text string) int64 {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return recipientTypes[strings.ToLower(text)]
}

// ClassOfRecipient is the class of a value of msExchRecipientTypeDetails.
func ClassOfRecipient(recipientType int64) MailboxClass { return recipientClasses[recipientType] }

// InDoubt are the users of Microsoft 365 of whose mailboxes the directory itself
// does not tell enough: without a plan of Exchange, switched off, or of the same
// display name as another; and nobody has said what they are.
func InDoubt(users []*User) []*User {
	names := make(map[string]int, len(users))
	name := func(u *User) string { return strings.ToLower(strings.TrimSpace(u.DisplayName)) }
	for _, u := range users {
		names[name(u)]++
	}
	var doubtful []*User
	for _, u := range users {
		if u.Kind != M365 || u.Guest || u.Email == "" || u.NotPerson != "" || u.Class() != MailboxUnknown {
			continue
		}
		if u.Exchange == No || u.Licensed == No || u.Enabled == No || names[name(u)] > 1 {
			doubtful = append(doubtful, u)
		}
	}
	return doubtful
}
