package match

import (
	"cmp"
	"slices"
	"strings"
)

// values gives the two values that a rule compared, normalised.
func (e *engine) values(r int, i int32, c *candidate) (ad, m365 string) {
	a, m := &e.sheet.ad[i], &e.sheet.m365[c.m365]
	text := func(n int32) string { return e.texts[n] }
	common := func(x, y []int32) (string, string) {
		for _, n := range x {
			if slices.Contains(y, n) {
				return text(n), text(n)
			}
		}
		return e.list(x), e.list(y)
	}
	switch r {
	case ruleAnchor:
		return anchor(cmp.Or(a.user.ConsistencyGUID, a.user.ID)), m.user.ImmutableID
	case ruleOnPrem:
		return text(a.onPrem), text(m.onPrem)
	case ruleAddress:
		if x, y := common(a.addresses, append(slices.Clone(m.addresses), m.upn)); x == y {
			return x, y
		}
		return text(a.mail), e.list(m.addresses)
	case ruleUPN:
		return text(a.upn), text(m.upn)
	case ruleEmployee:
		return text(a.employee), text(m.employee)
	case ruleLogin:
		return common(a.logins, m.logins)
	case rulePhone:
		return common(a.phones, m.phones)
	case ruleName, ruleInitial, ruleGeneration:
		return shownName(a), shownName(m)
	case ruleDepartment:
		return e.list(a.department), e.list(m.department)
	case ruleTitle:
		return e.list(a.title), e.list(m.title)
	}
	return "", ""
}

func (e *engine) list(numbers []int32) string {
	var out []string
	for _, n := range numbers {
		out = append(out, e.texts[n])
	}
	return strings.Join(out, " ")
}

// shownName is the name as it was compared, before its words were taken apart.
func shownName(p *profile) string {
	if k := Key(p.user.DisplayName); k != "" {
		return k
	}
	return Key(p.user.GivenName + " " + p.user.Surname)
}
