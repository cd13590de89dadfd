package matchtest

import (
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Score is how good a list of pairs is.
type Score struct{ Pairs, Right, Wrong, True int }

// Precision is the share of the pairs that are right, 1 without pairs.
func (s Score) Precision() float64 {
	if s.Pairs == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Pairs)
}

// Recall is the share of the true pairs that were found.
func (s Score) Recall() float64 { return float64(s.Right) / float64(max(1, s.True)) }

// Add sums scores up.
func (s Score) Add(t Score) Score {
	return Score{s.Pairs + t.Pairs, s.Right + t.Right, s.Wrong + t.Wrong, s.True + t.True}
}

// Score holds pairs of ids, AD's first, against the truth.
func (c *Company) Score(pairs [][2]string) Score {
	s := Score{Pairs: len(pairs), True: len(c.Truth)}
	for _, p := range pairs {
		if c.Truth[p[0]] == p[1] {
			s.Right++
		} else {
			s.Wrong++
		}
	}
	return s
}

// EqualDisplayName pairs by an equal display name, as scripts do.
func (c *Company) EqualDisplayName() [][2]string {
	keys := func(u *source.User) []string { return lower([]string{u.DisplayName}) }
	return c.pair(keys, keys)
}

// EqualUPN pairs by an equal user principal name.
func (c *Company) EqualUPN() [][2]string {
	keys := func(u *source.User) []string { return lower([]string{u.UPN}) }
	return c.pair(keys, keys)
}

// LoginAtMailDomain pairs by the address that AD's sAMAccountName makes with the
// domain that most mailboxes are in.
func (c *Company) LoginAtMailDomain() [][2]string {
	domains, domain := map[string]int{}, ""
	for i := range c.M365 {
		_, d, _ := strings.Cut(c.M365[i].Email, "@")
		if domains[d]++; domains[d] > domains[domain] {
			domain = d
		}
	}
	return c.pair(func(u *source.User) []string { return lower([]string{u.Username + "@" + domain}) },
		func(u *source.User) []string { return lower(append(smtp(u), u.UPN)) })
}

// GivenNameAndSurname pairs by equal given names and surnames.
func (c *Company) GivenNameAndSurname() [][2]string {
	keys := func(u *source.User) []string { return lower(bothNames(u)) }
	return c.pair(keys, keys)
}

// bothNames is given name and surname as one key, none where one is missing.
func bothNames(u *source.User) []string {
	if u.GivenName == "" || u.Surname == "" {
		return nil
	}
	return []string{u.GivenName + "\x00" + u.Surname}
}

// EntraSoftMatch pairs as Entra Connect's soft match does: by an equal user
// principal name, or AD's primary address among the mailbox's.
func (c *Company) EntraSoftMatch() [][2]string {
	return c.pair(func(u *source.User) []string { return []string{u.UPN, u.Email} },
		func(u *source.User) []string { return append([]string{u.UPN}, smtp(u)...) })
}

// OktaExact pairs by an equal username or e-mail address.
func (c *Company) OktaExact() [][2]string {
	keys := func(u *source.User) []string { return []string{u.UPN, u.Email} }
	return c.pair(keys, keys)
}

// OktaPartial is [Company.OktaExact] and, for who is left, an equal first and
// last name.
func (c *Company) OktaPartial() [][2]string {
	pairs := c.OktaExact()
	doneAD, doneM365 := map[string]bool{}, map[string]bool{}
	for _, p := range pairs {
		doneAD[p[0]], doneM365[p[1]] = true, true
	}
	for _, p := range c.pair(bothNames, bothNames) {
		if !doneAD[p[0]] && !doneM365[p[1]] {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

func lower(keys []string) []string {
	for k := range keys {
		keys[k] = strings.ToLower(keys[k])
	}
	return keys
}

func smtp(u *source.User) []string {
	var out []string
	for _, a := range u.Addresses {
		if len(a) > 5 {
			out = append(out, a[5:])
		}
	}
	return out
}

// pair joins enabled users of both sides by the first key that leads to a
// mailbox which is still free.
func (c *Company) pair(adKeys, m365Keys func(*source.User) []string) [][2]string {
	byKey := map[string]string{}
	for i := range c.M365 {
		u := &c.M365[i]
		if u.SkipReason() != "" {
			continue
		}
		for _, k := range m365Keys(u) {
			if _, ok := byKey[k]; !ok && k != "" {
				byKey[k] = u.ID
			}
		}
	}
	var out [][2]string
	used := map[string]bool{}
	for i := range c.AD {
		u := &c.AD[i]
		if u.SkipReason() != "" {
			continue
		}
		for _, k := range adKeys(u) {
			if id := byKey[k]; id != "" && !used[id] {
				used[id] = true
				out = append(out, [2]string{u.ID, id})
				break
			}
		}
	}
	return out
}
