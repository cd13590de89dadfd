package weblist

import (
	"errors"
	"net/url"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Address reads the URL of a product. Secrets are sent there: plain http is for
// this machine alone.
func Address(product, raw, example string) (*url.URL, error) {
	if err := source.CheckWebAddress(raw); err != nil {
		return nil, usage("the URL of "+product+": "+err.Error(), example+" is one")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, usage("the URL of "+product+" cannot be read", example+" is one")
	}
	return u, nil
}

// Site is the URL of a product without the path of its API, for people copy either.
func Site(u *url.URL, api string) *url.URL {
	site := *u
	site.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/"+api)
	return &site
}

// CheckSecret says what is wrong with a secret that goes into a header. Its name
// is for people, as "API key of IT Glue"; the subject is for advice.
func CheckSecret(s source.Secret, name, subject string) error {
	var err error
	switch value := s.Reveal(); {
	case value == "":
		err = errors.New("the " + name + " is empty")
	case !IsWord(value):
		err = errors.New("the " + name + " holds characters that none has, such as spaces or line breaks")
	default:
		return nil
	}
	return &source.Error{Code: source.CodeUsage, Topic: TopicBadSecret, Subject: subject, Message: err.Error()}
}

// IsWord says whether a text is one word that a header can carry.
func IsWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func usage(message, hint string) error {
	return &source.Error{Code: source.CodeUsage, Message: message, Hint: hint}
}
