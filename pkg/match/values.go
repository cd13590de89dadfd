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
	case ruleName:
		if contradicts(c.levels[r]) {
			return allNames(&e.sheet.ad[i]), allNames(&e.sheet.m365[c.m365])
		}
		return shownName(&e.sheet.ad[i]), shownName(&e.sheet.m365[c.m365])
	case ruleInitial, ruleGeneration, ruleNumber, ruleRemark, ruleSalutation, ruleAlphabet:
		return shownName(&e.sheet.ad[i]), shownName(&e.sheet.m365[c.m365])
	case ruleDepartment:
		return e.label(e.sheet.ad[i].department), e.label(e.sheet.m365[c.m365].department)
	case ruleTitle:
		return e.label(e.sheet.ad[i].title), e.label(e.sheet.m365[c.m365].title)
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

// label is a department or title as it is compared.
func (e *engine) label(n int32) string { return strings.Join(e.meaning[n], " ") }

// allNames are the spellings of a name where they are not one.
func allNames(p *profile) string {
	names := []string{shownName(p)}
	add := func(name string) {
		if name = Key(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if p.user.GivenName != "" && p.user.Surname != "" && len(p.views) > 1 {
		add(p.user.GivenName + " " + p.user.Surname)
	}
	if p.commonName != nil {
		add(commonName(p.user.DN))
	}
	return strings.Join(names, " / ")
}

// shownName is the name as it was compared, before its words were taken apart.
func shownName(p *profile) string {
	if k := Key(p.user.DisplayName); k != "" {
		return k
	}
	return Key(p.user.GivenName + " " + p.user.Surname)
}
