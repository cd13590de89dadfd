package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
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
		x, y := listWords(was[name]), listWords(is[name])
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

// keyWords is a key as people read it.
func keyWords(key string) string {
	words := strings.Split(strings.ReplaceAll(key, "_", " "), " ")
	for i, word := range words {
		switch word {
		case "ad", "ou", "dn", "upn":
			words[i] = strings.ToUpper(word)
		case "ous":
			words[i] = "OUs"
		case "m365":
			words[i] = source.M365.String()
		}
	}
	return strings.Join(words, " ")
}

// valueWords is a value as people read it: a time to the second, and a list that is
// kept as JSON in words.
func valueWords(value string) string {
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return timeText(t)
	}
	switch value {
	case "true":
		return "yes"
	case "false":
		return "no"
	}
	return listWords(value)
}

// listWords is a value whose list, if it is one, is said in words.
func listWords(value string) string {
	if strings.HasPrefix(value, "[") {
		return cmp.Or(inWords([]byte(value)), value)
	}
	return value
}

// inWords says JSON in plain words, "" where there is nothing to say. Of what has a text
// for people that is said alone, of what has a name or DN that.
func inWords(text []byte) string {
	var value any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&value) != nil {
		return string(text)
	}
	return sayValue(value)
}

func sayValue(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return valueWords(v)
	case []any:
		var parts []string
		between := ", "
		for _, item := range v {
			if _, object := item.(map[string]any); object {
				between = "; "
			}
			parts = append(parts, sayValue(item))
		}
		return strings.Join(parts, between)
	case map[string]any:
		return sayObject(v)
	}
	return fmt.Sprint(value)
}

func sayObject(fields map[string]any) string {
	for _, name := range []string{"text", "name", "dn"} {
		if said, ok := fields[name].(string); ok && said != "" {
			return said
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		said := sayValue(fields[name])
		if n, err := strconv.ParseInt(said, 10, 64); err == nil && (name == "remind_after" || name == "missing_for") {
			said = time.Duration(n).String()
		}
		switch {
		case fields[name] == true:
			parts = append(parts, keyWords(name))
		case said != "" && fields[name] != false:
			parts = append(parts, keyWords(name)+" "+said)
		}
	}
	return strings.Join(parts, ", ")
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
