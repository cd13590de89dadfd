package match

import (
	"cmp"
	"slices"
	"strings"
)

// values gives the two values that a rule compared, normalised.
func (e *engine) values(r int, i int32, c *candidate) (ad, m365 string) {
	a, m := e.sheet.ad[i].user, e.sheet.m365[c.m365].user
	switch r {
	case ruleAnchor:
		if l := c.levels[ruleAnchor]; l == anchorSID || l == anchorGone || m.ImmutableID == "" {
			return a.SID, m.SID
		}
		return anchor(cmp.Or(a.ConsistencyGUID, a.ID)), m.ImmutableID
	case ruleOnPrem:
		return onPrem(a), onPrem(m)
	case ruleAddress:
		boxes := addressesOf(m)
		if upn := login(m.UPN); !slices.Contains(boxes, upn) {
			boxes = append(boxes, upn)
		}
		return common(addressesOf(a), boxes)
	case ruleUPN:
		return login(a.UPN), login(m.UPN)
	case ruleEmployee:
		return employeeID(a.EmployeeID), employeeID(m.EmployeeID)
	case ruleLogin:
		return common(loginsOf(a), loginsOf(m))
	case rulePhone:
		return commonPhone(phonesOf(a), phonesOf(m))
	case ruleName, ruleInitial, ruleGeneration, ruleNumber, ruleRemark, ruleSalutation, ruleAlphabet:
		return shownName(&e.sheet.ad[i]), shownName(&e.sheet.m365[c.m365])
	case ruleDepartment:
		return strings.Join(plainWords(a.Department), " "), strings.Join(plainWords(m.Department), " ")
	case ruleTitle:
		return strings.Join(plainWords(a.Title), " "), strings.Join(plainWords(m.Title), " ")
	}
	return "", ""
}

// common is the first value that both have, or else all of each.
func common(a, m []string) (string, string) {
	for _, v := range a {
		if slices.Contains(m, v) {
			return v, v
		}
	}
	return strings.Join(a, " "), strings.Join(m, " ")
}

// commonPhone is the first number that both have, or else all of each.
func commonPhone(a, m []number) (string, string) {
	var ad, m365 []string
	for _, x := range a {
		for _, y := range m {
			if x.equals(y) {
				return x.String(), y.String()
			}
		}
		ad = append(ad, x.String())
	}
	for _, y := range m {
		m365 = append(m365, y.String())
	}
	return strings.Join(ad, " "), strings.Join(m365, " ")
}

// shownName is the name as it was compared, before its words were taken apart.
func shownName(p *profile) string {
	if k := Key(p.user.DisplayName); k != "" {
		return k
	}
	return Key(p.user.GivenName + " " + p.user.Surname)
}
