package match

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// origins says which mailbox was synchronised from which AD user. A SID is never
// used twice and decides where an anchor was copied to another user.
type origins struct {
	of      []int32  // by mailbox: its AD user, -1 unknown, -2 where several could be it
	word    []origin // by mailbox: who says so
	mailbox []int32  // by AD user: its mailbox, -1 none, -2 several
}

// origin is what is known of where a mailbox comes from.
type origin uint8

const (
	originUnknown origin = iota
	originSID            // the SID is that of an AD user
	originSynced         // the anchor is, and the sync engine wrote it
	originStamped        // the anchor is, but anybody may have written it
	originGone           // the SID is of this domain, but nobody has it any more
	originForeign        // synchronised from elsewhere
	originTorn           // the anchor is that of one AD user, the SID that of another
)

// certain says whether the sync engine itself vouches for the origin.
func (o origin) certain() bool { return o == originSID || o == originSynced }

func findOrigins(ad, m365 []Person) origins {
	o := origins{of: slices.Repeat([]int32{-1}, len(m365)), word: make([]origin, len(m365)), mailbox: slices.Repeat([]int32{-1}, len(ad))}
	if !slices.ContainsFunc(m365, func(p Person) bool { return p.ImmutableID != "" || p.SID != "" }) {
		return o
	}
	byAnchor, bySID, domains := map[string]int32{}, map[string]int32{}, map[string]bool{}
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
	for i, p := range ad {
		add(byAnchor, anchor(p.ID), i)
		add(byAnchor, anchor(p.ConsistencyGUID), i)
		add(bySID, normalSID(p.SID), i)
		if p.SID != "" {
			domains[domainOf(p.SID)] = true
		}
	}
	for j, p := range m365 {
		guid, hasGUID := byAnchor[strings.TrimSpace(p.ImmutableID)]
		sid, hasSID := bySID[normalSID(p.SID)]
		hasGUID, hasSID = hasGUID && p.ImmutableID != "", hasSID && p.SID != ""
		switch {
		case hasSID && sid >= 0 && hasGUID && guid >= 0 && guid != sid:
			o.word[j] = originTorn
		case hasSID && sid >= 0:
			o.of[j], o.word[j] = sid, originSID
		case p.SID != "" && domains[domainOf(p.SID)]:
			o.word[j] = originGone
		case hasGUID && guid >= 0:
			o.of[j], o.word[j] = guid, originStamped
			if p.SID == "" && p.Synced == source.Yes || p.SID != "" && ad[guid].SID == "" {
				o.word[j] = originSynced
			}
		case hasGUID:
			o.of[j] = -2
		case p.SID != "" || p.ImmutableID != "" && p.Synced == source.Yes:
			o.word[j] = originForeign
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

// domainOf is a SID without its last part.
func domainOf(sid string) string {
	sid = normalSID(sid)
	return sid[:max(0, strings.LastIndexByte(sid, '-'))]
}

func normalSID(sid string) string { return strings.ToUpper(strings.TrimSpace(sid)) }

// level is the outcome of [ruleAnchor] for AD user i and mailbox j.
func (o *origins) level(i, j int32) uint8 {
	owner, word, mailbox := o.of[j], o.word[j], o.mailbox[i]
	switch {
	case owner == i && mailbox == j && word == originSID:
		return anchorSID
	case owner == i && mailbox == j && word == originSynced:
		return anchorEqual
	case owner == i && mailbox == j:
		return anchorStamped
	case owner == i, owner == -2:
		return anchorShared
	case owner >= 0 && word.certain():
		return anchorOtherUser
	case word == originGone:
		return anchorGone
	case word == originTorn:
		return anchorTorn
	case mailbox >= 0 && o.word[mailbox].certain():
		return anchorOtherMailbox
	case owner >= 0, mailbox >= 0:
		return anchorElsewhere
	case word == originForeign:
		return anchorForeign
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
