package main

import (
	"strings"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/terminal"
)

// toneOf says how a word of a result is meant: a light, a state, an outcome. What
// stands behind a colon does not count.
func toneOf(cell string) output.Tone {
	word, _, _ := strings.Cut(cell, ":")
	switch strings.ReplaceAll(word, " ", "_") {
	case "green", "active", "ok", "yes", "for", "imported", "matched", "created", "linked", "enabled", "returned", "set", "follows", "ready", "invited", "now", "changed", "match", "undone":
		return output.Good
	case "yellow", "warning", "needs_email", "pending_match", "invalid", "duplicate", "disabled", "out_of_scope", "ad_disabled", "m365_blocked", "no_mailbox", "no", "half", "stale", "waiting", "refused", "conflict", "privileged":
		return output.Warning
	case "red", "error", "failed", "missing", "replaced", "against", "not_set":
		return output.Bad
	case "grey", "-", "unknown", "unchanged", "skipped", "planned", "not_done":
		return output.Faint
	}
	return output.Plain
}

// emailTone is that of an address with what is wrong with it.
func emailTone(cell string) output.Tone {
	if strings.HasSuffix(cell, ")") { // as emailText has it
		return output.Warning
	}
	return toneOf(cell)
}

// attentionTone is that of what needs somebody's hand.
func attentionTone(cell string) output.Tone {
	if cell == "-" {
		return output.Faint
	}
	return output.Warning
}

// said colours the word that a message on standard error begins with, and folds notes,
// which hold no commands to be copied.
func (a *app) said(message string) string {
	if width := terminal.Width(a.err, a.getenv); width > 0 && strings.HasPrefix(message, "note: ") {
		return strings.Join(output.Fold(message, width), "\n")
	}
	word, rest, ok := strings.Cut(message, ": ")
	tone, known := map[string]output.Tone{"qpimport": output.Bad, "warning": output.Warning, "hint": output.Strong, "next": output.Strong}[word]
	if !ok || !known {
		return message
	}
	return output.Screen{Colour: terminal.Colour(a.err, a.getenv)}.Paint(tone, word+":") + " " + rest
}
