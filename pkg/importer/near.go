package importer

import (
	"cmp"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// called is one name that something goes by.
type called struct {
	whose string // what goes by it: one name of each is proposed
	name  string
	sel   string // what finds it, where the name does not; "" is the name
	of    string // the customer, where there are several
}

// proposed is the name as it is proposed. It may be a directory's: it stays on its line.
func (c called) proposed() string {
	name := oneLine(cmp.Or(c.sel, c.name))
	if strings.ContainsAny(name, " ,") {
		name = `"` + strings.ReplaceAll(name, `"`, `\"`) + `"` // and no more, so that it can be typed
	}
	if c.sel != "" && !strings.Contains(c.sel, c.name) {
		name += " (" + oneLine(c.name) + ")" // whose name it is would not be seen
	}
	if c.of != "" {
		name += " of " + oneLine(c.of)
	}
	return name
}

// oneLine folds white space, line breaks above all: text of a directory is not to look
// like another line of ours.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// mostMissing bounds for how many names that nobody goes by others are looked for: each
// time all that there is is looked at.
const mostMissing = 3

// meant says what names that find nothing may have been meant for, "" where nothing is
// like them.
func meant(missing []string, there iter.Seq[called]) string {
	if there == nil {
		return ""
	}
	var all []string
	for _, name := range missing[:min(mostMissing, len(missing))] {
		var few []string
		for _, c := range nearest(name, there) {
			few = append(few, c.proposed())
		}
		if len(few) == 0 {
			continue
		}
		one := strings.Join(few, ", ")
		if len(missing) > 1 {
			one += fmt.Sprintf(" for %q", name)
		}
		all = append(all, one)
	}
	return strings.Join(all, "; ")
}

// begun is how far away a name is that begins with what was given, and leastBegun how
// much that has to be.
const (
	begun      = 2
	leastBegun = 3
)

// nearest is what a name may have been meant for, at most three that are equally near:
// what is a third of its letters or fewer away, however it is spelled, or begins with it.
// A domain, an OU or a path that both have does not count.
func nearest(name string, there iter.Seq[called]) []called {
	w := newWanted(name)
	var found []called
	most := max(len(w.key)/2, begun) // a third of the longer of two names is no more than half of the shorter
	for c := range there {
		d, near := w.from(c.name, most)
		if !near {
			continue
		}
		if d < most {
			found, most = nil, d // beside what is nearer the others are hardly meant
		}
		if len(found) < 3 && !slices.ContainsFunc(found, func(o called) bool { return o.whose == c.whose }) {
			found = append(found, c)
		}
	}
	return found
}

// wanted is a name that others are held against.
type wanted struct {
	name    string
	key     []rune
	letters uint64
}

func newWanted(name string) wanted {
	if _, user, ok := source.DomainUser(name); ok { // whose domain may be the mistake
		name = user
	}
	key := []rune(nameKey(name))
	return wanted{strings.TrimSpace(name), key, letters(key)}
}

// from says how far away a name is, and whether that is near: no more than most.
func (w wanted) from(name string, most int) (d int, near bool) {
	d = most + 1
	if len(w.key) >= leastBegun && len(name) > len(w.name) && strings.EqualFold(name[:len(w.name)], w.name) {
		d = begun
	}
	if name != "" && mayBeNear(len(w.key), len(name), most) && !tooManyOthers(w.letters, name, most) {
		a, b := ownParts(w.key, []rune(nameKey(name)))
		limit := min(most, max(len(a), len(b))/3)
		if apart := distance(a, b, limit); apart <= limit {
			d = min(d, apart)
		}
	}
	return d, d <= most
}

// mayBeNear says whether a name of so many bytes may be so near to one of so many
// letters. A letter is four bytes at most, and a key can be twice as long as its name.
func mayBeNear(letters, bytes, most int) bool {
	return bytes >= (letters-most)/2 && bytes <= (letters+most)*utf8.UTFMax+8
}

// tooManyOthers says, at no cost, that a name has other letters than one that is
// most away from it: each step changes two of the letters that there are at all.
func tooManyOthers(has uint64, name string, most int) bool {
	var set uint64
	for i := 0; i < len(name); i++ {
		b := name[i]
		if b >= utf8.RuneSelf {
			return false // its key may have other letters
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		set |= 1 << (b % 64)
	}
	const space = 1 << ' ' // which a key may have fewer of
	return bits.OnesCount64((has^set)&^space) > 2*most
}

// ownParts are two names without the domain or the containers that both end in and the
// path that both begin with.
func ownParts(a, b []rune) (x, y []rune) {
	same, cut := 0, 0
	for same < min(len(a), len(b)) && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
		if r := a[len(a)-same]; r == '@' || r == ',' {
			cut = same
		}
	}
	a, b = a[:len(a)-cut], b[:len(b)-cut]
	cut = 0
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			cut = i + 1
		}
	}
	return a[cut:], b[cut:]
}

// distance counts the letters to put in, take out or replace and the neighbours to
// swap to make a of b; more than most is most+1.
func distance(a, b []rune, most int) int {
	far := most + 1
	if most < 0 || max(len(a), len(b))-min(len(a), len(b)) > most || bits.OnesCount64(letters(a)^letters(b)) > 2*most {
		return far
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i, x := range a {
		row[0] = i + 1
		least := row[0]
		for j, y := range b {
			d := last[j]
			if x != y {
				d++
			}
			d = min(d, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y {
				d = min(d, before[j-1]+1)
			}
			row[j+1] = d
			least = min(least, d)
		}
		if least > far { // a swap reaches back over one row
			return far
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], far)
}

// letters has a bit for each letter in a name; some share one.
func letters(name []rune) uint64 {
	var set uint64
	for _, r := range name {
		set |= 1 << (r % 64)
	}
	return set
}

// namesOfAccounts are the names of the accounts of customers.
func namesOfAccounts(customers ...*registry.Snapshot) iter.Seq[called] {
	return func(yield func(called) bool) {
		for _, snap := range customers {
			of := ""
			if len(customers) > 1 {
				of = snap.Customer.Name
			}
			for _, a := range snap.Accounts {
				if a == nil {
					continue
				}
				for _, name := range accountNames(a)[accountIDs:] {
					if !yield(called{whose: a.ID, name: name, of: of}) {
						return
					}
				}
				if !yield(called{whose: a.ID, name: a.DisplayName, sel: selOf(a), of: of}) {
					return
				}
			}
		}
	}
}

// namesOfUsers are the names of users of a directory.
func namesOfUsers(users iter.Seq[*source.User]) iter.Seq[called] {
	return func(yield func(called) bool) {
		for u := range users {
			for _, name := range []string{u.Username, u.UPN, u.Email, u.OnPremUsername, u.DN} {
				if !yield(called{whose: u.ID, name: name}) {
					return
				}
			}
			if !yield(called{whose: u.ID, name: u.DisplayName, sel: cmp.Or(u.Username, u.UPN, u.Email, u.ID)}) {
				return
			}
		}
	}
}

// namesOfOUs are the names of a directory's containers. A path is what people type.
func namesOfOUs(containers []source.Container) iter.Seq[called] {
	return func(yield func(called) bool) {
		for _, c := range containers {
			path := source.CanonicalPath(c.DN)
			_, below, _ := strings.Cut(path, "/")
			if !yield(called{whose: c.DN, name: c.DN}) || !yield(called{whose: c.DN, name: path}) ||
				!yield(called{whose: c.DN, name: c.Name, sel: path}) || !yield(called{whose: c.DN, name: below, sel: path}) {
				return
			}
		}
	}
}

// namesOfGroups are the names of a directory's groups.
func namesOfGroups(groups []source.Group) iter.Seq[called] {
	return func(yield func(called) bool) {
		for _, g := range groups {
			for _, name := range []string{g.Name, g.DN, g.Account, g.Email} {
				if !yield(called{whose: g.ID, name: name}) {
					return
				}
			}
		}
	}
}
