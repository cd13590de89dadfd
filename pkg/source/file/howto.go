package file

import (
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

// The commands that make exports which say everything.
const (
	graphCommand   = "Get-MgUser -All -Property " + graphuser.Select + " | ConvertTo-Json -Depth 4 | Out-File -Encoding utf8 FILE"
	ldifdeCommand  = "ldifde -f FILE"
	adCommand      = `Get-ADUser -Filter * -Properties displayName,mail,employeeID,department,title,company,userAccountControl,telephoneNumber,mobile,proxyAddresses,"mS-DS-ConsistencyGuid",memberOf,primaryGroupID,adminCount,servicePrincipalName | ConvertTo-Json -Depth 4 | Out-File -Encoding utf8 FILE`
	mailboxCommand = "Get-EXOMailbox -ResultSize Unlimited -Properties ExternalDirectoryObjectId,AccountDisabled,RecipientTypeDetails,IsDirSynced | ConvertTo-Json -Depth 4 | Out-File -Encoding utf8 FILE"

	// MailboxesCommand makes the export of the mailboxes beside one of users.
	MailboxesCommand = "Get-Mailbox -ResultSize Unlimited | Select-Object ExternalDirectoryObjectId,UserPrincipalName,PrimarySmtpAddress,RecipientTypeDetails | Export-Csv -NoTypeInformation -Encoding UTF8 FILE"
)

// Commands are the commands that make an export of a directory which says
// everything, the best first.
func Commands(kind source.Kind) []string {
	if kind == source.AD {
		return []string{ldifdeCommand, adCommand}
	}
	return []string{graphCommand}
}

const hintEnglish = "set the language of the Microsoft 365 admin centre to English (Settings, Language and time zone) and export again, or export with `" + graphCommand + "`"

// again is what to do with a file that cannot be taken.
func (in *input) again() string {
	switch {
	case in.mailboxList:
		return "nothing was taken from this file; " + hintMailboxes
	case in.kind == source.AD:
		return "nothing was taken from this file; make it on a domain controller with `" + ldifdeCommand + "` or with `" + adCommand + "`"
	}
	return "nothing was taken from this file; make it with `" + graphCommand + "`"
}
