// Package progress shows on a terminal how far a long work is.
package progress

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/qpimport/qpimport/pkg/source"
)

// step is after how many users the count is shown again.
const step = 500

// counted shows on a terminal how many users were read so far.
type counted struct {
	source.Directory
	w    io.Writer
	kind source.Kind
}

// Reading is a directory that shows on w how many users were read from it.
func Reading(w io.Writer, dir source.Directory, kind source.Kind) source.Directory {
	return counted{dir, w, kind}
}

// Unwrap returns the directory itself.
func (c counted) Unwrap() source.Directory { return c.Directory }

// Users counts what passes, and leaves the line empty at the end.
func (c counted) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		n := 0
		defer func() {
			if n >= step {
				fmt.Fprint(c.w, "\r\033[K")
			}
		}()
		for u, err := range c.Directory.Users(ctx, scope) {
			if n++; n%step == 0 {
				fmt.Fprintf(c.w, "\rreading %s: %d users", c.kind, n)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

// Steps shows on w that nothing is done yet of what there is to do, such as "12
// customers"; the function returned is told how much is done. At the end the line
// is empty.
func Steps(w io.Writer, total int, what string) func(done int) {
	fmt.Fprintf(w, "0 of %s", what)
	return func(done int) {
		if done == total {
			fmt.Fprint(w, "\r\033[K")
			return
		}
		fmt.Fprintf(w, "\r%d of %s", done, what)
	}
}
