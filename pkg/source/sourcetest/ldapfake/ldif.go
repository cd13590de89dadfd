package ldapfake

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// ReadLDIF reads the entries of an LDIF file, as ldifde exports it.
func ReadLDIF(path string) ([]Entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	text = strings.ReplaceAll(text, "\n ", "") // continued lines
	var entries []Entry
	for _, block := range strings.Split(text, "\n\n") {
		e := Entry{Attrs: map[string][]string{}}
		for _, line := range strings.Split(block, "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				return nil, fmt.Errorf("%s: no attribute in %.60q", path, line)
			}
			if encoded, ok := strings.CutPrefix(value, ":"); ok {
				raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", path, name, err)
				}
				value = string(raw)
			} else {
				value = strings.TrimLeft(value, " ")
			}
			switch strings.ToLower(name) {
			case "dn":
				e.DN = value
			case "changetype", "version":
			default:
				e.Attrs[name] = append(e.Attrs[name], value)
			}
		}
		if e.DN != "" {
			entries = append(entries, e)
		}
	}
	return entries, nil
}
