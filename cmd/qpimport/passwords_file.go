package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// passwordLine is a line of a file of new passwords.
type passwordLine struct {
	Account     string `json:"account"`
	DisplayName string `json:"display_name"`
	Username    string `json:"username"`
	UPN         string `json:"upn"`
	Email       string `json:"email"`
	Password    string `json:"password"`
	AD          string `json:"ad"` // what came of it, "" while nobody knows
	M365        string `json:"m365"`
	Reset       string `json:"reset"`
}

// passwordFormat is the format of a file of passwords by the end of its name, "" for
// another.
func passwordFormat(path string) string {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".csv", ".json":
		return ext
	}
	return ""
}

// refuseExisting refuses to write over a file: it may hold passwords that nobody else
// has.
func refuseExisting(path string) error {
	return output.CheckNew("--out", path, "name another file, or take that one away")
}

// createPasswords writes a new file of passwords, which its owner alone can read.
// Where that fails no file is left, and nothing is set yet.
func createPasswords(path string, passwords []importer.ResetPassword) (err error) {
	f, err := private.Create(path)
	if errors.Is(err, fs.ErrExist) {
		return refuseExisting(path)
	}
	if err == nil {
		err = writePasswords(f, path, linesOf(passwords, nil))
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("cannot write %s, and nothing was set: %s", path, usage.Reason(err)), Hint: "name a file in a folder with space"}
	}
	return nil
}

// rewritePasswords writes them once more, with what came of each.
func rewritePasswords(path string, passwords []importer.ResetPassword, r importer.ResetResult) error {
	lines := linesOf(passwords, r.Accounts)
	return output.ReplaceFile(path, func(w io.Writer) error { return writePasswords(w, path, lines) })
}

func removePasswords(path string) error { return os.Remove(path) }

func linesOf(passwords []importer.ResetPassword, accounts []importer.AccountReset) []passwordLine {
	came := map[string]importer.AccountReset{}
	for _, acc := range accounts {
		came[acc.Account] = acc
	}
	lines := make([]passwordLine, len(passwords))
	for i, p := range passwords {
		lines[i] = passwordLine{
			Account: p.Account, DisplayName: p.DisplayName, Username: p.Username, UPN: p.UPN, Email: p.Email, Password: p.Password.Reveal(), Reset: p.Reset,
		}
		acc := came[p.Account]
		if acc.AD != nil {
			lines[i].AD = acc.AD.Outcome
		}
		if acc.M365 != nil {
			lines[i].M365 = acc.M365.Outcome
		}
	}
	return lines
}

func writePasswords(w io.Writer, path string, lines []passwordLine) error {
	if passwordFormat(path) == ".json" {
		return output.Render(w, output.JSON, false, output.Screen{}, output.View{Document: map[string]any{"passwords": lines}})
	}
	return output.WriteCSV(w, output.Rows([]output.Column[passwordLine]{
		{Key: "account", Text: func(l passwordLine) string { return l.Account }},
		{Key: "display_name", Text: func(l passwordLine) string { return l.DisplayName }},
		{Key: "username", Text: func(l passwordLine) string { return l.Username }},
		{Key: "upn", Text: func(l passwordLine) string { return l.UPN }},
		{Key: "email", Text: func(l passwordLine) string { return l.Email }},
		{Key: "password", Text: func(l passwordLine) string { return l.Password }},
		{Key: "ad", Text: func(l passwordLine) string { return l.AD }},
		{Key: "m365", Text: func(l passwordLine) string { return l.M365 }},
		{Key: "reset", Text: func(l passwordLine) string { return l.Reset }},
	}, lines), false)
}

// readPasswords reads what [createPasswords] wrote. No error repeats a password.
func readPasswords(ctx context.Context, a *app, path string) ([]importer.ResetPassword, error) {
	f, err := input.Read(ctx, a.in, path)
	if err != nil {
		return nil, err
	}
	var lines []passwordLine
	if passwordFormat(path) == ".json" {
		var document struct {
			Passwords []passwordLine `json:"passwords"`
		}
		if json.Unmarshal(f.Data, &document) != nil {
			return nil, usage.Errorf("--from %s: is not what --out writes", path)
		}
		lines = document.Passwords
	} else {
		rows, err := f.Sheet("account", "password", "reset")
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			lines = append(lines, passwordLine{Account: row.Cells["account"], Password: row.Cells["password"], Reset: row.Cells["reset"]})
		}
	}
	passwords := make([]importer.ResetPassword, len(lines))
	for i, l := range lines {
		if l.Account == "" || l.Password == "" || l.Reset == "" {
			return nil, usage.Errorf("--from %s: line %d is not what --out writes", path, i+1)
		}
		passwords[i] = importer.ResetPassword{Account: l.Account, Reset: l.Reset, Password: source.NewSecret(l.Password)}
	}
	return passwords, nil
}
