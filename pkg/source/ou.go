package source

import (
	"sort"
	"strings"
)

// OU is a container with what it holds, and whether people are shown it.
type OU struct {
	ID           string `json:"id"`
	DN           string `json:"dn"`
	Path         string `json:"path"` // canonical name: corp.example/Staff/London
	Name         string `json:"name"`
	Class        string `json:"class"`
	Users        int    `json:"users"`       // user objects directly in it
	UsersBelow   int    `json:"users_below"` // user objects in containers below it
	Hidden       bool   `json:"hidden"`
	HiddenReason string `json:"hidden_reason,omitempty"`
}

// The reasons for which an OU is hidden.
const (
	HiddenEmpty   = "empty"                // no user object in it or below
	HiddenSystem  = "system_container"     // one of AD's or Exchange's own
	HiddenBelow   = "in_system_container"  // below one of those
	HiddenBuiltin = "only_system_accounts" // CN=Users without a human user
)

// The well-known GUIDs of MS-ADTS 6.1.1.4 whose handling differs.
const (
	wkUsers     = "A9D1CA15768811D1ADED00C04FD8D5CD"
	wkComputers = "AA312825768811D1ADED00C04FD8D5CD"
)

// systemGUIDs are AD's own containers (MS-ADTS 6.1.1.4): they can be renamed
// and are localised, so that only the GUID tells.
var systemGUIDs = map[string]bool{
	wkComputers:                        true,
	"A361B2FFFFD211D1AA4B00C04FD7D83A": true, // Domain Controllers
	"AB1D30F3768811D1ADED00C04FD8D5CD": true, // System
	"2FBAC1870ADE11D297C400C04FD8D5CD": true, // Infrastructure
	"18E2EA80684F11D2B9AA00C04F79F805": true, // Deleted Objects
	"AB8153B7768811D1ADED00C04FD8D5CD": true, // LostAndFound
	"22B70C67D56E4EFB91E9300FCA3DC1AA": true, // ForeignSecurityPrincipals
	"09460C08AE1E4A4EA0F64AEE7DAA1E5A": true, // Program Data
	"F4BE92A4C777485E878E9421D53087DB": true, // Microsoft, in Program Data
	"6227F0AF1FC2410D8E3BB10615BB5B0F": true, // NTDS Quotas
	"1EB93889E40C45DF9F0C64D23BBB6237": true, // Managed Service Accounts
	"683A24E2E8164BD3AF86AC3C2CF3F981": true, // Keys
}

// systemNames are system containers that have no well-known GUID. They count
// only directly below the domain.
var systemNames = map[string]bool{
	"cn=tpm devices":                         true,
	"cn=microsoft exchange system objects":   true,
	"ou=microsoft exchange security groups":  true,
	"ou=microsoft exchange protected groups": true,
	"cn=monitoring mailboxes":                true,
}

// isSystem says whether a container is one of AD's own. redirusr and redircmp
// make an ordinary OU the place of new users or computers: such an OU is the
// customer's and stays visible.
func isSystem(c Container, rootKey string) bool {
	if c.Class == "builtinDomain" {
		return true
	}
	if systemGUIDs[c.WellKnown] {
		return c.WellKnown != wkComputers || c.Class != "organizationalUnit"
	}
	rdn, _, _ := cutRDN(DNKey(c.DN))
	return systemNames[rdn] && DNKey(ParentDN(c.DN)) == rootKey
}

// CountUsers places users in the tree and decides what people are shown:
// containers that hold user objects, in themselves or below, AD's own ones
// excepted. Users need ID, DN and Critical alone. The result holds every
// container, ordered by path.
func CountUsers(tree Tree, users []User) []OU {
	rootKey := DNKey(tree.Root)
	ous := make([]OU, len(tree.Containers))
	system := make([]bool, len(tree.Containers))
	byKey := make(map[string]int, len(tree.Containers))
	for i, c := range tree.Containers {
		ous[i] = OU{ID: c.ID, DN: c.DN, Path: CanonicalPath(c.DN), Name: c.Name, Class: c.Class}
		system[i] = isSystem(c, rootKey)
		byKey[DNKey(c.DN)] = i
	}

	// ancestors lists the containers round a DN, the nearest first. Almost all
	// users share their parent with others, hence the cache.
	cache := map[string][]int{}
	ancestors := func(parent string) []int {
		if found, ok := cache[parent]; ok {
			return found
		}
		var found []int
		for key := DNKey(parent); key != ""; key = ParentDN(key) {
			if i, ok := byKey[key]; ok {
				found = append(found, i)
			}
		}
		cache[parent] = found
		return found
	}

	human := make([]bool, len(ous)) // holds a user that is not AD's own
	for i := range users {
		parent := ParentDN(users[i].DN)
		parentKey := "" // computed only when the parent is not a known container
		for n, o := range ancestors(parent) {
			if n == 0 && ous[o].DN != parent {
				parentKey = DNKey(parent)
			}
			if n == 0 && (ous[o].DN == parent || DNKey(ous[o].DN) == parentKey) {
				ous[o].Users++
				human[o] = human[o] || !users[i].Critical
			} else {
				ous[o].UsersBelow++
			}
		}
	}

	for i := range ous {
		o := &ous[i]
		switch {
		case system[i]:
			o.HiddenReason = HiddenSystem
		case inSystem(ancestors(ParentDN(o.DN)), system):
			o.HiddenReason = HiddenBelow
		case o.Users+o.UsersBelow == 0:
			o.HiddenReason = HiddenEmpty
		case tree.Containers[i].WellKnown == wkUsers && !human[i] && o.UsersBelow == 0:
			o.HiddenReason = HiddenBuiltin
		case DNKey(o.DN) == rootKey && o.Users == 0:
			o.HiddenReason = HiddenEmpty
		}
		o.Hidden = o.HiddenReason != ""
	}
	sort.SliceStable(ous, func(i, j int) bool {
		a, b := strings.ToLower(ous[i].Path), strings.ToLower(ous[j].Path)
		if a != b {
			return a < b
		}
		return ous[i].DN < ous[j].DN
	})
	return ous
}

func inSystem(ancestors []int, system []bool) bool {
	for _, a := range ancestors {
		if system[a] {
			return true
		}
	}
	return false
}
