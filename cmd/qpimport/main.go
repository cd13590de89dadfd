// Command qpimport takes end users from Active Directory and Microsoft 365 into
// a registry of accounts, customer by customer, and pairs the two directories.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

func main() {
	tuneGC(100)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C kills
	os.Exit(run(ctx, os.Args[1:], streams{
		in:          os.Stdin,
		out:         os.Stdout,
		err:         os.Stderr,
		inTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		errTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}, os.Getenv))
}

// run is the whole program but for the process round it: it returns the exit
// status.
func run(ctx context.Context, args []string, s streams, getenv func(string) string) int {
	a := &app{streams: s, getenv: getenv, logs: noLogs()}
	root := newRootCmd(a)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	cmd, err := root.ExecuteContextC(ctx)
	if !a.begun {
		// Nothing but cobra's own checks ran.
		err = asUsage(err)
		a.settings.Output = outputOf(args, getenv)
	}
	if err == nil {
		return 0
	}
	return a.fail(cmd, err)
}
