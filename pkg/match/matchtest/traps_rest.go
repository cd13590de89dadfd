package matchtest

import (
	"fmt"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// adminOf adds the privileged account of an AD user.
func (s *stage) adminOf(a *match.Person) *match.Person {
	twin := s.user(who{given: a.GivenName, surname: a.Surname, display: a.DisplayName})
	delete(s.logins, twin.Username)
	s.login(twin, fmt.Sprintf(pick(s.maker, []string{"adm-%s", "adm_%s", "adm.%s", "a-%s", "admin-%s", "t0-%s", "%s-adm", "%s_adm", "%s.admin", "da-%s", "sa-%s", "priv-%s"}), a.Username))
	return twin
}

func byName() []trap {
	two := func(s *stage) (w who, a, box, other *match.Person) {
		w = s.who()
		x := w.called(s.show(w) + pick(s.maker, []string{" (Sales)", " (Plant 2)", " - North", " (ext)"}))
		if s.p(.3) {
			x = w.called(w.surname + ", " + w.given)
			w.display = w.given + " " + w.surname
		}
		return w, s.user(w), s.mailbox(w), s.mailbox(x)
	}
	return []trap{
		{kindByName, "the user's address is another mailbox's", func(s *stage) string {
			w, a, box, other := two(s)
			s.mail(a, other)
			s.never(a, box)
			return fmt.Sprintf("The address of %s in AD is that of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "the user's UPN is another mailbox's", func(s *stage) string {
			w, a, box, other := two(s)
			a.UPN = other.UPN
			s.never(a, box)
			return fmt.Sprintf("The UPN of %s in AD is that of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "the user's UPN is an alias of another mailbox", func(s *stage) string {
			w, a, box, other := two(s)
			a.UPN = "upn." + plain(w.surname) + "@" + s.domain
			alsoAt(other, a.UPN)
			s.never(a, box)
			return fmt.Sprintf("The UPN of %s in AD is an address of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "the user's proxy address is another mailbox's", func(s *stage) string {
			w, a, box, other := two(s)
			a.Addresses = []string{"SMTP:" + other.Email}
			a.Email = other.Email
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("The proxyAddresses of %s in AD are those of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "the user's employee id is another mailbox's", func(s *stage) string {
			w, a, box, other := two(s)
			s.employee(a, other)
			s.never(a, box)
			return fmt.Sprintf("The employee id of %s in AD is that of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "the user's employee id and mobile are another mailbox's", func(s *stage) string {
			w, a, box, other := two(s)
			s.employee(a, other)
			s.mobile(a, other)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("Employee id and telephone of %s in AD are those of the mailbox %s.", w, other.DisplayName)
		}},
		{kindByName, "employee ids that differ", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.employee(a)
			s.employee(box)
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s has one employee id in AD and another in Microsoft 365.", w)
		}},
		{kindByName, "the mailbox's employee id is another AD user's", func(s *stage) string {
			w := s.who()
			a, other, box := s.user(w), s.user(w.called(s.show(w)+" (2)")), s.mailbox(w)
			s.employee(other, box)
			if s.p(.5) {
				other.Bystander = true
			}
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("The mailbox has the employee id of %s, not that of %s.", other.DisplayName, w)
		}},
		{kindByName, "the mailbox's address is another AD user's", func(s *stage) string {
			w := s.who()
			a, other, box := s.user(w), s.user(w.called(s.show(w)+" (Nights)")), s.mailbox(w)
			s.mail(other, box)
			if s.p(.5) {
				other.Enabled = source.No
			}
			s.job(a, box)
			s.never(a, box)
			return fmt.Sprintf("The mailbox's address is that of %s in AD.", other.DisplayName)
		}},
		{kindByName, "the mailbox's address is another AD user's UPN", func(s *stage) string {
			w := s.who()
			a, other, box := s.user(w), s.user(w.called(w.surname+", "+w.given+" (Nights)")), s.mailbox(w)
			other.UPN = box.UPN
			s.never(a, box)
			return fmt.Sprintf("The mailbox's address is the UPN of %s in AD.", other.DisplayName)
		}},
		{kindByName, "an admin account beside its person", func(s *stage) string {
			w := s.who()
			w.display = w.given + " " + w.surname
			person, box := s.user(w.called(w.surname+", "+w.given)), s.mailbox(w)
			admin := s.adminOf(person)
			admin.DisplayName = w.display
			if s.p(.5) {
				admin.GivenName, admin.Surname = "", ""
			}
			s.never(admin, box)
			return fmt.Sprintf("%s is the admin account of %s, and an admin account needs no mailbox.", admin.Username, person.Username)
		}},
		{kindByName, "an admin account beside its person who was not imported", func(s *stage) string {
			w := s.who()
			person, box := s.user(w), s.mailbox(w)
			admin := s.adminOf(person)
			person.Bystander = true
			s.mail(person, box)
			s.never(admin, box)
			return fmt.Sprintf("%s is the admin account of %s, whose the mailbox is.", admin.Username, person.Username)
		}},
		{kindByName, "an account for a purpose, called after its owner", func(s *stage) string {
			w := s.who()
			w.display = w.given + " " + w.surname
			person, box := s.user(w.called(w.surname+", "+w.given)), s.mailbox(w)
			other := s.user(w)
			s.login(other, fmt.Sprintf(pick(s.maker, []string{"svc-%s", "svc_%s", "%s-test", "%s_old", "test.%s", "%s.training", "vpn-%s", "%s-lab", "backup_%s"}), person.Username))
			other.GivenName, other.Surname = "", ""
			s.never(other, box)
			return fmt.Sprintf("%s is an account for a purpose; the person is %s.", other.Username, person.Username)
		}},
		{kindByName, "an admin's mailbox beside the person's", func(s *stage) string {
			w := s.who()
			a, admin := s.user(w), s.mailbox(w)
			own := s.mailbox(w.called(w.surname + " " + w.given + " (Sales)"))
			s.at(admin, pick(s.maker, []string{"adm.", "adm-", "admin.", "da-"})+plain(w.surname))
			s.mail(a, own)
			s.never(a, admin)
			return fmt.Sprintf("%s is the admin's mailbox of %s; the address in AD is that of the other one.", admin.Email, w)
		}},
		{kindByName, "right: one name, and nothing that speaks against it", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			if s.p(.5) {
				s.job(a, box)
			}
			s.mustByName(a, box)
			return fmt.Sprintf("%s is found once on either side, and that is what matching by name is asked for.", w)
		}},
		{kindByName, "right: one name but for case and blanks", func(s *stage) string {
			w := s.who()
			x := w.called(strings.ToUpper(s.show(w)))
			w.display = strings.ReplaceAll(s.show(w), " ", "  ") + " "
			a, box := s.user(w), s.mailbox(x)
			s.mustByName(a, box)
			return fmt.Sprintf("%q and %q is one display name.", a.DisplayName, box.DisplayName)
		}},
		{kindByName, "right: one name and one address", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			s.mustByName(a, box)
			s.must(a, box)
			return fmt.Sprintf("Name and address of %s agree, and nobody else has either.", w)
		}},
	}
}

func smallCompanies() []trap {
	var out []trap
	for _, size := range []int{0, 1, 2} {
		people := []string{"one person", "two people", "three people"}[size]
		out = append(out,
			trap{kindSmall, "a company of " + people + " with one department and title", func(s *stage) string {
				w := s.who()
				a, box := s.user(w), s.mailbox(w)
				s.size, s.sameJob = size, true
				s.job(a, box)
				s.neverProven(a, box)
				return fmt.Sprintf("In a company of %s everybody is %q: that %s is too says nothing.", people, a.Department+", "+a.Title, w)
			}},
			trap{kindSmall, "right: address and employee id in a company of " + people, func(s *stage) string {
				w := s.who()
				a, box := s.user(w), s.mailbox(w)
				s.size = size
				s.mail(a, box)
				s.employee(a, box)
				s.must(a, box)
				return fmt.Sprintf("Name, address and employee id of %s agree.", w)
			}},
		)
	}
	return append(out,
		trap{kindSmall, "a company of one person, who was followed by another", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(s.who())
			s.size = 0
			s.job(a, box)
			s.phone(a, box)
			s.never(a, box)
			return fmt.Sprintf("One user on either side does not make them one: %s is not %s.", w, box.DisplayName)
		}},
		trap{kindSmall, "a company in which all do the same", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.sameJob = true
			s.job(a, box)
			s.neverProven(a, box)
			return fmt.Sprintf("Everybody here is %q: that %s is too says nothing.", a.Department+", "+a.Title, w)
		}},
		trap{kindSmall, "a company of one person, and the name alone", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.size = 0
			a.Department = pick(s.maker, departments)[0]
			box.Department = a.Department
			s.neverProven(a, box)
			return fmt.Sprintf("A name and a department of one prove nothing about %s.", w)
		}},
	)
}

func rightPairs() []trap {
	// known gives a person an address and an employee id on both sides.
	known := func(s *stage) (w who, a, box *match.Person) {
		w = s.who()
		a, box = s.user(w), s.mailbox(w)
		s.mail(a, box)
		s.employee(a, box)
		s.must(a, box)
		return w, a, box
	}
	return []trap{
		{kindRight, "right: initials that look like an admin's mark", func(s *stage) string {
			name := pick(s.maker, strings.Fields("sa/Sally sa/Salma sa/Samir sa/Sandro sa/Sanna da/Dagmar da/Damian da/Darius da/Dalia ea/Eamon ea/Easton ea/Earl su/Sunniva su/Suki su/Sukhi"))
			mark, given, _ := strings.Cut(name, "/")
			w := s.named(given)
			a, box := s.user(w), s.mailbox(w)
			s.login(a, mark+pick(s.maker, []string{".", "-", "_"})+plain(w.surname))
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is made of the name of %s; address and employee id are the mailbox's.", a.Username, w)
		}},
		{kindRight, "right: initials of two names that look like an admin's mark", func(s *stage) string {
			mark := pick(s.maker, []string{"sa", "da", "ea", "su"})
			firsts := map[byte]string{'s': "Stefan Sonja Stella Sven", 'd': "Dorit Detlef Delia Dunja", 'e': "Edda Elmar Egon Edith"}
			seconds := map[byte]string{'a': "Alma Axel Arno Agnes", 'u': "Ursel Udo Ulla Urs"}
			w := s.named(pick(s.maker, strings.Fields(firsts[mark[0]])) + " " + pick(s.maker, strings.Fields(seconds[mark[1]])))
			a, box := s.user(w), s.mailbox(w)
			s.login(a, mark+"."+plain(w.surname))
			s.mail(a, box)
			s.employee(a, box)
			s.must(a, box)
			return fmt.Sprintf("%s is made of the names of %s; address and employee id are the mailbox's.", a.Username, w)
		}},
		{kindRight, "right: an admin account and the mailbox made of it", func(s *stage) string {
			w := s.who()
			person := s.user(w)
			admin := s.adminOf(person)
			box := s.mailbox(w)
			box.DisplayName = admin.DisplayName
			s.at(box, plain(admin.Username))
			s.sync(box, admin)
			s.must(admin, box)
			s.never(person, box)
			return fmt.Sprintf("The sync engine made this mailbox of %s, anchor and SID say so; it is not that of %s.", admin.Username, person.Username)
		}},
		{kindRight, "right: a person whose admin account looks like a rival", func(s *stage) string {
			w, a, box := known(s)
			admin := s.adminOf(a)
			admin.Email, admin.EmployeeID = a.Email, a.EmployeeID
			s.never(admin, box)
			return fmt.Sprintf("%s is the admin account of %s and was given the same address and employee id; the mailbox is the person's.", admin.Username, w)
		}},
		{kindRight, "right: an address alone, and an admin account without one", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.mail(a, box)
			admin := s.adminOf(a)
			s.must(a, box)
			s.never(admin, box)
			return fmt.Sprintf("Name and address are those of %s; %s is the admin account and no rival.", w, admin.Username)
		}},
		{kindRight, "right: a person whose disabled copy looks like a rival", func(s *stage) string {
			w, a, box := known(s)
			old := s.user(w)
			old.Enabled, old.Email, old.EmployeeID = source.No, a.Email, a.EmployeeID
			old.Bystander = s.p(.5)
			s.never(old, box)
			return fmt.Sprintf("The two accounts of %s have one employee id and one address, so that they are one person's; the one in use gets the mailbox.", w)
		}},
		{kindRight, "right: somebody hired again, whose old account keeps the employee id", func(s *stage) string {
			w, a, box := known(s)
			old := s.user(w)
			old.Enabled, old.EmployeeID = source.No, a.EmployeeID
			s.never(old, box)
			return fmt.Sprintf("%s left and came back: the old account has the same employee id and is disabled, address and employee id are those of the new one.", w)
		}},
		{kindRight, "right: a namesake who left, with an own address and employee id", func(s *stage) string {
			w, a, box := known(s)
			old := s.user(w)
			old.Enabled = source.No
			s.employee(old)
			old.Email = "old." + plain(w.surname) + "@" + s.domain
			s.never(old, box)
			s.job(a, box)
			return fmt.Sprintf("Address and employee id of the mailbox are those of today's %s; who left had others.", w)
		}},
		{kindRight, "right: two namesakes with an address and an employee id each", func(s *stage) string {
			w, a, box := known(s)
			b, other := s.user(w), s.mailbox(w)
			s.mail(b, other)
			s.employee(b, other)
			s.must(b, other)
			s.never(a, other)
			s.never(b, box)
			return fmt.Sprintf("There are two %s, and address and employee id tell them apart on both sides.", w)
		}},
		{kindRight, "right: a person with a shared mailbox of the same name", func(s *stage) string {
			w, a, _ := known(s)
			shared := s.mailbox(w.called(s.show(w) + pick(s.maker, []string{"", " (shared)", " archive"})))
			shared.Enabled, shared.Licensed = source.No, source.No
			s.never(a, shared)
			return fmt.Sprintf("%s has a shared mailbox besides; address and employee id are those of the own one.", w)
		}},
		{kindRight, "right: a person with a guest account of the same name", func(s *stage) string {
			w, a, box := known(s)
			guest := s.mailbox(w)
			guest.Guest, guest.Exchange, guest.Licensed = true, source.No, source.No
			guest.Email = plain(w.surname) + "@home.example"
			guest.UPN = plain(w.surname) + "_home.example#EXT#@" + s.domain
			s.mustByName(a, box)
			s.never(a, guest)
			return fmt.Sprintf("The guest %s is the private address of somebody of that name; the mailbox is the other one.", w)
		}},
		{kindRight, "right: a person with a test account of the same employee id", func(s *stage) string {
			w, a, box := known(s)
			test := s.user(w.called(s.show(w) + " Test"))
			s.login(test, a.Username+".test")
			test.EmployeeID = a.EmployeeID
			s.never(test, box)
			return fmt.Sprintf("%s is a test account of %s, who has the address.", test.Username, w)
		}},
		{kindRight, "right: a title, a remark or another order of the name", func(s *stage) string {
			w, a, box := known(s)
			switch s.IntN(4) {
			case 0:
				a.DisplayName = pick(s.maker, []string{"Dr. ", "Prof. Dr. ", "Dipl.-Ing. "}) + w.given + " " + w.surname
			case 1:
				box.DisplayName = w.given + " " + w.surname + pick(s.maker, []string{" (External)", " (Contractor)", ", MBA", " | " + s.domain})
			case 2:
				a.DisplayName, box.DisplayName = w.surname+", "+w.given, w.given+" "+w.surname
			default:
				a.DisplayName = strings.ToUpper(w.surname) + " " + w.given
			}
			return fmt.Sprintf("%q and %q is one name with something around it; address and employee id agree.", a.DisplayName, box.DisplayName)
		}},
		{kindRight, "right: a name with its marks spelled out", func(s *stage) string {
			w, a, _ := known(s)
			a.GivenName, a.Surname = ascii(w.given), ascii(w.surname)
			a.DisplayName = a.GivenName + " " + a.Surname
			return fmt.Sprintf("AD writes %s without marks; address and employee id agree.", w)
		}},
		{kindRight, "right: synchronised, and nothing else known", func(s *stage) string {
			w := s.who()
			a, box := s.user(w), s.mailbox(w)
			s.sync(box, a)
			s.must(a, box)
			return fmt.Sprintf("Anchor and SID say that the mailbox of %s was made of this very user.", w)
		}},
	}
}

func standing() []trap {
	// pair is a standing pair of one name.
	pair := func(s *stage) (w who, a, box *match.Person) {
		w = s.who()
		a, box = s.user(w), s.mailbox(w)
		wed(a, box)
		return w, a, box
	}
	doubt := func(s *stage, a, box *match.Person) { s.Doubtful = append(s.Doubtful, [2]string{a.ID, box.ID}) }
	return []trap{
		{kindStanding, "synchronised from another AD user", func(s *stage) string {
			w, a, box := pair(s)
			other := s.user(w.called(s.show(w) + " (Annex)"))
			s.sync(box, other)
			doubt(s, a, box)
			s.never(other, box)
			return fmt.Sprintf("The mailbox was made of %s, yet it is paired with %s: for a person to part.", other.DisplayName, w)
		}},
		{kindStanding, "a SID of this domain that is another's", func(s *stage) string {
			s.withSIDs = true
			w, a, box := pair(s)
			box.SID, box.Synced = s.sid(), source.Yes
			doubt(s, a, box)
			next := s.user(w)
			s.job(next, box)
			s.never(next, box)
			return fmt.Sprintf("The mailbox came from a deleted user of this domain, not from %s.", w)
		}},
		{kindStanding, "employee ids that differ", func(s *stage) string {
			w, a, box := pair(s)
			s.employee(a)
			s.employee(box)
			doubt(s, a, box)
			next := s.user(w)
			next.EmployeeID = box.EmployeeID
			s.mail(next, box)
			s.never(next, box)
			return fmt.Sprintf("%s has another employee id than the mailbox, which has that of a namesake: for a person to part.", w)
		}},
		{kindStanding, "marks of generation that differ", func(s *stage) string {
			w, a, box := pair(s)
			a.DisplayName, box.DisplayName = w.given+" "+w.surname+" Jr.", w.given+" "+w.surname+" Sr."
			doubt(s, a, box)
			elder := s.user(w.called(box.DisplayName))
			s.job(elder, box)
			s.never(elder, box)
			return fmt.Sprintf("The mailbox is %s's and paired with %s: for a person to part.", box.DisplayName, a.DisplayName)
		}},
		{kindStanding, "a new surname, with address and employee id", func(s *stage) string {
			w, a, box := pair(s)
			x := s.named(w.given)
			box.DisplayName, box.Surname = s.show(x), x.surname
			s.mail(a, box)
			s.employee(a, box)
			next := s.user(x)
			s.job(next, box)
			s.never(next, box)
			return fmt.Sprintf("%s is called %s now; address and employee id say so. The pair stands, and a namesake gets nothing.", w, x)
		}},
		{kindStanding, "another department and title", func(s *stage) string {
			w, a, box := pair(s)
			s.otherJobs(a, box)
			s.never(a, box)
			return fmt.Sprintf("%s changed the department: no hard evidence against the pair, which stands.", w)
		}},
		{kindStanding, "a second mailbox that fits better", func(s *stage) string {
			w, a, box := pair(s)
			better := s.mailbox(w)
			s.mail(a, better)
			s.job(a, better)
			s.never(a, better)
			s.never(a, box)
			return fmt.Sprintf("%s has a partner already: nobody is parted by a rule, and nobody has two.", w)
		}},
	}
}

func decided() []trap {
	// sure are two accounts of one person by every rule.
	sure := func(s *stage) (w who, a, box *match.Person) {
		w = s.who()
		a, box = s.user(w), s.mailbox(w)
		s.mail(a, box)
		s.employee(a, box)
		if s.p(.5) {
			s.sync(box, a)
		}
		return w, a, box
	}
	decide := func(s *stage, a, box *match.Person, v match.Verdict) {
		d := match.Decision{ADID: a.ID, Verdict: v, Reason: "by hand"}
		if v != match.VerdictIgnore {
			d.M365ID = box.ID
		}
		s.Input.Decisions = append(s.Input.Decisions, d)
	}
	return []trap{
		{kindDecided, "ignored", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictIgnore)
			s.never(a, box)
			return fmt.Sprintf("Somebody decided to leave %s alone.", w)
		}},
		{kindDecided, "ignored, and a namesake", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictIgnore)
			next := s.user(w)
			s.job(next, box)
			s.never(a, box)
			s.never(next, box)
			return fmt.Sprintf("%s is left alone by decision and keeps what is his: a namesake gets nothing of it.", w)
		}},
		{kindDecided, "rejected", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictReject)
			s.never(a, box)
			return fmt.Sprintf("Somebody decided that this mailbox is not that of %s.", w)
		}},
		{kindDecided, "rejected, and a namesake", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictReject)
			next := s.user(w)
			s.job(next, box)
			s.never(a, box)
			s.never(next, box)
			return fmt.Sprintf("That the mailbox is not one %s's does not make it the other's.", w)
		}},
		{kindDecided, "matched by hand, against every rule", func(s *stage) string {
			w, a, box := sure(s)
			x := s.who()
			chosen := s.user(x)
			decide(s, chosen, box, match.VerdictMatch)
			s.never(a, box)
			s.must(chosen, box)
			s.mustByName(chosen, box)
			return fmt.Sprintf("Somebody decided that the mailbox called %s is that of %s.", w, x)
		}},
		{kindDecided, "matched by hand with a mailbox that is no more", func(s *stage) string {
			w, a, box := sure(s)
			gone := &match.Person{User: &source.User{ID: s.id()}}
			decide(s, a, gone, match.VerdictMatch)
			s.never(a, box)
			return fmt.Sprintf("Somebody decided on a mailbox for %s that is not there: no rule may take another one.", w)
		}},
		{kindDecided, "matched by hand and rejected", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictMatch)
			decide(s, a, box, match.VerdictReject)
			s.never(a, box)
			return fmt.Sprintf("The decisions on %s contradict one another.", w)
		}},
		{kindDecided, "one mailbox for two by hand", func(s *stage) string {
			w, a, box := sure(s)
			other := s.user(s.who())
			decide(s, a, box, match.VerdictMatch)
			decide(s, other, box, match.VerdictMatch)
			s.never(a, box)
			s.never(other, box)
			return fmt.Sprintf("The mailbox was given to %s and to %s: one of the decisions is wrong.", w, other.DisplayName)
		}},
		{kindDecided, "matched by hand, and the user is gone", func(s *stage) string {
			w, a, box := sure(s)
			decide(s, a, box, match.VerdictMatch)
			a.Gone = true
			next := s.user(w)
			s.job(next, box)
			s.never(a, box)
			s.never(next, box)
			return fmt.Sprintf("%s was decided on and left; a namesake gets nothing of it.", w)
		}},
	}
}
