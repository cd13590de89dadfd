package match

import (
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Why an account that is nobody's own is left out of matching by evidence.
const (
	ReasonService = "service_account"
	ReasonAdmin   = "admin_account"
	ReasonShared  = "shared_mailbox"
)

// accountWords are the words by which accounts that are nobody's own are known
// in the field.
type accountWords struct {
	service, admin, shared map[string]bool
}

func newAccountWords() *accountWords {
	return &accountWords{
		service: setOf("svc service services srv sql mssql sqlsvc backup backups scan scanner scans test tests testuser ldap msol aad adsync sync dirsync krbtgt iis iusr iwam task tasks batch robot bot rpa daemon printer print printers copier fax kiosk noreply donotreply monitor monitoring monitoringmailbox healthmailbox exchange veeam nagios zabbix prtg jenkins build deploy automation app apps api vpn radius wsus sccm proxy web www ftp sftp smtp mail mailer relay voicemail voip pbx db database oracle sap template dummy default sharepoint spfarm farm gateway terminal pos system sys user users computer account"),
		admin:   setOf("adm admin administrator da ea sa su priv privileged t0 t1 t2 tier0 tier1 root domadm domainadmin localadmin wsadmin srvadmin"),
		shared:  setOf("info office sales orders order support helpdesk service hello contact kontakt team enquiries inquiries reception accounts accounting invoice invoices billing finance marketing hr jobs careers recruiting recruitment press media webmaster postmaster abuse newsletter news events event board boardroom room rooms meeting conference conf projector car vehicle van equipment beamer calendar kalender shared group all staff feedback purchasing procurement warehouse logistics shipping dispatch returns legal it admin administration payroll training security operations projects desk hotdesk scan fax noreply buchhaltung empfang einkauf verkauf vertrieb personal rechnung bestellung compta contabilidad ventas ufficio"),
	}
}

// recipient types of Exchange that are no person's mailbox (msExchRecipientTypeDetails).
const (
	recipientShared    = 4
	recipientRoom      = 16
	recipientEquipment = 32
	remoteRoom         = 8589934592
	remoteEquipment    = 17179869184
	remoteShared       = 34359738368
)

// classify says why an account is left out, "" for what may be a person.
func (x *accountWords) classify(u *source.User) string {
	switch u.RecipientType {
	case recipientShared, recipientRoom, recipientEquipment, remoteRoom, remoteEquipment, remoteShared:
		return ReasonShared
	}
	display := loginParts(Key(u.DisplayName))
	if u.Kind == source.M365 {
		local, _, _ := strings.Cut(Key(u.UPN), "@")
		if parts := loginParts(local); u.GivenName == "" && u.Surname == "" && (len(display) == 0 || in(display, x.shared) > 0) && in(parts, x.shared)+in(parts, x.service) > 0 {
			return ReasonShared
		}
		if adminLogin(x, u, local, display) {
			return ReasonAdmin
		}
		return ""
	}
	login := Key(u.Username)
	parts := loginParts(login)
	if adminLogin(x, u, login, display) {
		return ReasonAdmin
	}
	if u.GivenName != "" && u.Surname != "" {
		return ""
	}
	// Without a name of its own: what it is called tells.
	if in(parts, x.service) > 0 && (in(parts[:1], x.service) > 0 || in(parts[len(parts)-1:], x.service) > 0) {
		return ReasonService
	}
	if in(display, x.service) > 0 && strings.Contains(strings.Join(display, ""), strings.Join(parts, "")) {
		return ReasonService
	}
	if strings.HasSuffix(u.Username, "$") {
		return ReasonService
	}
	return ""
}

// isPurpose says whether an account is known by a login that begins or ends with what
// services, rooms and offices are called, and its name does not.
func (x *accountWords) isPurpose(u *source.User) bool {
	login := Key(u.Username)
	if u.Kind == source.M365 {
		login, _, _ = strings.Cut(Key(u.UPN), "@")
	}
	parts := loginParts(login)
	if len(parts) == 0 {
		return false
	}
	own := loginParts(Key(u.DisplayName + " " + u.GivenName + " " + u.Surname))
	return slices.ContainsFunc([]string{parts[0], parts[len(parts)-1]}, func(w string) bool {
		return (x.service[w] || x.shared[w]) && !slices.Contains(own, w)
	})
}

// adminLogin says whether a login is a second, privileged one: a mark for it
// stands before or after a separator, or the display name says so besides. What
// is a part of the user's name is no mark: Su Lee is su.lee.
func adminLogin(x *accountWords, u *source.User, login string, display []string) bool {
	marked := in(display, x.admin) > 0
	isMark := func(word string) bool { return x.admin[word] && word != Key(u.GivenName) && word != Key(u.Surname) }
	i := strings.IndexAny(login, "-_.")
	j := strings.LastIndexAny(login, "-_.")
	if i > 0 && i < len(login)-1 && isMark(login[:i]) || j > 0 && j < len(login)-1 && isMark(login[j+1:]) {
		return true
	}
	return marked && (strings.HasPrefix(login, "adm") || strings.HasSuffix(login, "adm") || strings.HasSuffix(login, "admin"))
}

// loginParts cuts a login or name into words at everything that is no letter,
// and at the border to digits: svc_scan7 is svc, scan.
func loginParts(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r < 0x80 && (r < 'a' || r > 'z') })
}

// in counts the words that are in the set.
func in(words []string, set map[string]bool) int {
	n := 0
	for _, w := range words {
		if set[w] {
			n++
		}
	}
	return n
}
