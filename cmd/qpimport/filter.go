package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

// filterFlags choose whom a list shows.
type filterFlags struct {
	ous       []string
	recursive bool
	light     string
	text      string
}

// filterHelp explains the flags that all lists have in common; what the lights are
// follows.
const filterHelp = `
--ou, --light and --text show some of them. TEXT is a part of a name, a login or an
address; case, white space and invisible characters do not count. LIGHT is

`

// addOU adds the flags that choose by OU.
func (o *filterFlags) addOU(f *pflag.FlagSet) {
	f.StringArrayVar(&o.ous, "ou", nil, "only users in this `OU` (repeatable)")
	f.BoolVarP(&o.recursive, "recursive", "r", false, "with --ou: those below it as well")
}

// add adds the flags that choose by light and text.
func (o *filterFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.light, "light", "", "only who stands at this `LIGHT`: "+strings.Join(lights(), ", "))
	f.StringVar(&o.text, "text", "", "only who has `TEXT` in a name, a login or an address")
}

// filter is what the flags ask for.
func (o filterFlags) filter() (importer.Filter, error) {
	var found []string
	if err := checkOUFlags(o.ous, o.recursive); err != nil {
		found = append(found, err.Error())
	}
	if o.light != "" && !slices.Contains(lights(), o.light) {
		found = append(found, fmt.Sprintf("--light %q: use %s", o.light, strings.Join(lights(), ", ")))
	}
	return importer.Filter{OUs: o.ous, Recursive: o.recursive, Light: importer.Light(o.light), Text: o.text}, usage.Join(found)
}

func lights() []string {
	return []string{string(importer.Red), string(importer.Yellow), string(importer.Green), string(importer.Grey)}
}

// sortFlag is --sort.
type sortFlag struct{ value string }

func (s *sortFlag) add(f *pflag.FlagSet) {
	f.StringVar(&s.value, "sort", string(importer.ByOU), "sort by `ORDER`: "+strings.Join(orders(), ", ")+"; light has the worst first")
}

func (s sortFlag) order() (importer.Order, error) {
	if !slices.Contains(orders(), s.value) {
		return "", usage.Errorf("--sort %q: use %s", s.value, strings.Join(orders(), ", "))
	}
	return importer.Order(s.value), nil
}

func orders() []string {
	return []string{string(importer.ByOU), string(importer.ByName), string(importer.ByLight)}
}

// shownOf says how many a list shows, of how many.
func shownOf(p *output.Page, shown, of int, noun string) {
	if of == 0 {
		return
	}
	p.Blank()
	if shown == of {
		p.Line("%s", output.Count(of, noun))
		return
	}
	p.Line("%d of %s", shown, output.Count(of, noun))
}

// noneFits says that a filter let nobody through.
func (a *app) noneFits(shown, of int, noun string) {
	if shown == 0 && of > 0 {
		a.notice("note: none of %s fits the filter", output.Count(of, noun))
	}
}
