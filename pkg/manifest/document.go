package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxSize  = 8 << 20 // bytes; a customer has a few hundred
	maxDepth = 32      // the document itself has eight levels
)

// parser collects what is wrong while it walks the document.
type parser struct {
	file, dir string
	problems  Problems
	seen      map[string]int // kind and value → line, for what may occur once
}

// position is a place in the document.
type position struct{ Line, Column int }

func (p *parser) add(at position, path, format string, args ...any) {
	p.problems = append(p.problems, Problem{p.file, at.Line, at.Column, path, fmt.Sprintf(format, args...)})
}

func (p *parser) sorted() Problems {
	sort.SliceStable(p.problems, func(i, j int) bool {
		a, b := p.problems[i], p.problems[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return p.problems
}

// document reads the text and returns the root of its only document, nil where
// that is not possible.
func (p *parser) document(data []byte) ast.Node {
	start := position{1, 1}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	switch {
	case len(data) > maxSize:
		p.add(start, "", "is larger than %d MiB", maxSize>>20)
		return nil
	case !utf8.Valid(data):
		line := 1
		for rest := data; ; line++ {
			var text []byte
			var more bool
			if text, rest, more = bytes.Cut(rest, []byte("\n")); !utf8.Valid(text) || !more {
				break
			}
		}
		p.add(position{line, 1}, "", "is not UTF-8: save the file in that encoding")
		return nil
	case json.Valid(data):
		// Tabs stand between the values of JSON only, and the lexer miscounts them.
		data = bytes.ReplaceAll(data, []byte("\t"), []byte(" "))
	}

	tokens := lexer.Tokenize(string(data))
	if !p.checkTokens(tokens) {
		return nil
	}
	file, err := yamlparser.Parse(tokens, 0, yamlparser.AllowDuplicateMapKey())
	if err != nil {
		p.syntax(err)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root == nil:
			root = doc.Body
		default:
			p.add(p.at(doc.Body), "", "a second document begins here; a manifest is one")
		}
	}
	if root == nil {
		p.add(start, "", "is empty")
	}
	return root
}

// checkTokens refuses what a manifest does not need and a reviewer would not
// see through: anchors, aliases, merge keys, tags, and depth without end.
func (p *parser) checkTokens(tokens token.Tokens) bool {
	depth, entries := 0, 0
	for _, t := range tokens {
		at := positionOf(t)
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			p.add(at, "", "anchors, aliases and merge keys are not supported; use defaults")
		case token.TagType, token.DirectiveType:
			p.add(at, "", "tags and directives are not supported")
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		if t.Type == token.SequenceEntryType || t.Type == token.MappingKeyType {
			entries++
		} else {
			entries = 0
		}
		if depth > maxDepth || entries > maxDepth {
			p.add(at, "", "is nested too deeply")
			break
		}
	}
	return len(p.problems) == 0
}

// syntax reports what the YAML parser said, without the text that it quotes:
// that may be a secret.
func (p *parser) syntax(err error) {
	at, message := position{1, 1}, "is not valid YAML"
	var syntaxError yaml.Error
	if errors.As(err, &syntaxError) {
		if t := syntaxError.GetToken(); t != nil {
			at = positionOf(t)
		}
		said, _, _ := strings.Cut(syntaxError.GetMessage(), `"`)
		said = strings.ReplaceAll(said, "'\t'", "tab")
		message += ": " + strings.TrimRight(said, ": ")
	}
	p.add(at, "", "%s", message)
}

func positionOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{1, 1}
	}
	return position{t.Position.Line, t.Position.Column}
}

// at is where a node begins. A block mapping begins at its first key, though
// its token is the colon.
func (p *parser) at(n ast.Node) position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	return positionOf(n.GetToken())
}

// object is a mapping whose keys are known.
type object struct {
	p      *parser
	path   string
	at     position
	line   int
	keys   []string // in the document's order
	fields map[string]*field
}

type field struct {
	key   position
	value ast.Node
}

// anyKey makes every key of an object a known one.
const anyKey = "*"

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// speakable says whether an error may repeat a key: it is no secret that slipped
// in where the space after a colon is missing.
func speakable(key string) bool { return len(key) <= 40 && plainKey.MatchString(key) }

// object reads a mapping and reports keys that are unknown or there twice. It
// returns nil for what is no mapping.
func (p *parser) object(n ast.Node, path string, known ...string) *object {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		p.add(p.at(n), path, "has to be a mapping (key: value), not %s", kindOf(n))
		return nil
	}
	at := p.at(n)
	o := &object{p: p, path: path, at: at, line: at.Line, fields: map[string]*field{}}
	for _, v := range mapping.Values {
		keyAt := positionOf(v.Key.GetToken())
		key, ok := v.Key.(*ast.StringNode)
		if !ok {
			p.add(keyAt, path, "a key has to be text")
			continue
		}
		name := key.Value
		switch _, twice := o.fields[name]; {
		case !slices.Contains(known, name) && known[0] != anyKey:
			shown := ""
			if speakable(name) && v.Value.Type() != ast.NullType {
				shown = fmt.Sprintf(" %q", name)
			}
			p.add(keyAt, path, "unknown key%s; known here: %s", shown, strings.Join(known, ", "))
		case twice:
			p.add(keyAt, join(path, name), "is there twice; first on line %d", o.fields[name].key.Line)
		default:
			o.keys = append(o.keys, name)
			o.fields[name] = &field{keyAt, v.Value}
		}
	}
	return o
}

func join(path, key string) string {
	if !speakable(key) {
		return path
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// wrong reports a field, or with the key "" the object itself.
func (o *object) wrong(key, format string, args ...any) {
	if f := o.fields[key]; f != nil {
		o.p.add(o.p.at(f.value), join(o.path, key), format, args...)
		return
	}
	o.p.add(o.at, o.path, format, args...)
}

// isWrong says whether a problem with a field was reported.
func (o *object) isWrong(key string) bool { return o.has(key) && o.p.isWrong(join(o.path, key)) }

// isWrong says whether a problem was reported with what is at a path, or within it.
func (p *parser) isWrong(path string) bool {
	return slices.ContainsFunc(p.problems, func(q Problem) bool { return q.Path == path || strings.HasPrefix(q.Path, path+".") })
}

func (o *object) has(key string) bool { return o.fields[key] != nil }

func (o *object) require(keys ...string) {
	for _, key := range keys {
		if !o.has(key) {
			o.wrong("", "%s is missing", key)
		}
	}
}

// isNull reports a key without a value.
func (o *object) isNull(key string) bool {
	f := o.fields[key]
	if f == nil || f.value.Type() != ast.NullType {
		return false
	}
	o.p.add(f.key, join(o.path, key), "has no value; give it one or leave the key out")
	return true
}

func (f *field) isBool() bool { return f != nil && f.value.Type() == ast.BoolType }

func (f *field) isNumber() bool {
	return f != nil && (f.value.Type() == ast.IntegerType || f.value.Type() == ast.FloatType)
}

func (f *field) asText() (string, bool) { return asText(f.value) }

func asText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// kindOf names what a node is, never what it says.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "something else"
}

// text reads a text on one line; "" where there is none or it is wrong.
func (o *object) text(key string) string {
	if !o.has(key) || o.isNull(key) {
		return ""
	}
	return o.p.text(o.fields[key].value, join(o.path, key))
}

func (p *parser) text(n ast.Node, path string) string {
	text, ok := asText(n)
	switch {
	case !ok && (kindOf(n) == "a number" || kindOf(n) == "true or false"):
		p.add(p.at(n), path, "has to be text, not %s: put it in quotes", kindOf(n))
	case !ok:
		p.add(p.at(n), path, "has to be text, not %s", kindOf(n))
	case strings.ContainsFunc(text, unicode.IsControl):
		p.add(p.at(n), path, "has to be on one line, without control characters")
	case strings.TrimSpace(text) == "":
		p.add(p.at(n), path, "is empty")
	default:
		return text
	}
	return ""
}

// choice reads one of some words.
func (o *object) choice(key string, words ...string) string {
	before := len(o.p.problems)
	text := o.text(key)
	if !o.has(key) || len(o.p.problems) > before || slices.Contains(words, text) {
		return text
	}
	o.wrong(key, "has to be one of %s", strings.Join(words, ", "))
	return ""
}

func (o *object) flag(key string) bool {
	if !o.has(key) || o.isNull(key) {
		return false
	}
	b, ok := o.fields[key].value.(*ast.BoolNode)
	if !ok {
		o.wrong(key, "has to be true or false, without quotes")
		return false
	}
	return b.Value
}

func (o *object) number(key string) (int, bool) {
	if !o.has(key) || o.isNull(key) {
		return 0, false
	}
	n, ok := whole(o.fields[key].value)
	if !ok {
		o.wrong(key, "has to be a whole number, without quotes")
	}
	return n, ok
}

func whole(node ast.Node) (int, bool) {
	if n, ok := node.(*ast.IntegerNode); ok {
		switch v := n.Value.(type) {
		case int64:
			return int(max(min(v, 1<<31-1), -1<<31)), true
		case uint64:
			return int(min(v, 1<<31-1)), true
		}
	}
	return 0, false
}

// numbers are one or a list.
func (o *object) numbers(key string) []int {
	if !o.has(key) || o.isNull(key) {
		return nil
	}
	nodes := []ast.Node{o.fields[key].value}
	if list, ok := nodes[0].(*ast.SequenceNode); ok {
		nodes = list.Values
	}
	var numbers []int
	for _, node := range nodes {
		n, ok := whole(node)
		if !ok {
			o.wrong(key, "has to be a whole number, without quotes, or a list of them")
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// object reads a mapping inside this one, nil where there is none.
func (o *object) object(key string, known ...string) *object {
	if !o.has(key) || o.isNull(key) {
		return nil
	}
	return o.p.object(o.fields[key].value, join(o.path, key), known...)
}

// entry is an item of a list.
type entry struct {
	node ast.Node
	path string
}

// entries reads a list of at least so many items.
func (o *object) entries(key string, least int) []entry {
	if !o.has(key) || o.isNull(key) {
		return nil
	}
	list, ok := o.fields[key].value.(*ast.SequenceNode)
	if !ok {
		o.wrong(key, "has to be a list, not %s", kindOf(o.fields[key].value))
		return nil
	}
	if len(list.Values) < least {
		o.wrong(key, "is an empty list")
	}
	entries := make([]entry, len(list.Values))
	for i, n := range list.Values {
		entries[i] = entry{n, fmt.Sprintf("%s[%d]", join(o.path, key), i)}
	}
	return entries
}

func (o *object) texts(key string, least int) []string {
	var texts []string
	for _, e := range o.entries(key, least) {
		if text := o.p.text(e.node, e.path); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}
