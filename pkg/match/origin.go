package match

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
)

// origins says which mailbox was synchronised from which AD user. A SID is never
// used twice and decides where an anchor was copied to another user; an anchor
// that nobody has any more tells nothing.
type origins struct {
	of      []int32 // by mailbox: its AD user, -1 unknown, -2 where several could be it
	certain []bool  // by mailbox: the SID agrees, or there is none to compare
	mailbox []int32 // by AD user: its mailbox, -1 none, -2 several
}

func findOrigins(ad, m365 []Person) origins {
	byAnchor, bySID := map[string]int32{}, map[string]int32{}
	add := func(m map[string]int32, key string, i int) {
		if key == "" {
			return
		}
		if old, ok := m[key]; ok && old != int32(i) {
			m[key] = -2
		} else if !ok {
			m[key] = int32(i)
		}
	}
	o := origins{of: make([]int32, len(m365)), certain: make([]bool, len(m365)), mailbox: slices.Repeat([]int32{-1}, len(ad))}
	synced := slices.ContainsFunc(m365, func(p Person) bool { return p.ImmutableID != "" || p.SID != "" })
	if synced {
		for i, p := range ad {
			add(byAnchor, anchor(p.ID), i)
			add(byAnchor, anchor(p.ConsistencyGUID), i)
			add(bySID, normalSID(p.SID), i)
		}
	}
	for j, p := range m365 {
		o.of[j] = -1
		guid, hasGUID := byAnchor[strings.TrimSpace(p.ImmutableID)]
		sid, hasSID := bySID[normalSID(p.SID)]
		switch {
		case hasSID && sid >= 0 && hasGUID && guid >= 0 && guid != sid:
			o.of[j] = -2 // anchor and SID name two users
		case hasSID && sid >= 0:
			o.of[j], o.certain[j] = sid, true
		case hasGUID && guid >= 0:
			o.of[j], o.certain[j] = guid, p.SID == "" || ad[guid].SID == ""
		case hasGUID:
			o.of[j] = -2
		}
		if i := o.of[j]; i >= 0 {
			if o.mailbox[i] == -1 {
				o.mailbox[i] = int32(j)
			} else {
				o.mailbox[i] = -2
			}
		}
	}
	return o
}

func normalSID(sid string) string { return strings.ToUpper(strings.TrimSpace(sid)) }

// level is the outcome of [ruleAnchor] for AD user i and mailbox j.
func (o *origins) level(i, j int32) uint8 {
	origin, mailbox := o.of[j], o.mailbox[i]
	switch {
	case origin == i && mailbox == j && o.certain[j]:
		return anchorEqual
	case origin == i && mailbox == j:
		return anchorOtherSID
	case origin == i, origin == -2:
		return anchorShared
	case origin >= 0 && o.certain[j]:
		return anchorOtherUser
	case mailbox >= 0 && o.certain[mailbox]:
		return anchorOtherMailbox
	}
	return 0
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
