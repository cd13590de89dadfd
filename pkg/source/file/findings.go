package file

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qpimport/qpimport/pkg/source"
)

// findings is what a pass over an export finds beside its users, to be told to
// people.
type findings struct {
	lost   []string // columns without values
	names  []string // columns without names of groups
	short  int      // rows without their last cells
	joined []int    // lines where the header stands again

	tenant   string // its id, where the export names it
	language string // of the header of a table, "" for English
	unknown  string // its columns of which nothing is known

	untimed int // users whose last change of password is written in a way that cannot be told

	users       int
	addresses   int
	enabled     int            // users of whom it is known
	mailboxes   int            // users of whom it is known, whether or not they have one
	unlicensed  int            // users of whom it is known that they have none
	questions   int            // names with a question mark in the place of a letter
	example     string         // one of them
	mojibake    int            // names that were decoded wrongly before
	mojiExample string         // one of them
	others      map[string]int // users of other domains
	leftOut     map[string]int // objects that are no users, by what they are
}

func (f *findings) leaveOut(what string) {
	if f.leftOut == nil {
		f.leftOut = map[string]int{}
	}
	f.leftOut[what]++
}

func (f *findings) lose(name string) {
	if !slices.Contains(f.lost, name) {
		f.lost = append(f.lost, name)
	}
}

func (f *findings) loseNames(column string) {
	if !slices.Contains(f.names, column) {
		f.names = append(f.names, column)
	}
}

// add counts a user.
func (f *findings) add(u *source.User) {
	f.users++
	if u.Email != "" {
		f.addresses++
	}
	if u.Enabled != source.Unknown {
		f.enabled++
	}
	if u.Exchange != source.Unknown || u.Licensed != source.Unknown {
		f.mailboxes++
		if u.Exchange == source.No || u.Exchange == source.Unknown && u.Licensed == source.No {
			f.unlicensed++
		}
	}
	for _, name := range []string{u.DisplayName, u.GivenName, u.Surname} {
		if isLossy(name) {
			f.questions++
			f.example = name
			break
		}
	}
	if isMojibake(u.DisplayName) {
		f.mojibake++
		f.mojiExample = u.DisplayName
	}
}

// conclude keeps what an export of Microsoft 365 says beside its users.
func (f *findings) conclude(users userReader) {
	switch r := users.(type) {
	case graphJSON:
		f.tenant = tenantID(r.page.context)
	case *graphTable:
		if f.language = r.language; f.language != "" {
			f.unknown = r.unknown()
		}
	}
}

// isLossy says whether a name lost letters: a question mark next to a letter, or
// nothing but question marks. Nobody's name holds one.
func isLossy(name string) bool {
	if strings.ContainsRune(name, utf8.RuneError) {
		return true
	}
	i := strings.IndexByte(name, '?')
	if i < 0 {
		return false
	}
	if strings.Trim(name, "? ") == "" {
		return true
	}
	for ; i < len(name); i++ {
		if name[i] == '?' && (i > 0 && isASCIILetter(name[i-1]) || i < len(name)-1 && isASCIILetter(name[i+1])) {
			return true
		}
	}
	return false
}

func isASCIILetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

// isMojibake says whether a name looks like UTF-8 that was read as Windows-1252
// and saved so: Ã¼ for ü.
func isMojibake(name string) bool {
	for i, r := range name {
		if r != 'Ã' && r != 'Å' && r != 'Ä' {
			continue
		}
		next, _ := utf8.DecodeRuneInString(name[i+utf8.RuneLen(r):])
		if next >= 0x80 && next <= 0xBF || strings.ContainsRune("€‚ƒ„…†‡ˆ‰‹Œ‘’“”•–—˜™›œ", next) {
			return true
		}
	}
	return false
}

// notes says in sentences what was found.
func (f *findings) notes() []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, name := range f.lost {
		add("column %.60q is unknown: PowerShell wrote the name of a type in the place of its values, or a tool cut them; in JSON, `ConvertTo-Json -Depth 4` keeps them", name)
	}
	for _, name := range f.names {
		add("column %.60q holds no distinguished names, and who is in which group is not read of it: in CSV, join them with semicolons; in JSON, `ConvertTo-Json -Depth 4` keeps them", name)
	}
	if f.short > 0 {
		add("%s without the last cells, as Excel saves rows whose last cells are empty: these count as empty", rowsAre(f.short))
	}
	if len(f.joined) > 0 {
		add("the header stands again in line %d: the file is several files joined, and was read as one", f.joined[0])
	}
	if f.untimed > 0 {
		add("when the password was last set is not known of %d users, because the time is written as one country writes it; in JSON it is written for all", f.untimed)
	}
	if f.questions > 0 {
		add("%s a question mark where a letter should be, such as %.60q: they were exported as ASCII, and different people may have become alike; export with `-Encoding UTF8`", namesHold(f.questions), f.example)
	}
	if f.mojibake > 0 {
		add("%s signs where a letter should be, such as %.60q: the file was once read in the wrong encoding and saved so; take it as the tool wrote it", namesHold(f.mojibake), f.mojiExample)
	}
	switch f.users {
	case 100, 500, 999, 1000, 5000:
		add("the export holds exactly %d users, at which tools stop that are not asked for all: see that nobody is missing (Get-MgUser -All, -ResultSize Unlimited, a page size for LDAP)", f.users)
	}
	if n, which := counted(f.others); n > 0 {
		add("%d users of other domains are left out (%s); connect each domain as a customer's own directory", n, which)
	}
	if n, which := counted(f.leftOut); n > 0 {
		add("%d objects that are no users are left out (%s)", n, which)
	}
	return notes
}

// counted sums up a count, and says of what there are how many.
func counted(of map[string]int) (sum int, which string) {
	var parts []string
	for what, n := range of {
		sum += n
		parts = append(parts, fmt.Sprintf("%.60s: %d", what, n))
	}
	slices.Sort(parts)
	return sum, strings.Join(parts[:min(len(parts), 10)], ", ")
}

func rowsAre(n int) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}

func namesHold(n int) string {
	if n == 1 {
		return "1 name holds"
	}
	return fmt.Sprintf("%d names hold", n)
}
