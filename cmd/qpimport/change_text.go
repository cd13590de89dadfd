package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// changeText says in plain words how two versions of something differ: JSON
// objects of what differs, either of which may be none.
func changeText(before, after []byte) string {
	was, is := flatten(before), flatten(after)
	names := slices.Collect(maps.Keys(was))
	for name := range is {
		if _, both := was[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var parts []string
	for _, name := range names {
		x, y := was[name], is[name]
		switch {
		case x == y || tellsNothing(name):
		case x == "":
			parts = append(parts, fmt.Sprintf("%s: %s", name, y))
		case y == "" && len(after) > 0:
			parts = append(parts, fmt.Sprintf("%s: %s → none", name, x))
		case y == "":
			parts = append(parts, fmt.Sprintf("%s: %s", name, x))
		default:
			parts = append(parts, fmt.Sprintf("%s: %s → %s", name, x, y))
		}
	}
	return strings.Join(parts, ", ")
}

// tellsNothing says that a field is not for people: ids, those of messages too, times
// of writing, and the evidence of a pair, which is long.
func tellsNothing(name string) bool {
	switch name {
	case "id", "key", "account", "message", "updated at", "imported at", "created at", "ad id", "ad since", "m365 id", "m365 since", "pairing confidence", "pairing evidence":
		return true
	}
	return false
}

// flatten makes the fields of a JSON object, and of the objects in it, text; what
// is empty is left out.
func flatten(object []byte) map[string]string {
	fields := map[string]any{}
	_ = json.Unmarshal(object, &fields) // our own; none of an object that is none
	flat := map[string]string{}
	var add func(prefix string, fields map[string]any)
	add = func(prefix string, fields map[string]any) {
		for name, value := range fields {
			name = prefix + strings.ReplaceAll(name, "_", " ")
			switch v := value.(type) {
			case nil:
			case map[string]any:
				add(name+" ", v)
			case []any:
				if len(v) > 0 {
					text, _ := json.Marshal(v)
					flat[name] = string(text)
				}
			default:
				if text := fmt.Sprint(v); text != "" && text != "0001-01-01T00:00:00Z" {
					flat[name] = text
				}
			}
		}
	}
	add("", fields)
	return flat
}
