package main

import (
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/qpimport/qpimport/pkg/source"
)

// progressStep is after how many users the count is shown again.
const progressStep = 500

// counted shows on a terminal how many users were read so far.
type counted struct {
	source.Directory
	w    io.Writer
	kind source.Kind
}

// countedOUs is counted for a directory that has OUs.
type countedOUs struct {
	counted
	source.OULister
}

func withProgress(dir source.Directory, w io.Writer, kind source.Kind) source.Directory {
	c := counted{dir, w, kind}
	if ous, ok := dir.(source.OULister); ok {
		return countedOUs{c, ous}
	}
	return c
}

// Users counts what passes, and leaves the line empty at the end.
func (c counted) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		n := 0
		defer func() {
			if n >= progressStep {
				fmt.Fprint(c.w, "\r\033[K")
			}
		}()
		for u, err := range c.Directory.Users(ctx, scope) {
			if n++; n%progressStep == 0 {
				fmt.Fprintf(c.w, "\rreading %s: %d users", c.kind, n)
			}
			if !yield(u, err) {
				return
			}
		}
	}
}
