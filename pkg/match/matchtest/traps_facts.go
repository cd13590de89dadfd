package matchtest

import (
	"fmt"
	"strings"

	"github.com/mozillazg/go-unidecode"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// ascii writes a name in Latin letters without marks.
func ascii(name string) string {
	return strings.Join(strings.Fields(unidecode.Unidecode(name)), " ")
}

func givenNames() []trap {
	var out []trap
	for _, by := range []struct {
		name string
		set  func(s *stage, a, box *match.Person)
	}{
		{"department and title", func(s *stage, a, box *match.Person) { s.job(a, box) }},
		{"an address", func(s *stage, a, box *match.Person) {
			s.at(box, pick(s.maker, []string{plain(a.GivenName)[:1] + "." + plain(a.Surname), plain(a.Surname), "desk", "team" + plain(a.Surname)}))
			s.mail(a, box)
		}},
		{"a telephone", func(s *stage, a, box *match.Person) { s.mobile(a, box) }},
		{"address, department and title", func(s *stage, a, box *match.Person) { s.mail(a, box); s.job(a, box) }},
		{"a logon name", func(s *stage, a, box *match.Person) { box.OnPremUsername = a.Username; s.at(box, a.Username) }},
	} {
		out = append(out,
			trap{kindGiven, "a letter apart, and " + by.name, func(s *stage) string {
				w, x := s.pair(oneLetter)
				a, box := s.user(w), s.mailbox(x)
				by.set(s, a, box)
				s.never(a, box)
				return fmt.Sprintf("%s and %s are two given names, not a slip; %s went from one to the other, or is shared.", w.given, x.given, by.name)
			}},
			trap{kindGiven, "names that sound alike, and " + by.name, func(s *stage) string {
				w, x := s.pair(soundsLike)
				a, box := s.user(w), s.mailbox(x)
				by.set(s, a, box)
				s.never(a, box)
				return fmt.Sprintf("%s and %s are two given names; %s is no proof of one person.", w.given, x.given, by.name)
			}},
		)
	}
	return append(out,
		trap{kindGiven, "names that the customer's own people carry", func(s *stage) string {
			base := pick(s.maker, beginnings) + pick(s.maker, []string{"in", "am", "el", "or", "ir", "ov", "an"})
			w := s.named(base + "a")
			x := w
			x.given = base + pick(s.maker, []string{"e", "o", "i"})
			s.take(x)
			for _, given := range []string{w.given, x.given} {
				c := s.who()
				c.given = given
				s.colleague(s.user(c), s.mailbox(c))
			}
			a, box := s.user(w), s.mailbox(x)
			s.at(box, plain(w.surname))
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("Others here are called %s and %s: both are names, and neither is a slip of the other.", w.given, x.given)
		}},
		trap{kindGiven, "twins, of whom each has an account on one side", func(s *stage) string {
			w, x := s.pair(oneLetter)
			a, box := s.user(w), s.mailbox(x)
			s.at(box, plain(w.surname))
			s.mail(a, box)
			s.mobile(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are twins and share address and telephone.", w, x)
		}},
		trap{kindGiven, "twins, of whom one has a mailbox", func(s *stage) string {
			w, x := s.pair(oneLetter)
			a, twin, box := s.user(w), s.user(x), s.mailbox(x)
			s.job(a, twin, box)
			s.mail(twin, box)
			s.employee(twin, box)
			s.never(a, box)
			s.must(twin, box)
			return fmt.Sprintf("The mailbox is that of %s by name, address and employee id; %s works beside her.", x, w)
		}},
		trap{kindGiven, "an address that is an alias of the one with the other name", func(s *stage) string {
			w, x := s.pair(oneLetter)
			a, other, box := s.user(w), s.user(x), s.mailbox(x)
			other.UPN = box.UPN
			a.Email = s.loginFor(w, true) + "@" + s.domain
			alsoAt(box, a.Email)
			s.job(a, other, box)
			s.never(a, box)
			return fmt.Sprintf("The address of %s was forwarded to %s when the former left; the mailbox is the latter's, whose UPN it has.", w, x)
		}},
		trap{kindGiven, "given name and surname swapped", func(s *stage) string {
			p := s.Perm(20)
			both := strings.Fields("Thomas Ryan Martin Frank Arnold Simon Paul Ludwig Werner Friedrich Lorenz Stewart Kelly Jordan Taylor Morgan Marshall Franklin Scott Wallace")
			w := who{given: both[p[0]], surname: both[p[1]]}
			x := who{given: w.surname, surname: w.given}
			s.take(w)
			a, box := s.user(w), s.mailbox(x)
			s.job(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("%s and %s may be two people: each word is a given name and a surname.", w, x)
		}},
		trap{kindGiven, "a given name left out", func(s *stage) string {
			w := s.named(pick(s.maker, strings.Fields("Anna Marie Eva Rosa Karl Hans Jean José Juan Luis")))
			x := s.named(pick(s.maker, strings.Fields("Maria Luise Theresa Helena Heinz Peter Claude Carlos Miguel Ramón")))
			x.surname = w.surname
			x.display = x.given + " " + x.surname
			long := who{given: w.given + " " + x.given, surname: w.surname}
			long.display = long.given + " " + long.surname
			a, box := s.user(long), s.mailbox(x)
			if s.p(.5) {
				a, box = s.user(x), s.mailbox(long)
			}
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s may be one person or two; department and title do not settle it.", long, x)
		}},
		trap{kindGiven, "a surname left out", func(s *stage) string {
			given := pick(s.maker, strings.Fields("José Juan María Carmen Pilar Jorge Inés Rocío Andrés Beatriz"))
			names := strings.Fields("García López Martínez Sánchez Pérez Gómez Fernández Díaz Moreno Álvarez Romero Navarro Torres Domínguez Vázquez Ramos")
			p := s.Perm(len(names))
			long := who{given: given, surname: names[p[0]] + " " + names[p[1]], display: given + " " + names[p[0]] + " " + names[p[1]]}
			x := who{given: given, surname: names[p[1]], display: given + " " + names[p[1]]}
			s.take(long)
			a, box := s.user(long), s.mailbox(x)
			if s.p(.5) {
				a, box = s.user(x), s.mailbox(long)
			}
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s may be one person or two: both surnames are common, and department and title do not settle it.", long, x)
		}},
		trap{kindGiven, "an initial, and department and title", func(s *stage) string {
			w := s.who()
			x := w.called(ascii(w.given)[:1] + ". " + w.surname)
			a, box := s.user(w), s.mailbox(x)
			box.GivenName, box.Surname = "", ""
			s.at(box, plain(w.surname))
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s may be %s or anybody else with that initial.", x, w)
		}},
		trap{kindGiven, "a surname alone, and department and title", func(s *stage) string {
			w := s.who()
			x := w.called(w.surname)
			a, box := s.user(w), s.mailbox(x)
			box.GivenName, box.Surname = "", ""
			s.at(box, plain(w.surname))
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s may be %s or a relative.", x, w)
		}},
		trap{kindGiven, "given names in Cyrillic letters a letter apart", func(s *stage) string {
			names := strings.Split(pick(s.maker, strings.Fields("Александр/Александра Валерий/Валерия Евгений/Евгения Виктор/Виктория Юлий/Юлия Валентин/Валентина Кирилл/Кира Антон/Антонина Иван/Иванна")), "/")
			w := who{given: names[0], surname: pick(s.maker, strings.Fields("Шевченко Бондаренко Коваленко Ткаченко Кравченко Гончаренко"))}
			x := w
			x.given = names[1]
			a, box := s.user(w), s.mailbox(x)
			s.at(box, ascii(w.surname)[:3]+"."+ascii(w.given)[:2])
			if s.p(.5) {
				s.mail(a, box)
			}
			s.mobile(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are two given names; a home and a desk are shared.", names[0], names[1])
		}},
		trap{kindGiven, "a nickname, and department and title", func(s *stage) string {
			pair := pick(s.maker, strings.Fields("Robert/Bob William/Bill Richard/Rick Edward/Ted Anthony/Tony Margaret/Peggy Elizabeth/Betty Susan/Sue Deborah/Debbie Victoria/Vicky Samantha/Sam Rebecca/Becky"))
			w := s.named(strings.Split(pair, "/")[0])
			x := w
			x.given = strings.Split(pair, "/")[1]
			s.take(x)
			a, box := s.user(w), s.mailbox(x)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s may be %s or a relative; without an identifier nobody knows.", x, w)
		}},
		trap{kindGiven, "surnames a letter apart, and department and title", func(s *stage) string {
			pair := strings.Split(pick(s.maker, strings.Fields("Meier/Meyer Hansen/Hanson Schmidt/Schmitt Maier/Mayer Petersen/Peterson Nielson/Nilsson Becker/Decker Fischer/Fisher Brown/Braun Lang/Long Hoffmann/Hofmann Kramer/Cramer Reed/Reid Clark/Clarke Stuart/Steward Thomson/Thompson")), "/")
			w := s.who()
			w.surname = pair[0]
			x := w
			x.surname = pair[1]
			a, box := s.user(w), s.mailbox(x)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s are two surnames; department and title do not make them one.", w.surname, x.surname)
		}},
		trap{kindGiven, "right: a call name, with address and employee id", func(s *stage) string {
			pair := pick(s.maker, strings.Fields("Robert/Bob William/Bill Richard/Rick Michael/Mike Thomas/Tom Edward/Ed Gregory/Greg Benjamin/Ben Jennifer/Jenny Susan/Sue Patricia/Pat Christopher/Chris"))
			w := s.named(strings.Split(pair, "/")[0])
			x := w
			x.given = strings.Split(pair, "/")[1]
			s.take(x)
			a, box := s.user(w), s.mailbox(x)
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is short for %s; address and employee id agree.", x.given, w.given)
		}},
		trap{kindGiven, "right: a slip in the surname, with address and employee id", func(s *stage) string {
			w := s.who()
			x := w
			x.surname = slip(s.maker, w.surname)
			a, box := s.user(w), s.mailbox(x)
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is %s with a slip; address and employee id agree.", x, w)
		}},
	)
}

func noIdentifiers() []trap {
	// alike are two people of one name, who may do different work.
	alike := func(s *stage) (w who, a, box *match.Person, said string) {
		w = s.who()
		a, box = s.user(w), s.mailbox(w)
		if s.p(.5) {
			s.otherJobs(a, box)
			return w, a, box, "department and title differ"
		}
		return w, a, box, "nothing else is known of them"
	}
	return []trap{
		{kindNone, "names that are none", func(s *stage) string {
			w := who{display: pick(s.maker, noNames)}
			a, box := s.user(w), s.mailbox(w)
			s.job(a, box)
			if s.p(.3) {
				a.GivenName, box.GivenName = w.display, w.display
			}
			s.never(a, box)
			return fmt.Sprintf("%q is what stands where a name is missing; two accounts have that in common, not a person.", w.display)
		}},
		{kindNone, "names that are none in every attribute", func(s *stage) string {
			name := pick(s.maker, strings.Split("NULL|null|N/A|n/a|#N/A|-|TBD|TBA|Unknown|none|None|xxx|???|undefined|vacant|.|test|New", "|"))
			w := who{given: name, surname: name, display: name + " " + name}
			a, box := s.user(w), s.mailbox(w)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%q is no name, however often it is written.", name)
		}},
		{kindNone, "names that lost their letters", func(s *stage) string {
			w := s.who()
			lost := func(name string) string {
				r := []rune(name)
				for k := range r {
					if r[k] > 0x7f || k == 1 {
						r[k] = '?'
					}
				}
				return string(r)
			}
			x := who{given: lost(w.given), surname: lost(w.surname)}
			a, box := s.user(x), s.mailbox(x)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s lost letters on the way: several names look like this.", x)
		}},
		{kindNone, "an employee id that is none", func(s *stage) string {
			w, a, box, said := alike(s)
			a.EmployeeID = pick(s.maker, noNumbers)
			box.EmployeeID = a.EmployeeID
			s.neverProven(a, box)
			return fmt.Sprintf("%s has %q for an employee id on both sides, as whoever has none yet; %s.", w, a.EmployeeID, said)
		}},
		{kindNone, "an employee id that is none, and half a name", func(s *stage) string {
			w, x := s.pair(oneLetter)
			a, box := s.user(w), s.mailbox(x)
			a.EmployeeID = pick(s.maker, noNumbers)
			box.EmployeeID = a.EmployeeID
			s.mobile(a, box)
			s.never(a, box)
			return fmt.Sprintf("%q is no employee id, and %s and %s are two names.", a.EmployeeID, w, x)
		}},
		{kindNone, "an employee id that folding makes equal", func(s *stage) string {
			w, a, box, said := alike(s)
			n := fmt.Sprint(100 + s.IntN(900))
			forms := [][2]string{
				{n[:1] + "-" + n[1:], n[:2] + "-" + n[2:]}, {n[:1] + "." + n[1:], n[:2] + "." + n[2:]}, {"A-" + n, "A" + n[:1] + "-" + n[1:]}, {n[:1] + "/" + n[1:], n[:2] + "/" + n[2:]},
				{"AB-" + n, "A-B" + n}, {"E" + n, "É" + n}, {n[:1] + "_" + n[1:], n[:2] + "_" + n[2:]}, {"K#" + n, "K-" + n}, {n + "+", n + "-"}, {n[:2] + "0" + n[2:], n[:2] + "O" + n[2:]}, {"-" + n, n}, {n + ".1", n + "1"},
			}
			f := pick(s.maker, forms)
			a.EmployeeID, box.EmployeeID = f[0], f[1]
			s.neverProven(a, box)
			return fmt.Sprintf("%s has the employee id %s in AD and %s in Microsoft 365: two numbers; %s.", w, f[0], f[1], said)
		}},
		{kindNone, "an employee id but for zeros that count here", func(s *stage) string {
			w, a, box, said := alike(s)
			s.numbered = true
			n := fmt.Sprint(1000 + s.IntN(9000))
			for _, id := range []string{n, "0" + n} { // both are somebody's number
				c := s.who()
				x, y := s.user(c), s.mailbox(c)
				s.colleague(x, y)
				x.EmployeeID, y.EmployeeID = id+"1", id+"1"
			}
			a.EmployeeID, box.EmployeeID = n+"7", "0"+n+"7"
			s.neverProven(a, box)
			return fmt.Sprintf("%s1 and 0%s1 are two people here, so that %s is not 0%s either (%s); %s.", n, n, a.EmployeeID, a.EmployeeID, w, said)
		}},
		{kindNone, "an employee id that a third person has", func(s *stage) string {
			w, a, box, said := alike(s)
			other := s.user(s.who())
			s.employee(a, box, other)
			if s.p(.5) {
				other.Bystander = true
			} else {
				other.Enabled = source.No
			}
			s.neverProven(a, box)
			return fmt.Sprintf("%s and %s have one employee id in AD, so that it tells nothing; %s.", w, other.DisplayName, said)
		}},
		{kindNone, "a telephone number that is none", func(s *stage) string {
			w, a, box, said := alike(s)
			a.Phone = pick(s.maker, noPhones)
			box.Phone = a.Phone
			if s.p(.3) {
				a.Phone, a.Mobile = "", a.Phone
			}
			s.neverProven(a, box)
			return fmt.Sprintf("%q reaches nobody; %s has no more than the name in common, and %s.", box.Phone, w, said)
		}},
		{kindNone, "a telephone number in two countries", func(s *stage) string {
			w, a, box, said := alike(s)
			p, national := s.Perm(6), fmt.Sprintf(" %d %d", 660+s.IntN(300), 1001003+s.IntN(8e6))
			codes := strings.Fields("+49 +43 +41 +44 +39 +48")
			a.Mobile, box.Mobile = codes[p[0]]+national, codes[p[1]]+national
			s.neverProven(a, box)
			return fmt.Sprintf("%s and %s are two numbers in two countries (%s); %s.", a.Mobile, box.Mobile, w, said)
		}},
		{kindNone, "extensions of one number", func(s *stage) string {
			w, a, box, said := alike(s)
			n, mark := s.number(), pick(s.maker, []string{" x", " ext. ", " ext", "-", " DW ", " #"})
			a.Phone, box.Phone = fmt.Sprint(n, mark, 11+s.IntN(40)), fmt.Sprint(n, mark, 60+s.IntN(39))
			s.neverProven(a, box)
			return fmt.Sprintf("%s and %s are two desks behind one number (%s); %s.", a.Phone, box.Phone, w, said)
		}},
		{kindNone, "an extension beside the whole number", func(s *stage) string {
			w, a, box, said := alike(s)
			box.Phone = s.number()
			a.Phone = box.Phone[len(box.Phone)-4:]
			s.neverProven(a, box)
			return fmt.Sprintf("%s is an extension, of which house nobody knows (%s); %s.", a.Phone, w, said)
		}},
		{kindNone, "a switchboard of two", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.phone(a, box)
			s.otherJobs(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("Two people called %s, who do different work, are listed with one number: it may be the switchboard.", w)
		}},
		{kindNone, "a switchboard's own extension", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			a.Phone = s.number() + "-0"
			box.Phone = a.Phone
			s.otherJobs(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("%s is where a house answers; the two called %s do different work.", a.Phone, w)
		}},
		{kindNone, "a telephone number that somebody else has", func(s *stage) string {
			w, a, box, said := alike(s)
			var other *match.Person
			switch s.IntN(4) {
			case 0:
				other = s.user(s.who())
				other.Enabled = source.No
			case 1:
				other = s.user(s.who())
				other.Bystander = true
			case 2:
				other = s.mailbox(s.who())
			default:
				other = s.mailbox(s.who())
				other.Enabled, other.Exchange, other.Licensed = source.No, source.No, source.No
			}
			s.phone(a, box, other)
			s.neverProven(a, box)
			return fmt.Sprintf("%s has the number as well, so that it does not name %s; %s.", other.DisplayName, w, said)
		}},
		{kindNone, "an address that is a function's", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			a.Email = pick(s.maker, strings.Fields("info office sales reception support orders accounts empfang verkauf buero contact service frontdesk")) + "@" + s.domain
			alsoAt(box, a.Email)
			s.otherJobs(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("%s goes to whoever sits there; the two called %s do different work.", a.Email, w)
		}},
		{kindNone, "right: an employee id that differs in case and blanks", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			n := 20011 + s.IntN(7e5)
			a.EmployeeID, box.EmployeeID = fmt.Sprintf("E%d", n), fmt.Sprintf("e%d ", n)
			s.must(a, box)
			return fmt.Sprintf("%s has one employee id, written in two ways, and one address.", w)
		}},
		{kindNone, "right: zeros before an employee id that do not count here", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.padded, s.size = true, 8
			s.mail(a, box)
			a.EmployeeID = fmt.Sprint(20011 + s.IntN(7e4))
			box.EmployeeID = "000" + a.EmployeeID
			s.must(a, box)
			return fmt.Sprintf("Everybody's employee id has zeros before it in Microsoft 365 here, that of %s as well, and the address is one.", w)
		}},
		{kindNone, "right: placeholders that differ contradict nothing", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.job(a, box)
			a.EmployeeID, box.EmployeeID = pick(s.maker, []string{"TBD", "n/a", "EXT1", "00000", "none", "temp"}), s.personnel()
			a.Phone, box.Phone = "000-000-0000", s.number()
			s.must(a, box)
			return fmt.Sprintf("%q was typed before %s had a number; name, address, department and title agree.", a.EmployeeID, w)
		}},
	}
}

func posts() []trap {
	return []trap{
		{kindPost, "a successor of the same surname", func(s *stage) string {
			w := s.who()
			x := s.named(s.who().given)
			x.surname = w.surname
			a, box := s.user(w), s.mailbox(x)
			s.mobile(a, box)
			s.job(a, box)
			a.Email = plain(w.given)[:1] + "." + plain(w.surname) + "@" + s.domain
			alsoAt(box, a.Email)
			s.never(a, box)
			return fmt.Sprintf("%s took over from %s: address, telephone, department and title came with the post.", x, w)
		}},
		{kindPost, "a successor of the same given name", func(s *stage) string {
			w := s.who()
			x := s.named(w.given)
			a, box := s.user(w), s.mailbox(x)
			s.mobile(a, box)
			s.job(a, box)
			a.Email = plain(w.given) + "." + plain(w.surname) + "@" + s.domain
			alsoAt(box, a.Email)
			s.never(a, box)
			return fmt.Sprintf("%s may be %s after a marriage, or her successor: address, telephone, department and title come with the post. An employee id would tell.", x, w)
		}},
		{kindPost, "a successor of another name", func(s *stage) string {
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			s.mobile(a, box)
			s.phone(a, box)
			s.job(a, box)
			a.Email = pick(s.maker, strings.Fields("controller buyer foreman planner dispo einkauf facility bursar")) + "@" + s.domain
			alsoAt(box, a.Email)
			s.never(a, box)
			return fmt.Sprintf("%s sits at the desk of %s: everything that agrees belongs to the post.", x, w)
		}},
		{kindPost, "a couple with one address and one telephone", func(s *stage) string {
			w := s.who()
			x := s.named(s.who().given)
			x.surname = w.surname
			a, box := s.user(w), s.mailbox(x)
			s.at(box, plain(w.surname))
			s.mail(a, box)
			s.mobile(a, box)
			if s.p(.5) {
				s.job(a, box)
			}
			s.never(a, box)
			return fmt.Sprintf("%s and %s share a home, an address and a telephone.", w, x)
		}},
		{kindPost, "a couple with one initial, address and telephone", func(s *stage) string {
			w := s.named(pick(s.maker, strings.Fields("Petra Paula Pia Patricia Philippa")))
			x := w
			x.given = pick(s.maker, strings.Fields("Peter Patrick Philip Pascal Pieter"))
			a, box := s.user(w), s.mailbox(x)
			s.at(box, "p."+plain(w.surname))
			s.mail(a, box)
			s.phone(a, box)
			s.mobile(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s and %s share an address that fits both, and their telephones.", w, x)
		}},
		{kindPost, "a telephone against department and title", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mobile(a, box)
			s.otherJobs(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("Two people called %s do different work; one telephone does not outweigh that.", w)
		}},
		{kindPost, "an address against department and title", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.otherJobs(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("Two people called %s do different work; the address may have been handed on.", w)
		}},
		{kindPost, "a leaver's address as the manager's alias", func(s *stage) string {
			w, x := s.who(), s.who()
			a, boss, box := s.user(w), s.user(x), s.mailbox(x)
			a.Email = s.loginFor(w, true) + "@" + s.domain
			alsoAt(box, a.Email)
			s.mail(boss, box)
			s.employee(boss, box)
			s.never(a, box)
			s.must(boss, box)
			return fmt.Sprintf("The mail of %s goes to the manager %s; the mailbox is the manager's.", w, x)
		}},
		{kindPost, "an address that went to a newcomer", func(s *stage) string {
			w := s.named(pick(s.maker, strings.Fields("Anna Alma Ada Adele Agathe")))
			x := w
			x.given = pick(s.maker, strings.Fields("Anton Albert Arno Arthur Ansgar"))
			a, box := s.user(w), s.mailbox(x)
			s.at(box, "a."+plain(w.surname))
			s.mail(a, box)
			a.UPN = box.UPN
			s.never(a, box)
			return fmt.Sprintf("%s left, and %s got the address; AD still has it with the former.", w, x)
		}},
		{kindPost, "a logon name that went to a newcomer", func(s *stage) string {
			w, x := s.pair(soundsLike)
			a, box := s.user(w), s.mailbox(x)
			login := plain(w.given)[:1] + plain(w.surname)
			s.login(a, login)
			a.UPN = login + "@" + s.domain
			s.at(box, login)
			box.OnPremUsername = login
			s.mail(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s was the login of %s and is that of %s; address and UPN are made of it: one fact, not three.", login, w, x)
		}},
		{kindPost, "a copied anchor, and the user's own mailbox", func(s *stage) string {
			s.withSIDs = false
			w, x := s.who(), s.who()
			a, box, own := s.user(w), s.mailbox(x), s.mailbox(w)
			a.ConsistencyGUID = s.id()
			box.ImmutableID, box.Synced = immutable(a.ConsistencyGUID), source.Yes
			s.job(a, own)
			s.mobile(a, own)
			s.job(box)
			s.never(a, box)
			return fmt.Sprintf("%s was made from the template of %s, anchor and all; the own mailbox fits better.", w, x)
		}},
		{kindPost, "a copied anchor, and a wholly other name", func(s *stage) string {
			s.withSIDs = false
			w, x := s.who(), s.who()
			a, box := s.user(w), s.mailbox(x)
			a.ConsistencyGUID = s.id()
			box.ImmutableID, box.Synced = immutable(a.ConsistencyGUID), source.Yes
			if s.p(.5) {
				s.otherJobs(a, box)
			}
			s.never(a, box)
			return fmt.Sprintf("The anchor says that the mailbox of %s is that of %s, and nothing else does: it may have been copied.", x, w)
		}},
		{kindPost, "an anchor that two users have", func(s *stage) string {
			s.withSIDs = false
			w, x := s.who(), s.who()
			a, other, box := s.user(w), s.user(x), s.mailbox(x)
			other.ConsistencyGUID = s.id()
			a.ConsistencyGUID = other.ConsistencyGUID
			box.ImmutableID, box.Synced = immutable(other.ConsistencyGUID), source.Yes
			s.job(other, box)
			s.never(a, box)
			return fmt.Sprintf("%s was copied from %s, who is the one that the mailbox is called after.", w, x)
		}},
		{kindPost, "an anchor copied from a user whose SID the mailbox has", func(s *stage) string {
			s.withSIDs = true
			w, x := s.who(), s.who()
			a, other, box := s.user(w), s.user(x), s.mailbox(x)
			other.ConsistencyGUID = s.id()
			a.ConsistencyGUID = other.ConsistencyGUID
			box.ImmutableID, box.SID, box.Synced = immutable(other.ConsistencyGUID), other.SID, source.Yes
			s.mail(other, box)
			s.never(a, box)
			s.must(other, box)
			return fmt.Sprintf("%s was copied from %s; the SID, which is never copied, says whose the mailbox is.", w, x)
		}},
		{kindPost, "right: a new surname, with employee id and address", func(s *stage) string {
			w := s.who()
			x := s.named(w.given)
			a, box := s.user(w), s.mailbox(x)
			s.employee(a, box)
			a.Email = plain(w.given) + "." + plain(w.surname) + "@" + s.domain
			alsoAt(box, a.Email)
			s.job(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s was called %s: employee ids do not go to successors, and the old address is an alias.", x, w)
		}},
	}
}
