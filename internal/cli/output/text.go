package output

import (
	"fmt"
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

// ShellWord quotes a word for a command that is shown to be copied.
func ShellWord(s string) string {
	s = Clean(s)
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.@/", r)
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
