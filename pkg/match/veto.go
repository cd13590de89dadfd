package match

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

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

// vetoer finds hard evidence that two users of one display name are not one
// person. It is the short way to the levels of [rules] that the full comparison
// would find, for users that are compared with one other only.
type vetoer struct {
	rules    [ruleCount]rule
	lexicon  *lexicon
	origins  origins
	employee map[string]int // AD user by employee id, -1 several
	address  map[string]int // mailbox by address, -1 several
	mail     map[string]int // AD user by mail, -1 several
}

func newVetoer(t *table) *vetoer {
	v := &vetoer{rules: rules(), lexicon: newLexicon(), origins: findOrigins(t.ad, t.m365), employee: map[string]int{}, mail: map[string]int{}, address: make(map[string]int, 2*len(t.m365))}
	add := func(m map[string]int, key string, n int) {
		if key == "" {
			return
		}
		if old, ok := m[key]; ok && old != n {
			n = -1
		}
		m[key] = n
	}
	for i, p := range t.ad { // who is disabled keeps his address and number
		mail, id := address(p.Email), employeeID(p.EmployeeID)
		if mail == "" && id == "" || v.lexicon.accounts.classify(p.User) != "" {
			continue
		}
		add(v.mail, mail, i)
		add(v.employee, id, i)
	}
	for j, p := range t.m365 {
		if t.m365Skip[j] != "" {
			continue
		}
		add(v.address, strings.ToLower(p.Email), j)
		for _, a := range p.Addresses {
			if len(a) > 5 && strings.EqualFold(a[:5], "smtp:") {
				add(v.address, strings.ToLower(a[5:]), j)
			}
		}
	}
	return v
}

// against lists what contradicts the pair of AD user i and mailbox j.
func (v *vetoer) against(i, j int, a, m *source.User) []Evidence {
	var out []Evidence
	add := func(r int, level uint8, ad, m365 string) {
		if l := v.rules[r].levels[level]; level != 0 && (l.force == veto || l.force == against) {
			out = append(out, Evidence{v.rules[r].name, l.weight, ad, m365, l.text})
		}
	}
	add(ruleAnchor, v.origins.level(int32(i), int32(j)), anchor(a.ID), m.ImmutableID)

	x, y := employeeID(a.EmployeeID), employeeID(m.EmployeeID)
	switch owner, ok := v.employee[y]; {
	case y == "" || x == y:
	case x != "":
		add(ruleEmployee, employeeDiffers, x, y)
	case ok && owner >= 0 && owner != i:
		add(ruleEmployee, employeeElsewhere, x, y)
	}
	if owner, ok := v.mail[address(m.Email)]; ok && owner >= 0 && owner != i {
		add(ruleAddress, addressOthers, strings.ToLower(a.Email), strings.ToLower(m.Email))
	}
	if mail := strings.ToLower(a.Email); mail != "" {
		if owner, ok := v.address[mail]; ok && owner >= 0 && owner != j {
			add(ruleAddress, addressElsewhere, mail, strings.ToLower(m.Email))
		}
	}
	if Key(a.GivenName+" "+a.Surname) != Key(m.GivenName+" "+m.Surname) || a.Initials != "" {
		p, q := v.lexicon.marks(a), v.lexicon.marks(m)
		add(ruleGeneration, generationLevel(p.generation, q.generation), p.shown, q.shown)
		add(ruleInitial, initialLevel(p.initials, p.middle, q.initials, q.middle), p.shown, q.shown)
	}

	// A department or title changes with the years. It counts where nothing
	// else than the name speaks for the pair.
	d, e := plainWords(a.Department), plainWords(m.Department)
	s, u := plainWords(a.Title), plainWords(m.Title)
	department, title := sameWords(d, e), sameWords(s, u)
	if department != sameEqual && title != sameEqual && (x == "" || x != y) && !v.shareAddress(a, m) && !sharePhone(a, m) {
		add(ruleDepartment, department, strings.Join(d, " "), strings.Join(e, " "))
		add(ruleTitle, title, strings.Join(s, " "), strings.Join(u, " "))
	}
	// One generation mark may have been left out.
	return slices.DeleteFunc(out, func(e Evidence) bool {
		return e.Text == v.rules[ruleGeneration].levels[generationOneSide].text
	})
}

// shareAddress says whether AD's mail is an address of the mailbox.
func (v *vetoer) shareAddress(a, m *source.User) bool {
	if a.Email == "" {
		return false
	}
	return strings.EqualFold(a.Email, m.Email) || slices.ContainsFunc(m.Addresses, func(x string) bool {
		return len(x) > 5 && strings.EqualFold(x[:5], "smtp:") && strings.EqualFold(x[5:], a.Email)
	})
}

func sharePhone(a, m *source.User) bool {
	mobile := phone(a.Mobile)
	return mobile != "" && mobile == phone(m.Mobile)
}

// marks are what tells namesakes apart within a name.
type marks struct {
	generation       uint8
	initials, middle uint32
	shown            string
}

func (x *lexicon) marks(u *source.User) marks {
	m := marks{shown: strings.Join(strings.Fields(Key(u.DisplayName+" / "+u.GivenName+" "+u.Initials+" "+u.Surname)), " ")}
	for _, n := range x.namesOf(u) {
		if n.generation != "" {
			m.generation = generationNumbers[n.generation]
		}
		for k, c := range n.letters {
			if len(n.given) > 0 || k > 0 {
				m.initials |= letterBit(c)
			}
		}
		for _, w := range n.middle {
			if plain, _ := asciiForms(w); plain != "" {
				m.middle |= letterBit(plain[0])
			}
		}
	}
	return m
}
