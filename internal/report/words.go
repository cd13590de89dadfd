package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// maxText is how many characters of a text are shown: one name of thousands would
// fill pages.
const maxText = 80

// text is a text of a directory, clean and cut.
func text(s string) string {
	if len(s) > maxText { // no text is cut short for its bytes
		n := 0
		for i := range s {
			if n++; n > maxText {
				s = s[:i] + "…"
				break
			}
		}
	}
	return output.Clean(strings.TrimSpace(s))
}

// name is what people call a user.
func name(u importer.User) string { return text(cmp.Or(u.DisplayName, u.Username, u.UPN, u.ID)) }

// login tells people of one name apart: how a user signs in, and where he is.
func login(u importer.User) string {
	said := text(cmp.Or(u.Username, u.UPN))
	if ou := place(u.OU); ou != "" {
		said = strings.TrimPrefix(said+" · "+ou, " · ")
	}
	return said
}

// place is the path of a container in its domain: Staff/London.
func place(dn string) string {
	_, path, _ := strings.Cut(source.CanonicalPath(dn), "/")
	return text(path)
}

func when(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }
func day(t time.Time) string  { return t.UTC().Format("2 Jan 2006") }

// sign and word tell a light without its colour.
func sign(l importer.Light) string {
	return map[importer.Light]string{importer.Red: "■", importer.Yellow: "▲", importer.Green: "●", importer.Grey: "○"}[l]
}

func word(l importer.Light) string {
	return map[importer.Light]string{importer.Red: "act now", importer.Yellow: "open", importer.Green: "good", importer.Grey: "not known"}[l]
}

// title names the subject of a light.
func title(code string) string {
	switch code {
	case "directories":
		return "Directories"
	case "accounts":
		return "Active accounts"
	case "matching":
		return "Paired"
	case "addresses":
		return "Usable addresses"
	case "leavers":
		return "Leavers"
	case "privileges":
		return "Privileged"
	}
	return code
}

func standing(s string) string {
	switch s {
	case importer.PowerRisen:
		return "came to power"
	case importer.PowerHeldBack:
		return "held back"
	}
	return "named, and taken in"
}

// changeTitle names what became of accounts.
func changeTitle(what string) string {
	switch what {
	case importer.OutcomeImported:
		return "Imported"
	case "imported_and_matched":
		return "Imported and paired"
	case "matched":
		return "Paired with a mailbox"
	case "parted":
		return "Parted from a mailbox"
	case "deleted":
		return "Taken out"
	case importer.WhatPrivileged:
		return "Came to power"
	case registry.StatusMissing:
		return "Gone from a directory"
	case registry.StatusReplaced:
		return "Gone, and somebody else has the name or the address"
	case registry.StatusDisabled:
		return "Switched off"
	case registry.StatusOutOfScope:
		return "No longer in the selection"
	case "enabled":
		return "Switched on again"
	case "returned":
		return "Came back"
	case "email":
		return "Another address"
	}
	return "Updated"
}

// reasonText is why a pair was made.
func reasonText(reason string) string {
	switch reason {
	case importer.ReasonManual:
		return "paired by hand"
	case "":
		return "paired before reasons were kept"
	}
	return match.ReasonText(reason)
}

// said is evidence in words.
func said(evidence []match.Evidence) string {
	texts := make([]string, len(evidence))
	for i, e := range evidence {
		texts[i] = text(e.Text)
	}
	return strings.Join(texts, ", ")
}

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func percent(confidence float64) string { return fmt.Sprintf("%d %%", int(math.Floor(confidence*100))) }

func counts(n importer.RunCounts) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{n.Created, "made"}, {n.Updated, "changed"}, {n.Deleted, "taken away"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}
