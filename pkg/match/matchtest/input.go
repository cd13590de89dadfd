package matchtest

import "github.com/qpimport/qpimport/pkg/match"

// Input is the company as it is matched.
func (c *Company) Input() match.Input {
	var in match.Input
	for i := range c.AD {
		in.AD = append(in.AD, match.Person{User: &c.AD[i]})
	}
	for i := range c.M365 {
		in.M365 = append(in.M365, match.Person{User: &c.M365[i]})
	}
	return in
}

// IDs are the pairs of a result, AD user first, as [Company.Score] takes them.
func IDs(r match.Result) [][2]string {
	var ids [][2]string
	for _, p := range r.Pairs {
		ids = append(ids, [2]string{p.AD.ID, p.M365.ID})
	}
	return ids
}
