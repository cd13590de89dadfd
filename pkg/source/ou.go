package source

import (
	"encoding/json"
	"iter"
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
	HiddenReason Reason `json:"hidden_reason"`
}

// Reason is why something is so; null in JSON where there is none.
type Reason string

// MarshalJSON writes the reason, or null.
func (r Reason) MarshalJSON() ([]byte, error) {
	if r == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(r))
}

// The reasons for which an OU is hidden.
const (
	HiddenEmpty   Reason = "empty"                // no user object in it or below
	HiddenSystem  Reason = "system_container"     // one of AD's or Exchange's own
	HiddenBelow   Reason = "in_system_container"  // below one of those
	HiddenBuiltin Reason = "only_system_accounts" // CN=Users without a human user
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

// OUIndex finds the containers of a [Tree] by name and by what they hold.
type OUIndex struct {
	Root       string // DN of the domain
	Containers []Container
	system     []bool // the container, or one above it, is AD's own
	byKey      map[string]int
	chains     map[string]chain // of a parent's DN; users share parents
}

// chain is the way from a user's parent up: the parent itself, where it is a
// known container, else -1, and the known containers above it.
type chain struct {
	direct int
	above  []int
}

// NewOUIndex indexes a tree.
func NewOUIndex(tree Tree) *OUIndex {
	ix := &OUIndex{
		Root:       tree.Root,
		Containers: tree.Containers,
		system:     make([]bool, len(tree.Containers)),
		byKey:      make(map[string]int, len(tree.Containers)),
		chains:     map[string]chain{},
	}
	for i, c := range tree.Containers {
		ix.byKey[DNKey(c.DN)] = i
	}
	rootKey := DNKey(tree.Root)
	for i, c := range tree.Containers {
		for key := DNKey(c.DN); key != "" && !ix.system[i]; key = ParentDN(key) {
			if j, ok := ix.byKey[key]; ok {
				ix.system[i] = isSystem(tree.Containers[j], rootKey)
			}
		}
	}
	return ix
}

// chain finds the containers round the users of a parent.
func (ix *OUIndex) chain(parent string) chain {
	if c, ok := ix.chains[parent]; ok {
		return c
	}
	c := chain{direct: -1}
	key := DNKey(parent)
	if i, ok := ix.byKey[key]; ok {
		c.direct = i
	}
	for key = ParentDN(key); key != ""; key = ParentDN(key) {
		if i, ok := ix.byKey[key]; ok {
			c.above = append(c.above, i)
		}
	}
	ix.chains[parent] = c
	return c
}

// Find returns the container that a DN, a canonical path or an objectGUID
// names, and whether there is one.
func (ix *OUIndex) Find(name string) (Container, bool) {
	name = strings.TrimSpace(name)
	if i, ok := ix.byKey[DNKey(name)]; ok {
		return ix.Containers[i], true
	}
	guid := strings.Trim(name, "{}")
	path := strings.TrimSuffix(name, "/")
	for _, c := range ix.Containers {
		if c.ID != "" && strings.EqualFold(c.ID, guid) || strings.EqualFold(CanonicalPath(c.DN), path) {
			return c, true
		}
	}
	return Container{}, false
}

// Place says how a user with this parent lies to a container: directly in it,
// or below it. System is set where the parent is one of AD's own containers or
// lies below one.
func (ix *OUIndex) Place(parent string, containerKey string) (direct, below, system bool) {
	c := ix.chain(parent)
	if c.direct >= 0 {
		system = ix.system[c.direct]
		if DNKey(ix.Containers[c.direct].DN) == containerKey {
			return true, false, system
		}
	}
	for _, i := range c.above {
		system = system || ix.system[i]
		below = below || DNKey(ix.Containers[i].DN) == containerKey
	}
	return false, below, system
}

// CountUsers counts users by container and decides what people are shown:
// containers that hold user objects, in themselves or below, AD's own ones
// excepted. Users need what a brief read gives alone. The result holds every
// container, ordered by path.
func (ix *OUIndex) CountUsers(users iter.Seq[User]) []OU {
	ous := make([]OU, len(ix.Containers))
	human := make([]bool, len(ous)) // holds a user who may be a person
	for i, c := range ix.Containers {
		ous[i] = OU{ID: c.ID, DN: c.DN, Path: CanonicalPath(c.DN), Name: c.Name, Class: c.Class}
	}
	for u := range users {
		c := ix.chain(u.OU())
		if c.direct >= 0 {
			ous[c.direct].Users++
			human[c.direct] = human[c.direct] || !NeverImported(u.SkipReason())
		}
		for _, i := range c.above {
			ous[i].UsersBelow++
		}
	}

	rootKey := DNKey(ix.Root)
	for i := range ous {
		o, c := &ous[i], ix.Containers[i]
		switch isRoot := DNKey(c.DN) == rootKey; {
		case isSystem(c, rootKey):
			o.HiddenReason = HiddenSystem
		case ix.system[i]:
			o.HiddenReason = HiddenBelow
		case o.Users == 0 && (o.UsersBelow == 0 || isRoot): // the domain is no OU to pick
			o.HiddenReason = HiddenEmpty
		case c.WellKnown == wkUsers && !human[i] && o.UsersBelow == 0:
			o.HiddenReason = HiddenBuiltin
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
