// Package terminal says what can be shown on the terminal behind a stream.
package terminal

import (
	"os"
	"strconv"

	"golang.org/x/term"
)

// usualWidth is that of a terminal that does not say its own.
const usualWidth = 80

// Width is how many cells a line of the terminal behind w has, 0 where there is no
// terminal. COLUMNS comes first, as for other programs.
func Width(w any, getenv func(string) string) int {
	f, ok := behind(w)
	if !ok {
		return 0
	}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		return n
	}
	return usualWidth
}

// Colour says whether colours may be written to w: to a terminal that knows them,
// unless NO_COLOR is set, and anywhere with CLICOLOR_FORCE.
func Colour(w any, getenv func(string) string) bool {
	if getenv("NO_COLOR") != "" {
		return false
	}
	f, ok := behind(w)
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return !ok || obeys(f)
	}
	return ok && getenv("CLICOLOR") != "0" && getenv("TERM") != "dumb" && obeys(f)
}

// behind is the terminal that is written to.
func behind(w any) (*os.File, bool) {
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
