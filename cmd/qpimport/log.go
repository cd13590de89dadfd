package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The forms of a log file.
const (
	logText = "text"
	logJSON = "json"
)

// logs are where a run of the program says what it does. No secret is among it: values
// of flags are not, and errors hold none.
type logs struct {
	log  *slog.Logger // to the file, and with -v to standard error
	file *slog.Logger // to the file alone: what people are told on standard error anyway
	to   io.Closer    // the file, nil for none
}

// noLogs are those of a program that has not begun.
func noLogs() logs {
	none := slog.New(slog.DiscardHandler)
	return logs{log: none, file: none}
}

// openLogs opens what the settings name. A log file that cannot be written to is an
// error before anything else is done.
func openLogs(s settings, stderr io.Writer) (logs, error) {
	l := noLogs()
	level := slog.LevelInfo
	if s.Verbose > 1 {
		level = slog.LevelDebug
	}
	var handlers []slog.Handler
	if s.LogFile != "" {
		if err := s.spares("the log file", s.LogFile); err != nil {
			return l, err
		}
		f, err := openLog(s.LogFile)
		if err != nil {
			return l, err
		}
		h := logHandler(f, s.LogFormat, level)
		l.to, l.file = f, slog.New(h).With("pid", os.Getpid())
		handlers = append(handlers, l.file.Handler())
	}
	if s.Verbose > 0 {
		handlers = append(handlers, logHandler(stderr, logText, level))
	}
	if len(handlers) > 0 {
		l.log = slog.New(slog.NewMultiHandler(handlers...))
	}
	return l, nil
}

func openLog(path string) (*os.File, error) {
	f, err := private.Append(path)
	if err != nil {
		return nil, usage.Hintf("name a file in a folder that is there and may be written to", "the log file %s cannot be written to: %s", path, usage.Reason(err))
	}
	return f, nil
}

func (l *logs) close() {
	if l.to != nil {
		_ = l.to.Close() // each line was written by itself
	}
}

// logHandler writes each record as one line in one go, so that those of two processes
// do not mix. Text of a directory can neither end a line nor be obeyed by a terminal.
func logHandler(w io.Writer, format string, level slog.Level) slog.Handler {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value.Any().(type) {
		case time.Time, slog.Level, int64, bool:
		case error:
			a.Value = slog.StringValue(logged(v.Error()))
		default:
			a.Value = slog.StringValue(logged(fmt.Sprint(v)))
		}
		return a
	}}
	if format == logJSON {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// logged is a text as it stands in a log: one line, of which not too much.
func logged(s string) string {
	const most = 4096
	if s = output.Clean(strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "; ")); len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// logBegin says what was asked for: which flags were given, not their values.
func (a *app) logBegin(cmd *cobra.Command) {
	var flags []string
	cmd.Flags().Visit(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	attributes := []any{"command", cmd.CommandPath(), "flags", strings.Join(flags, ","), "customer", a.settings.Customer, "state", shownState(a.settings.State)}
	if a.to != nil {
		attributes = append(attributes, "by", whoRuns(), "version", readVersion().Version)
	}
	a.log.Info("begin", attributes...)
}

// logEnd says what came of it.
func (a *app) logEnd(cmd *cobra.Command, began time.Time, err error) {
	code, status := statusOf(err)
	attributes := []any{"command", cmd.CommandPath(), "exit", status, "took_ms", time.Since(began).Milliseconds()}
	level := slog.LevelInfo
	if code != "" {
		attributes = append(attributes, "code", code, "error", err)
		if level = slog.LevelError; code == codePartial {
			level = slog.LevelWarn
		}
	}
	a.log.Log(context.Background(), level, "end", attributes...)
}

// logRun says that a run was recorded.
func (a *app) logRun(r registry.Run, changes int) {
	a.log.Info("run", "run", r.ID, "customer", r.CustomerName, "command", r.Command, "changes", changes, "batch", r.Batch)
}

// adapterLog takes what an adapter says of each request.
func (a *app) adapterLog(kind source.Kind) func(format string, args ...any) {
	return func(format string, args ...any) {
		a.log.Debug(fmt.Sprintf(format, args...), "source", string(kind))
	}
}

// retryLog takes what an adapter says of what it has to ask for again.
func (a *app) retryLog(kind source.Kind) func(format string, args ...any) {
	return func(format string, args ...any) {
		a.log.Warn("retry", "source", string(kind), "what", fmt.Sprintf(format, args...))
	}
}

// watched is a directory whose answers are logged.
type watched struct {
	source.Directory
	log    *slog.Logger
	opened time.Time
}

// Unwrap returns the directory itself.
func (w watched) Unwrap() source.Directory { return w.Directory }

// Users says how many came, and how long that took.
func (w watched) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		began, n := time.Now(), 0
		var failed error
		defer func() {
			w.said(failed, "read users", "users", n, "took_ms", time.Since(began).Milliseconds())
		}()
		for u, err := range w.Directory.Users(ctx, scope) {
			if n++; err != nil {
				n, failed = n-1, err
			}
			if !yield(u, err) {
				return
			}
		}
	}
}

// Close says how long the directory was in use.
func (w watched) Close() error {
	err := w.Directory.Close()
	w.said(err, "close directory", "took_ms", time.Since(w.opened).Milliseconds())
	return err
}

func (w watched) said(err error, what string, attributes ...any) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelError
		attributes = append(attributes, "code", cmp.Or(source.CodeOf(err), codeFailed), "error", err)
	}
	w.log.Log(context.Background(), level, what, attributes...)
}
