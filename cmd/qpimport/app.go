package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/terminal"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adsync"
)

// streams is what the program reads from and writes to.
type streams struct {
	in                      io.Reader
	out, err                io.Writer
	inTerminal, errTerminal bool
}

// app is what every command shares during one run.
type app struct {
	streams
	getenv   func(string) string
	settings settings
	logs
	begun bool // a command's own code was reached
	// sideBySide is set where many directories are read at once, which then do not
	// show their own progress.
	sideBySide bool
}

// command makes a cobra RunE of a command's function: the settings are read
// and --timeout runs from here on.
func (a *app) command(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		var err error
		if a.settings, err = loadSettings(cmd.Flags(), a.getenv); err != nil {
			return err
		}
		if err := checkEmpty(cmd.Flags()); err != nil {
			return err
		}
		a.begun = true
		if a.logs, err = openLogs(a.settings, a.err); err != nil {
			return err
		}
		defer a.close()
		ctx := cmd.Context()
		if a.settings.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, a.settings.Timeout)
			defer cancel()
		}
		a.logBegin(cmd)
		began := time.Now()
		if err = run(ctx, args); err != nil && ctx.Err() != nil {
			err = stopped(ctx, a.settings.Timeout, err)
		}
		a.logEnd(cmd, began, err)
		return err
	}
}

// checkEmpty refuses flags that were given without a value, as --ou "$OU" is
// where OU is not set.
func checkEmpty(flags *pflag.FlagSet) error {
	var found []string
	flags.Visit(func(f *pflag.Flag) {
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			if slices.Contains(v.GetSlice(), "") {
				found = append(found, "--"+f.Name+" has an empty value")
			}
		default:
			if f.Value.Type() == "string" && f.Value.String() == "" {
				found = append(found, "--"+f.Name+" has an empty value")
			}
		}
	})
	return usage.Join(found)
}

// open opens the registry for reading alone, or for writing too. The caller
// closes it.
func (a *app) open(ctx context.Context, readOnly bool) (*importer.Importer, error) {
	store, err := a.openState(ctx, readOnly)
	if err != nil {
		return nil, err
	}
	o := importer.Options{Store: store, Open: a.openDirectory, Check: checkFiles, Written: writtenAt, Sync: adsync.Engine{Getenv: a.getenv, Log: a.adapterLog(source.AD)}}
	if !readOnly {
		o.By, o.Version, o.Recorded = whoRuns(), readVersion().Version, a.logRun
	}
	return importer.New(o), nil
}

// whoRuns names the user and the host, for the record of what was changed.
func whoRuns() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// reading and writing hand the opened registry to a use case and close it.
func reading[T any](ctx context.Context, a *app, use func(*importer.Importer) (T, error)) (T, error) {
	return with(ctx, a, true, use)
}

func writing[T any](ctx context.Context, a *app, use func(*importer.Importer) (T, error)) (T, error) {
	return with(ctx, a, false, use)
}

func with[T any](ctx context.Context, a *app, readOnly bool, use func(*importer.Importer) (T, error)) (result T, err error) {
	im, err := a.open(ctx, readOnly)
	if err != nil {
		return result, err
	}
	defer func() {
		if cerr := im.Close(); err == nil {
			err = cerr
		}
	}()
	return use(im)
}

// customer is the customer that the command is about.
func (a *app) customer() (string, error) {
	if a.settings.Customer == "" {
		return "", &source.Error{
			Code:    source.CodeUsage,
			Message: "no customer was named",
			Hint:    "say which: -c NAME, or " + envCustomer + " (`qpimport customers` lists them)",
		}
	}
	return a.settings.Customer, nil
}

// notice tells people something that is no result. Scripts may silence it.
func (a *app) notice(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	a.file.Info("notice", "text", text)
	if !a.settings.Quiet {
		fmt.Fprintln(a.err, a.said(output.Clean(text)))
	}
}

// notes tells people what directories remark about themselves.
func (a *app) notes(notes []string) {
	for _, note := range notes {
		a.notice("note: %s", note)
	}
}

// render writes a result to standard output in the format asked for.
func (a *app) render(v output.View) error {
	if err := output.Render(a.out, a.settings.Output, a.settings.BOM, a.screen(a.out), v); err != nil {
		return fmt.Errorf("the command did its work, but the result could not be written: %w", err)
	}
	return nil
}

// screen is what a stream is shown on.
func (a *app) screen(w io.Writer) output.Screen {
	return output.Screen{
		Width: terminal.Width(w, a.getenv), Colour: terminal.Colour(w, a.getenv),
		More: " (a wider terminal and -o csv have all)",
	}
}

// confirm makes sure that something that takes a lot away is meant: by --yes, or by
// an answer where there is somebody to ask.
func (a *app) confirm(ctx context.Context, yes bool, what string) error {
	if yes {
		return nil
	}
	if a.settings.NoInput || !a.inTerminal {
		return usage.Hintf("add --yes", "%s was not confirmed", what)
	}
	ok, err := input.Confirm(ctx, a.in, a.err, output.Clean(what)+"?")
	if err != nil {
		return err
	}
	if !ok {
		return &source.Error{Code: importer.CodeRefused, Message: "not confirmed: nothing was changed"}
	}
	return nil
}
