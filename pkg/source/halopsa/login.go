package halopsa

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// login gets a token and keeps it while it is good.
type login struct {
	cfg    Config
	client *weblist.Client
	learn  func(source.Secret) // is told of each token
	token  source.Secret
	until  time.Time
}

func (l *login) authorize(ctx context.Context, h http.Header) error {
	if !time.Now().Before(l.until) {
		if err := l.renew(ctx); err != nil {
			return err
		}
	}
	h.Set("Authorization", "Bearer "+l.token.Reveal())
	return nil
}

func (l *login) forget() { l.until = time.Time{} }

func (l *login) renew(ctx context.Context) error {
	r := weblist.Request{Path: "token", Form: url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {l.cfg.ClientID},
		"client_secret": {l.cfg.ClientSecret.Reveal()},
		"scope":         {cmp.Or(l.cfg.Scope, "all")},
	}}
	if l.cfg.Tenant != "" {
		r.Query = url.Values{"tenant": {l.cfg.Tenant}}
	}
	asked := time.Now()
	a, err := l.client.Ask(ctx, r)
	if err != nil {
		return err
	}
	var doc struct {
		Token   string         `json:"access_token"`
		Type    string         `json:"token_type"`
		Expires jsontext.Value `json:"expires_in"`
	}
	err = l.client.Decode(a.Body, jsontext.KindBeginObject, &doc)
	switch {
	case err != nil:
	case !weblist.IsWord(doc.Token):
		err = errors.New("there is no access_token in it" + l.client.Said(a.Body))
	case !strings.EqualFold(doc.Type, "Bearer"):
		err = errors.New("it is not a token of the type Bearer")
	}
	if err != nil {
		return l.client.Damaged("the answer to the login is not what it should be", err)
	}
	l.token = source.NewSecret(doc.Token)
	l.learn(l.token)
	// Where it does not say how long it is good, the next request asks for another.
	seconds, _ := strconv.ParseUint(string(doc.Expires), 10, 31)
	l.until = asked.Add(time.Duration(seconds)*time.Second - time.Minute)
	return nil
}
