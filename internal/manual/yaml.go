package main

import (
	"regexp"

	"github.com/goccy/go-yaml"
)

// yamlDocument has the keys that cobra's generator of documentation writes.
type yamlDocument struct {
	Name             string       `yaml:"name"`
	Synopsis         string       `yaml:"synopsis"`
	Description      string       `yaml:"description"`
	Usage            string       `yaml:"usage,omitempty"`
	Options          []yamlOption `yaml:"options,omitempty"`
	InheritedOptions []yamlOption `yaml:"inherited_options,omitempty"`
	Example          string       `yaml:"example,omitempty"`
	SeeAlso          []string     `yaml:"see_also,omitempty"`
}

type yamlOption struct {
	Name         string `yaml:"name"`
	Shorthand    string `yaml:"shorthand,omitempty"`
	Value        string `yaml:"value,omitempty"`
	DefaultValue string `yaml:"default_value,omitempty"`
	Usage        string `yaml:"usage"`
}

func yamlPage(b book, p page) (string, error) {
	d := yamlDocument{
		Name:             p.title(),
		Synopsis:         p.short,
		Description:      p.text,
		Usage:            p.section("Usage"),
		Options:          yamlOptions(p.section("Flags")),
		InheritedOptions: yamlOptions(p.section("Global Flags")),
		Example:          p.section("Examples"),
	}
	for _, o := range b.near(p) {
		d.SeeAlso = append(d.SeeAlso, o.title()+" - "+o.short)
	}
	text, err := yaml.MarshalWithOptions(d, yaml.UseLiteralStyleIfMultiline(true))
	return string(text), err
}

var (
	flagHead    = regexp.MustCompile(`^(?:-(\w), )?--([\w-]+)(?: (.+))?$`)
	flagDefault = regexp.MustCompile(`\(default (?:"([^"]*)"|([^)]*))\)$`)
)

func yamlOptions(body string) []yamlOption {
	var out []yamlOption
	for _, f := range flags(body) {
		o := yamlOption{Usage: f.text}
		if m := flagHead.FindStringSubmatch(f.head); m != nil {
			o.Shorthand, o.Name, o.Value = m[1], m[2], m[3]
		}
		if m := flagDefault.FindStringSubmatch(f.text); m != nil {
			o.DefaultValue = m[1] + m[2]
		}
		out = append(out, o)
	}
	return out
}
