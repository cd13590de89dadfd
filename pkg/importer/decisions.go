package importer

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// decisions are a customer's, by the two users they are about.
type decisions map[decisionKey]Decision

type decisionKey struct{ ad, m365 string }

func (ds decisions) list() []match.Decision {
	list := make([]match.Decision, 0, len(ds))
	for _, d := range ds {
		list = append(list, match.Decision{ADID: d.ADID, M365ID: d.M365ID, Verdict: d.Verdict, Reason: d.Reason})
	}
	return list
}

// decide takes a decision and lifts those that it contradicts. It returns false
// where that was decided already.
func (ds decisions) decide(d Decision) bool {
	key := decisionKey{d.ADID, d.M365ID}
	if old, ok := ds[key]; ok && old.Verdict == d.Verdict && (old.Reason == d.Reason || d.Reason == "") {
		return false
	}
	for k, old := range ds {
		sameAD, sameM365 := k.ad == d.ADID, k.m365 == d.M365ID
		switch d.Verdict {
		case match.VerdictMatch: // one mailbox, one user; and no longer ignored
			if sameAD && old.Verdict != match.VerdictReject || sameM365 && old.Verdict == match.VerdictMatch {
				delete(ds, k)
			}
		case match.VerdictIgnore:
			if sameAD && old.Verdict == match.VerdictMatch {
				delete(ds, k)
			}
		}
	}
	ds[key] = d
	return true
}

// check refuses matches that would take a mailbox from somebody, or somebody
// from a mailbox, who were joined by hand.
func (ds decisions) check(given []Decision) error {
	joined := map[string]Decision{} // by either id
	for _, d := range ds {
		if d.Verdict == match.VerdictMatch {
			joined[d.ADID], joined[d.M365ID] = d, d
		}
	}
	var found []string
	for _, g := range given {
		if g.Verdict != match.VerdictMatch {
			continue
		}
		for _, id := range []string{g.ADID, g.M365ID} {
			if old, ok := joined[id]; ok && (old.ADID != g.ADID || old.M365ID != g.M365ID) {
				found = append(found, fmt.Sprintf("%s was matched by hand with %s already", cmp.Or(old.ADName, old.ADID), cmp.Or(old.M365Name, old.M365ID)))
				break
			}
		}
		joined[g.ADID], joined[g.M365ID] = g, g
	}
	if len(found) == 0 {
		return nil
	}
	return &source.Error{Code: CodePairTaken, Message: "nothing was taken: " + strings.Join(found, "; "), Hint: "forget the earlier decision first: `qpimport decisions forget`"}
}

// sorted lists decisions by name, then by ids.
func (ds decisions) sorted() []Decision {
	list := make([]Decision, 0, len(ds))
	for _, d := range ds {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Decision) int {
		return cmp.Or(compareFold(a.ADName, b.ADName), cmp.Compare(a.ADID, b.ADID), cmp.Compare(a.M365ID, b.M365ID))
	})
	return list
}

func findDecisions(ctx context.Context, tx *sql.Tx, n int64) (decisions, error) {
	rows, err := tx.QueryContext(ctx, `SELECT verdict, ad_id, m365_id, reason, ad_name, m365_name, decided_at FROM decisions WHERE customer = ?`, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	ds := decisions{}
	for rows.Next() {
		var d Decision
		var at string
		if err := rows.Scan(&d.Verdict, &d.ADID, &d.M365ID, &d.Reason, &d.ADName, &d.M365Name, &at); err != nil {
			return nil, err
		}
		d.DecidedAt = parseTime(at)
		ds[decisionKey{d.ADID, d.M365ID}] = d
	}
	return ds, rows.Err()
}

// writeDecisions writes what differs; what is lifted goes first.
func writeDecisions(ctx context.Context, r *run, c customer, before, after decisions) error {
	for _, old := range before.sorted() {
		key := decisionKey{old.ADID, old.M365ID}
		if after[key] == old {
			continue
		}
		if _, err := r.tx.ExecContext(ctx, `DELETE FROM decisions WHERE customer = ? AND ad_id = ? AND m365_id = ?`, c.n, old.ADID, old.M365ID); err != nil {
			return err
		}
		if _, stays := after[key]; !stays {
			if err := r.record(ctx, "decision", old.ADID, old, nil); err != nil {
				return err
			}
		}
	}
	for _, d := range after.sorted() {
		old, had := before[decisionKey{d.ADID, d.M365ID}]
		if had && old == d {
			continue
		}
		_, err := r.tx.ExecContext(ctx, `INSERT INTO decisions (customer, ad_id, m365_id, verdict, reason, ad_name, m365_name, decided_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, c.n, d.ADID, d.M365ID, d.Verdict, d.Reason, d.ADName, d.M365Name, timestamp(d.DecidedAt))
		if err != nil {
			return err
		}
		var was any
		if had {
			was = old
		}
		if err := r.record(ctx, "decision", d.ADID, was, d); err != nil {
			return err
		}
	}
	return nil
}

// clashes yields the places of decisions that cannot stand beside an earlier one
// of the list, and why.
func clashes(list []Decision) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		byAD, matched := map[string][]Decision{}, map[string]string{}
		for i, d := range list {
			clash := ""
			for _, earlier := range byAD[d.ADID] {
				one := earlier.Verdict
				switch {
				case earlier.M365ID == d.M365ID && one != d.Verdict:
					clash = fmt.Sprintf("another line says %s of the same", one)
				case one == match.VerdictMatch && d.Verdict == match.VerdictMatch && earlier.M365ID != d.M365ID:
					clash = "another line matches the user with another mailbox"
				case one == match.VerdictMatch && d.Verdict == match.VerdictIgnore, one == match.VerdictIgnore && d.Verdict == match.VerdictMatch:
					clash = "another line says " + string(one) + " of this user"
				}
			}
			if d.Verdict == match.VerdictMatch {
				if ad, ok := matched[d.M365ID]; ok && ad != d.ADID {
					clash = "another line gives the mailbox to another user"
				}
				matched[d.M365ID] = d.ADID
			}
			byAD[d.ADID] = append(byAD[d.ADID], d)
			if clash != "" && !yield(i, clash) {
				return
			}
		}
	}
}

var objectID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// CheckDecisions yields the places of exported decisions that cannot be kept, and
// why. Ids are in lower case.
func CheckDecisions(given []Decision) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i, d := range given {
			problem := ""
			switch wantsBox := d.Verdict != match.VerdictIgnore; {
			case wantsBox && d.Verdict != match.VerdictMatch && d.Verdict != match.VerdictReject:
				problem = fmt.Sprintf("the decision %q is none of match, reject, ignore", d.Verdict)
			case !objectID.MatchString(d.ADID):
				problem = fmt.Sprintf("ad_id %q is not an objectGUID", d.ADID)
			case wantsBox && !objectID.MatchString(d.M365ID):
				problem = fmt.Sprintf("m365_id %q is not an object id", d.M365ID)
			case !wantsBox && d.M365ID != "":
				problem = "ignore is about the AD user alone: leave m365_id empty"
			}
			if problem != "" && !yield(i, problem) {
				return
			}
		}
		for i, clash := range clashes(given) {
			if !yield(i, clash) {
				return
			}
		}
	}
}

// Decisions lists what was decided by hand for a customer.
func (im *Importer) Decisions(ctx context.Context, customerSel string) ([]Decision, error) {
	reg, err := im.read(ctx, customerSel, noAccounts)
	if err != nil {
		return nil, err
	}
	return reg.decisions.sorted(), nil
}

// ImportDecisions keeps decisions as they were exported: by id, whether or not
// the users are known here yet. They take effect with the next match.
func (im *Importer) ImportDecisions(ctx context.Context, customerSel string, given []Decision) (DecisionsResult, error) {
	for i, problem := range CheckDecisions(given) {
		return DecisionsResult{}, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("decision %d: %s", i+1, problem)}
	}
	result := DecisionsResult{Applied: true}
	var err error
	result.Run, err = im.change(ctx, customerSel, "decisions import", false, func(d *draft) error {
		result.Customer, result.Unchanged, result.Decisions = d.reg.customer.name, 0, []Decision{}
		if err := d.decisions.check(given); err != nil {
			return err
		}
		for _, g := range given {
			g.DecidedAt = parseTime(d.now)
			if d.decisions.decide(g) {
				result.Decisions = append(result.Decisions, g)
			} else {
				result.Unchanged++
			}
		}
		return nil
	})
	return result, err
}

// ForgetDecisions lifts the decisions about the users that are named by id or
// by the name they had, or all. Pairs that stand keep standing.
func (im *Importer) ForgetDecisions(ctx context.Context, customerSel string, sels []string, all bool) (DecisionsResult, error) {
	result := DecisionsResult{Applied: true}
	var err error
	result.Run, err = im.change(ctx, customerSel, "decisions forget", false, func(d *draft) error {
		result.Customer, result.Decisions = d.reg.customer.name, []Decision{}
		s := newSelectors(sels)
		names := map[string][]string{} // an AD user's account goes by more names than its decision
		for _, a := range d.accounts() {
			names[string(a.adID)] = []string{a.id, a.username, a.upn, a.email, string(a.adDN)}
		}
		for _, old := range d.decisions.sorted() {
			// Several decisions about one user are one hit.
			hit := s.offer(old.ADID, fmt.Sprintf("%s (id %s)", old.ADName, old.ADID), append(names[old.ADID], old.ADID, old.ADName)...)
			if all || len(hit) > 0 || s.names(old.ADID) {
				result.Decisions = append(result.Decisions, old)
				delete(d.decisions, decisionKey{old.ADID, old.M365ID})
			}
		}
		return s.check("decision about", "`qpimport decisions` lists them")
	})
	return result, err
}

// names says whether a selector has hit this id.
func (s *selectors) names(id string) bool {
	for _, hits := range s.hits {
		for _, h := range hits {
			if h.id == id {
				return true
			}
		}
	}
	return false
}

// Decide takes decisions on a customer's accounts and mailboxes and carries the
// matches out. Every row is checked before any is applied; what is wrong is
// reported for all rows at once.
func (im *Importer) Decide(ctx context.Context, customerSel string, rows []DecisionRow, dry bool) (MatchResult, error) {
	reg, err := im.read(ctx, customerSel, noAccounts)
	if err != nil {
		return MatchResult{}, err
	}
	if err := reg.canMatch(reg.customer.mode); err != nil {
		return MatchResult{}, err
	}
	mailboxes, tenant, err := im.readTenant(ctx, reg, false)
	if err != nil {
		return MatchResult{}, err
	}
	var result MatchResult
	run, err := im.change(ctx, reg.customer.id, "match --decisions", dry, func(d *draft) (err error) {
		if err := reg.canMatch(d.mode); err != nil {
			return err
		}
		d.identify(source.M365, tenant.ID)
		result, err = d.decide(rows, mailboxes)
		return err
	})
	if err != nil {
		return MatchResult{}, err
	}
	result.Applied, result.Run = !dry, run
	return result, nil
}

// decide drafts decisions.
func (d *draft) decide(rows []DecisionRow, mailboxes []*source.User) (MatchResult, error) {
	result := emptyMatch(d.reg.customer.name)
	accounts, boxes := make([]*account, len(rows)), make([]*source.User, len(rows))
	ads, m365s := make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		ads[i], m365s[i] = row.AD, row.M365
	}
	adSel, m365Sel := newSelectors(ads), newSelectors(m365s)
	for _, a := range d.accounts() {
		for _, i := range adSel.offerAccount(a) {
			accounts[i] = a
		}
	}
	for i := range mailboxes {
		for _, j := range m365Sel.offerUser(mailboxes[i]) {
			boxes[j] = mailboxes[i]
		}
	}

	var problems []string
	bad := func(row DecisionRow, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("line %d: ", row.Row)+fmt.Sprintf(format, args...))
	}
	holder := map[string]*account{}
	for _, a := range d.accounts() {
		if a.m365ID != "" {
			holder[string(a.m365ID)] = a
		}
	}
	var sound []Decision // what is right by itself, and
	var rowOf []int      // in which row it stands
	for i, row := range rows {
		a, box := accounts[i], boxes[i]
		before := len(problems)
		wantsBox := row.Verdict == match.VerdictMatch || row.Verdict == match.VerdictReject
		switch {
		case !wantsBox && row.Verdict != match.VerdictIgnore:
			bad(row, "the decision %q is none of match, reject, ignore", row.Verdict)
		case len(adSel.hits[i]) == 0:
			bad(row, "no account %q", row.AD)
		case len(adSel.hits[i]) > 1:
			bad(row, "%q names several accounts", row.AD)
		case !wantsBox && a.m365ID != "":
			bad(row, "%s is matched with %s: part them before the user is ignored", accountLabel(a), a.m365UPN)
		case !wantsBox:
		case row.M365 == "":
			bad(row, "%s needs a mailbox", row.Verdict)
		case len(m365Sel.hits[i]) == 0:
			bad(row, "no Microsoft 365 user %q", row.M365)
		case len(m365Sel.hits[i]) > 1:
			bad(row, "%q names several Microsoft 365 users", row.M365)
		case row.Verdict == match.VerdictReject:
		case box.Email == "":
			bad(row, "%s has no address and so no mailbox", userLabel(box))
		case a.m365ID != "" && string(a.m365ID) != box.ID:
			bad(row, "%s is matched with %s already", accountLabel(a), a.m365UPN)
		default:
			if other := holder[box.ID]; other != nil && other != a {
				bad(row, "the mailbox %s is %s's already", userLabel(box), accountLabel(other))
			}
		}
		if len(problems) > before {
			continue
		}
		decision := Decision{Verdict: row.Verdict, ADID: string(a.adID)}
		if wantsBox {
			decision.M365ID = box.ID
		}
		sound, rowOf = append(sound, decision), append(rowOf, i)
	}
	for at, clash := range clashes(sound) {
		bad(rows[rowOf[at]], "%s: %s", accountLabel(accounts[rowOf[at]]), clash)
	}
	if len(problems) > 0 {
		return result, &source.Error{Code: source.CodeUsage, Message: "nothing was applied: " + strings.Join(problems, "; "), Hint: "correct these lines and run the command again"}
	}

	for i, row := range rows {
		a, box := accounts[i], boxes[i]
		u, err := a.user(source.AD)
		if err != nil {
			return result, err
		}
		decision := Decision{Verdict: row.Verdict, Reason: row.Reason, ADID: u.ID, ADName: u.DisplayName, DecidedAt: parseTime(d.now)}
		if row.Verdict != match.VerdictIgnore {
			decision.M365ID, decision.M365Name = box.ID, box.DisplayName
		}
		row.ADName, row.M365Name = decision.ADName, decision.M365Name
		row.Outcome = "unchanged"
		if d.decisions.decide(decision) {
			row.Outcome = "recorded"
		}
		result.Decisions = append(result.Decisions, row)
		switch row.Verdict {
		case match.VerdictMatch:
			pair := MatchedPair{AD: viewUser(u, true), M365: viewUser(box, true), Reason: ReasonDecision, Confidence: 1, Evidence: []match.Evidence{}}
			if pair.Unchanged = a.m365ID != ""; pair.Unchanged {
				result.Counts.AlreadyMatched++
			} else {
				a.pair(box, matchNote{Reason: ReasonDecision, Confidence: 1})
				result.Counts.Matched++
			}
			result.Pairs = append(result.Pairs, pair)
		case match.VerdictReject:
			if string(a.m365ID) != box.ID {
				continue
			}
			pair, err := a.matchedPair()
			if err != nil {
				return result, err
			}
			a.unpair()
			result.Unpaired = append(result.Unpaired, pair)
			result.Counts.Unpaired++
		}
	}
	return result, d.leave(&result, mailboxes)
}

// ReasonDecision is the reason of a pair that was decided by hand.
const ReasonDecision = "decision"
