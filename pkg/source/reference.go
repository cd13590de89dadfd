package source

import (
	"errors"
	"fmt"
	"strings"
)

// Reference says where a secret lies: env:NAME, file:PATH or command:PROGRAM
// ARG….
type Reference struct {
	Scheme string   // env, file or command
	Name   string   // of the variable or the file
	Argv   []string // of the command
}

// Subject names what a reference points at; arguments of a command stay out.
func (r Reference) Subject() string {
	if r.Scheme == "command" {
		return r.Argv[0]
	}
	return r.Name
}

var variableName = pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ParseReference reads a reference. What cannot be read may be a secret that was
// given by mistake, so no error repeats it.
func ParseReference(ref string) (Reference, error) {
	scheme, rest, _ := strings.Cut(ref, ":")
	switch scheme {
	case "env":
		if !variableName().MatchString(rest) {
			return Reference{}, errors.New("env: must be followed by the name of a variable")
		}
		return Reference{Scheme: scheme, Name: rest}, nil
	case "file":
		if strings.TrimSpace(rest) == "" {
			return Reference{}, errors.New("file: must be followed by a path")
		}
		if rest == "~" || strings.HasPrefix(rest, "~/") || strings.HasPrefix(rest, `~\`) {
			return Reference{}, errors.New("file: the path is taken as it is, and no shell makes a home folder of ~: write it out")
		}
		return Reference{Scheme: scheme, Name: rest}, nil
	case "command":
		argv, err := splitWords(rest)
		if err != nil {
			return Reference{}, err
		}
		return Reference{Scheme: scheme, Argv: argv}, nil
	}
	return Reference{}, errors.New("not a reference to a secret: it must begin with env:, file: or command: and name where the secret lies")
}

// splitWords splits a command at spaces. '…' and "…" keep spaces; a backslash is
// an ordinary character, since paths of Windows are full of it.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote := false, rune(0)
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("command: has a quote %c without its end", quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("command: must be followed by a program")
	}
	return words, nil
}
