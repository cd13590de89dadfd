package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// confirm makes sure that something that cannot be taken back is meant: by
// --yes, or by an answer where there is somebody to ask.
func (a *app) confirm(ctx context.Context, yes bool, what string) error {
	if yes {
		return nil
	}
	if a.settings.NoInput || !a.inTerminal {
		return usageHint("add --yes", "%s cannot be taken back and was not confirmed", what)
	}
	fmt.Fprintf(a.err, "%s? It cannot be taken back. [y/N] ", clean(what))
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n') // no line is no yes
		answer <- line
	}()
	select {
	case got := <-answer:
		if !strings.HasSuffix(got, "\n") {
			fmt.Fprintln(a.err) // what follows begins a line of its own
		}
		if got = strings.ToLower(strings.TrimSpace(got)); got == "y" || got == "yes" {
			return nil
		}
		return &source.Error{Code: importer.CodeRefused, Message: "not confirmed: nothing was changed"}
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return ctx.Err()
	}
}
