package output

import (
	"fmt"
	"runtime"
	"strings"
	"unicode"
)

// Count is a number with its noun.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// OrDash is a text, or what stands for none.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// CleanLines makes a message of several lines safe to print; no line of it can
// pass for the beginning of another message.
func CleanLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// ShellWord quotes a word for a command that is shown to be copied, as the shells of
// this system read it.
func ShellWord(s string) string { return shellWord(runtime.GOOS, s) }

func shellWord(goos, s string) string {
	s = Clean(s)
	plain := "-_.@/"
	if goos == "windows" {
		plain = `-_./\:`
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(plain, r)
	}) < 0 {
		return s
	}
	if goos == "windows" {
		return windowsWord(s)
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// windowsWord quotes a word for cmd.exe and PowerShell alike. What one of the two
// obeys in quotes cannot be quoted for both, and stands as a question mark: there the
// reader has to type.
func windowsWord(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"\u201c\u201d\u201e$`%", r) { // PowerShell takes each of the quotes
			return '?'
		}
		return r
	}, s)
	if strings.HasSuffix(s, `\`) {
		s += strings.Repeat(`\`, len(s)-len(strings.TrimRight(s, `\`))) // the last one would escape the quote
	}
	return `"` + s + `"`
}
