// Package adsync has AD Connect on this machine run a cycle, through Windows
// PowerShell and AD Connect's own module ADSync.
package adsync

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/qpimport/qpimport/pkg/source"
)

// Engine is AD Connect on this machine.
type Engine struct {
	// Getenv is the environment, in which PowerShell is looked for.
	Getenv func(string) string
	// Log, where set, is told what is run.
	Log func(format string, args ...any)
}

const (
	timeout   = 2 * time.Minute // of one script: the module takes a while to load
	maxOutput = 1 << 20
)

// The scripts write one line of JSON. Nothing of them comes from outside.
const (
	schedulerScript = `$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = [System.Text.Encoding]::UTF8
if (-not (Get-Service -Name ADSync -ErrorAction SilentlyContinue)) { '{"Installed":false}'; exit 0 }
Import-Module ADSync
$s = Get-ADSyncScheduler
$forests = @(Get-ADSyncConnector | Where-Object { $_.Type -eq 'AD' } | ForEach-Object { $_.Name })
[pscustomobject]@{ Installed = $true; Enabled = [bool]$s.SyncCycleEnabled; Staging = [bool]$s.StagingModeEnabled;
  Suspended = [bool]$s.SchedulerSuspended; Running = [bool]$s.SyncCycleInProgress; Forests = $forests } | ConvertTo-Json -Compress`
	startScript = `$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = [System.Text.Encoding]::UTF8
Import-Module ADSync
$r = Start-ADSyncSyncCycle -PolicyType Delta
[pscustomobject]@{ Result = [string]$r.Result } | ConvertTo-Json -Compress`
)

// Scheduler implements [source.SyncEngine]. Without Windows PowerShell there is no
// AD Connect.
func (e Engine) Scheduler(ctx context.Context) (source.SyncScheduler, error) {
	var s source.SyncScheduler
	shell := e.shell()
	if shell == "" {
		return s, nil
	}
	return s, e.run(ctx, shell, schedulerScript, &s)
}

// Start implements [source.SyncEngine].
func (e Engine) Start(ctx context.Context) error {
	var answer struct{ Result string }
	if err := e.run(ctx, e.shell(), startScript, &answer); err != nil {
		return err
	}
	if !strings.EqualFold(answer.Result, "Success") {
		return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf("AD Connect did not begin a cycle: it says %.80q", answer.Result), Hint: "look at the Synchronization Service Manager on this machine"}
	}
	return nil
}

// shell is the path of Windows PowerShell, "" for none. On Windows it is the system's
// own and no other.
func (e Engine) shell() string {
	if runtime.GOOS == "windows" {
		path := filepath.Join(e.Getenv("SystemRoot"), "System32", "WindowsPowerShell", "v1.0", "powershell.exe")
		if _, err := os.Stat(path); err != nil {
			return ""
		}
		return path
	}
	for _, folder := range filepath.SplitList(e.Getenv("PATH")) {
		path := filepath.Join(folder, "powershell.exe")
		if info, err := os.Stat(path); err == nil && filepath.IsAbs(path) && !info.IsDir() {
			return path
		}
	}
	return ""
}

// run runs a script and reads the JSON that it writes.
func (e Engine) run(ctx context.Context, shell, script string, answer any) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, shell, "-NoProfile", "-NonInteractive", "-EncodedCommand", encode(script))
	cmd.WaitDelay = 5 * time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &limitedWriter{&out}, &limitedWriter{&said}
	if e.Log != nil {
		e.Log("%s runs a script of AD Connect", shell)
	}
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case limited.Err() != nil:
		return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf("AD Connect did not answer within %s", timeout), Hint: "try again later"}
	case err != nil:
		return explain(err, out.String()+said.String())
	}
	if json.Unmarshal(bytes.TrimPrefix(bytes.TrimSpace(out.Bytes()), []byte("\ufeff")), answer) != nil {
		return &source.Error{Code: source.CodeIncomplete, Message: "AD Connect's PowerShell module gave an answer that cannot be read", Hint: "run Get-ADSyncScheduler on this machine"}
	}
	return nil
}

// explain says in words why AD Connect would not, by what its cmdlets are known to
// say. The text itself is not repeated: it goes over many lines, in any language.
func explain(err error, said string) error {
	said = strings.ToLower(said)
	for _, known := range []struct{ text, message, hint string }{
		{"sync is already running", "AD Connect is running a cycle now", "wait until it is done"},
		{"aad is busy", "AD Connect is running a cycle now", "wait until it is done"},
		{"wizard", "AD Connect's wizard is open", "close it first"},
		{"suspended", "AD Connect's scheduler is suspended", "close its wizard, or resume it with Set-ADSyncScheduler"},
		{"access is denied", "this account may not run AD Connect's cycle", "run it as a member of the local group ADSyncOperators or ADSyncAdmins, after a new sign-in"},
		{"accessdenied", "this account may not run AD Connect's cycle", "run it as a member of the local group ADSyncOperators or ADSyncAdmins, after a new sign-in"},
		{"was not loaded because no valid module", "the PowerShell module ADSync is not found", "run it where AD Connect is installed"},
	} {
		if strings.Contains(said, known.text) {
			code := source.CodeUnreachable
			if strings.Contains(known.message, "may not") {
				code = source.CodePermission
			}
			return &source.Error{Code: code, Message: known.message, Hint: known.hint}
		}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf("AD Connect's PowerShell module failed (exit status %d)", exit.ExitCode()), Hint: "run Start-ADSyncSyncCycle -PolicyType Delta on this machine, and read what it says"}
	}
	return &source.Error{Code: source.CodeUnreachable, Message: "Windows PowerShell cannot be run", Err: err}
}

// encode is a script as -EncodedCommand takes it: UTF-16LE in base64.
func encode(script string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(script)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// limitedWriter keeps the first part of what is written.
type limitedWriter struct{ *bytes.Buffer }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if room := maxOutput - w.Len(); room > 0 {
		_, _ = w.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

var _ io.Writer = (*limitedWriter)(nil)
