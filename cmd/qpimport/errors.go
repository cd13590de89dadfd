package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/mail"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The codes of errors that arise here.
const (
	codeFailed  source.Code = "failed"  // not foreseen
	codePartial source.Code = "partial" // the result was printed; part of it is missing
)

// errSomethingToDo gives a plan an exit status of its own. It is no failure, and
// nothing is said about it.
var errSomethingToDo = errors.New("there is something to do")

// exitStatus is the one table from errors to exit statuses.
func exitStatus(code source.Code) int {
	switch code {
	case codePartial:
		return 3
	case source.CodeUsage, importer.CodePasswordSyncUnset, importer.CodeNotConnected:
		return 10
	case source.CodeNotFound, importer.CodeNotUnique:
		return 11
	case importer.CodePasswordSyncLocked, importer.CodeAccountsExist, importer.CodePairTaken,
		importer.CodeNameTaken, importer.CodeDirectoryChanged, importer.CodeSafeguard, importer.CodeStale, importer.CodeRefused, registry.CodeRule,
		source.CodePasswordRefused, importer.CodePasswordChanged:
		return 12
	case source.CodeCredentials, source.CodePermission, mail.CodeRefused:
		return 13
	case source.CodeUnreachable, source.CodeThrottled, source.CodeIncomplete, source.CodeOutcomeUnknown, importer.CodeTimeout, registry.CodeUnreachable, registry.CodeOutcomeUnknown, mail.CodeUnreachable, mail.CodeThrottled:
		return 14
	case registry.CodeBusy, registry.CodeNewer, registry.CodeDamaged,
		registry.CodeForeign, registry.CodeUnwritable, registry.CodeUnsafe, registry.CodeRefused:
		return 15
	case importer.CodeInterrupted:
		return 130
	}
	return 1
}

// statusOf is the code and the exit status of an error; no code for none, nor for a plan
// that has something to do.
func statusOf(err error) (source.Code, int) {
	switch {
	case err == nil:
		return "", 0
	case errors.Is(err, errSomethingToDo):
		return "", 20
	}
	code := cmp.Or(source.CodeOf(err), codeFailed)
	return code, exitStatus(code)
}

// retryable says whether the same command may succeed later by itself, after an
// error with the code.
func retryable(err error, code source.Code) bool {
	return exitStatus(code) == 14 && !source.IsPermanent(err) || code == registry.CodeBusy
}

// exits writes the EXIT STATUS section of a manual page. 0, 1, 10 and 130 are
// everybody's; 14 is of all that need the registry, whose server may be away.
func exits(more ...int) string {
	var b strings.Builder
	b.WriteString("\n\nExit status:\n")
	for _, e := range []struct {
		status int
		text   string
	}{
		{0, "done; also nothing to do"},
		{1, "unexpected failure"},
		{3, "partial: some items failed, or --strict and someone is left unmatched"},
		{10, "usage or configuration"},
		{11, "not found, or the name is not unique"},
		{12, "refused by a rule"},
		{13, "a directory refused the credentials or the permission"},
		{14, "a directory or a shared registry is away, throttled or incomplete: try again later"},
		{15, "the state file is busy, newer than this program, damaged, or not a state file"},
		{20, "with --detailed-exitcode: there is something to do"},
		{130, "interrupted"},
	} {
		common := e.status <= 1 || e.status == 10 || e.status == 130
		if common || slices.Contains(more, e.status) || e.status == 14 && slices.Contains(more, 15) {
			fmt.Fprintf(&b, "  %-3d  %s\n", e.status, e.text)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// asUsage marks an error of the flag parser as a usage error.
func asUsage(err error) error {
	if err == nil || source.CodeOf(err) != "" {
		return err
	}
	return &source.Error{Code: source.CodeUsage, Message: oneLine(err.Error())}
}

// stopped names the true cause of an error in a command that ran out of time
// or was interrupted. That nobody knows what came of it is not hidden by that.
func stopped(ctx context.Context, timeout time.Duration, err error) error {
	code := source.CodeOf(err)
	unknown := code == source.CodeOutcomeUnknown || code == registry.CodeOutcomeUnknown
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		if unknown {
			return err
		}
		return &source.Error{
			Code:    importer.CodeTimeout,
			Message: fmt.Sprintf("not done within %s", timeout),
			Hint:    "give it more time with --timeout, or try again later",
			Err:     detail(err),
		}
	}
	interrupted := &source.Error{Code: importer.CodeInterrupted, Message: "interrupted"}
	if unknown {
		interrupted.Err = err
	}
	return interrupted
}

// detail drops an error that says no more than that the context ended.
func detail(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// fail reports an error as the contract says and returns the exit status.
func (a *app) fail(cmd *cobra.Command, err error) int {
	code, status := statusOf(err)
	if code == "" {
		return status
	}
	hint := advice(err)
	if hint == "" && code == source.CodeUsage && cmd != nil {
		hint = "see `" + cmd.CommandPath() + " --help`"
	}
	if a.settings.Output == output.JSON || a.settings.Output == output.JSONL {
		type object struct {
			Code      source.Code       `json:"code"`
			Exit      int               `json:"exit"`
			Message   string            `json:"message"`
			Hint      string            `json:"hint"`
			Retryable bool              `json:"retryable"`
			Problems  manifest.Problems `json:"problems,omitempty"` // of a manifest, with their places
		}
		var places manifest.Problems
		_ = errors.As(err, &places)
		line, merr := output.Marshal(map[string]object{"error": {code, status, err.Error(), hint, retryable(err, code), places}})
		if merr == nil {
			fmt.Fprintf(a.err, "%s\n", line)
			return status
		}
	}
	fmt.Fprintln(a.err, a.said("qpimport: "+output.CleanLines(err.Error())))
	if hint != "" {
		fmt.Fprintln(a.err, a.said("hint: "+output.CleanLines(hint)))
	}
	return status
}
