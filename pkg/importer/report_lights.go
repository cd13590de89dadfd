package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Light is how something stands.
type Light string

// The lights, from bad to good.
const (
	Red    Light = "red"    // somebody has to act
	Yellow Light = "yellow" // something is open
	Grey   Light = "grey"   // not known
	Green  Light = "green"
)

// worse is the worse of two lights.
func worse(a, b Light) Light {
	order := []Light{Red, Yellow, Grey, Green}
	return order[min(slices.Index(order, a), slices.Index(order, b))]
}

// lights sums up.
func (w *reportWriter) lights(findings []StatusFinding) {
	n := &w.Counts
	say := func(code string, light Light, count, of int, format string, args ...any) {
		w.Lights = append(w.Lights, ReportLight{code, light, count, of, fmt.Sprintf(format, args...)})
	}
	light, text := Green, "read whole, and lately"
	if len(w.Sources) == 0 {
		light, text = Yellow, "none is connected"
	}
	for _, s := range w.Sources {
		if s.ReadAt == nil {
			light, text = worse(light, Yellow), s.Source.String()+" was not read yet"
		}
	}
	for _, f := range findings {
		switch f.Code {
		case "ad_not_connected", "m365_not_connected":
			light, text = Red, f.Text
		case "read_failed":
			light, text = Red, f.Text
		case "refused":
			light, text = Red, "what was read last looked like a mistake, and was refused"
		case "stale_read", "stale_export":
			if light != Red {
				light, text = worse(light, Yellow), f.Text
			}
		}
	}
	say("directories", light, len(w.Sources), 0, "%s", text)

	a := n.Accounts
	switch {
	case a.Total == 0:
		say("accounts", Yellow, 0, 0, "nobody is imported yet")
	case a.Active == a.Total:
		say("accounts", Green, a.Active, a.Total, "all are active")
	default:
		var waits []string
		if a.PendingMatch > 0 {
			waits = append(waits, amount(a.PendingMatch, "waits for a mailbox", "wait for a mailbox"))
		}
		if a.NeedsEmail > 0 {
			waits = append(waits, amount(a.NeedsEmail, "waits for an address", "wait for an address"))
		}
		say("accounts", Yellow, a.Active, a.Total, "%s", strings.Join(waits, ", "))
	}
	if w.PasswordSync == registry.ModeOn {
		waiting := a.PendingMatch - n.Ignored
		switch {
		case n.Doubtful > 0:
			say("matching", Red, n.Pairs, a.Total, "%s", amount(n.Doubtful, "of the pairs is contradicted", "of the pairs are contradicted"))
		case waiting > 0:
			say("matching", Yellow, n.Pairs, a.Total, "%s", amount(waiting, "is to be matched", "are to be matched"))
		case a.Total > 0:
			say("matching", Green, n.Pairs, a.Total, "nobody is left to match")
		}
	}
	if has := a.Total - a.PendingMatch; has > 0 {
		if a.NeedsEmail > 0 {
			say("addresses", Yellow, has-a.NeedsEmail, has, "%s", amount(a.NeedsEmail, "has no address that can be used", "have no address that can be used"))
		} else {
			say("addresses", Green, has, has, "all can be reached")
		}
	}
	w.leaverLight(say)
	w.powerLight(say)
	w.Light = Green
	for _, l := range w.Lights {
		w.Light = worse(w.Light, l.Light)
	}
}

func (w *reportWriter) leaverLight(say func(code string, light Light, count, of int, format string, args ...any)) {
	gone := 0
	for _, a := range w.snap.Accounts {
		if a.AD.Gone() || a.M365.Gone() {
			gone++
		}
	}
	switch {
	case len(w.Leavers) > 0:
		say("leavers", Red, len(w.Leavers), 0, "left, and the mailbox is open")
	case gone > 0:
		say("leavers", Yellow, 0, 0, "no mailbox is open; %s", amount(gone, "account is of somebody who is gone", "accounts are of people who are gone"))
	case len(w.known[source.M365]) > 0 && len(w.known[source.AD]) > 0:
		say("leavers", Green, 0, 0, "no mailbox of a leaver is open")
	}
}

func (w *reportWriter) powerLight(say func(code string, light Light, count, of int, format string, args ...any)) {
	n := w.Counts
	switch {
	case n.Risen > 0:
		say("privileges", Red, n.Risen, 0, "came to power over a directory since they were imported")
	case len(w.PowerUnknown) == len(w.known) && len(w.known) > 0:
		say("privileges", Grey, 0, 0, "it is not known who holds power")
	case len(w.PowerUnknown) > 0:
		say("privileges", Grey, n.HeldBack, 0, "held back; of %s it is not known who holds power", w.PowerUnknown[0])
	case len(w.known) > 0:
		say("privileges", Green, n.HeldBack, 0, "held back, because they hold power over a directory")
	}
}

// amount is a number with what is said of one, or of several.
func amount(n int, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, several)
}
