package importer

import (
	"cmp"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// viewUser is a user as the program shows it.
func viewUser(u *source.User, imported bool) User {
	v := User{
		Source: u.Kind, ID: u.ID, Username: u.Username, UPN: u.UPN, DisplayName: u.DisplayName,
		GivenName: u.GivenName, Surname: u.Surname, Email: u.Email, OU: u.OU(), Enabled: u.Enabled, Imported: imported,
	}
	if reason := u.SkipReason(); reason != "" {
		v.SkipReason = &reason
	}
	return v
}

// The order of everything that is listed: by OU, then name, then id.

func compareUsers(a, b User) int {
	return compareNamed(a.OU, a.DisplayName, a.ID, b.OU, b.DisplayName, b.ID)
}

func compareAccounts(a, b Account) int {
	return compareNamed(accountOU(a), a.DisplayName, a.ID, accountOU(b), b.DisplayName, b.ID)
}

func accountOU(a Account) string {
	if a.AD == nil {
		return ""
	}
	return source.ParentDN(a.AD.DN)
}

func compareNamed(ou1, name1, id1, ou2, name2, id2 string) int {
	return cmp.Or(compareFold(ou1, ou2), compareFold(name1, name2), cmp.Compare(id1, id2))
}

func compareFold(a, b string) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}
