package match

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// anchors finds AD users by what a synchronised mailbox says of its origin.
type anchors struct {
	byGUID map[string][]int // base64 of objectGUID or ms-DS-ConsistencyGuid
	bySID  map[string][]int
}

func newAnchors(ad []Person) anchors {
	x := anchors{map[string][]int{}, map[string][]int{}}
	for i, p := range ad {
		own, set := anchor(p.ID), anchor(p.ConsistencyGUID)
		if own != "" {
			x.byGUID[own] = append(x.byGUID[own], i)
		}
		if set != "" && set != own {
			x.byGUID[set] = append(x.byGUID[set], i)
		}
		if p.SID != "" {
			sid := strings.ToUpper(p.SID)
			x.bySID[sid] = append(x.bySID[sid], i)
		}
	}
	return x
}

// anchor is the immutableId that a GUID becomes: base64 of its bytes in the
// order in which AD stores them, "" for what is no GUID.
func anchor(guid string) string {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(guid, "{} "), "-", ""))
	if err != nil || len(b) != 16 || len(bytes.Trim(b, "\x00")) == 0 {
		return ""
	}
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
	return base64.StdEncoding.EncodeToString(b)
}

// owners are the AD users that a mailbox names as its origin.
func (x anchors) owners(m *source.User) []int {
	if is := x.bySID[strings.ToUpper(m.SID)]; m.SID != "" && len(is) > 0 {
		return is
	}
	return x.byGUID[m.ImmutableID]
}

// vetoes is the hard evidence that two users of the same name are not the same
// person.
func (t *table) vetoes(x anchors, i, j int) []Evidence {
	var out []Evidence
	a, m := t.ad[i].User, t.m365[j].User
	if owners := x.owners(m); len(owners) > 0 && !slices.Contains(owners, i) {
		out = append(out, Evidence{Rule: "anchor", Weight: -20, AD: a.ID, M365: t.ad[owners[0]].ID, Text: "the mailbox was made from another AD user"})
	}
	if x, y := normalEmployeeID(a.EmployeeID), normalEmployeeID(m.EmployeeID); x != "" && y != "" && x != y {
		out = append(out, Evidence{Rule: "employee_id", Weight: -10, AD: x, M365: y, Text: "the employee ids differ"})
	}
	return out
}

func normalEmployeeID(id string) string {
	return strings.TrimLeft(strings.ToLower(strings.TrimSpace(id)), "0")
}
