package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// errSettled says that the connection broke, and that the transaction was not done.
var errSettled = errors.New("the connection broke before the change was made; nothing was changed")

// sqlState is the code of an error of the server, "" for another.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// constraint says that a constraint or trigger refused a change.
func constraint(err error) bool { return strings.HasPrefix(sqlState(err), "23") }

// lost says that the connection is, or that the server is ending or beginning.
func lost(err error) bool {
	if state := sqlState(err); state != "" {
		return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") || state == "25P03" // idle for too long
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) && !isCertificate(err) && !refusedTLS(err) && !refusedLogin(err) || errors.As(err, &network) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "conn closed")
}

// again says that a transaction that ended so was not done, and may be done anew.
func again(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01" || errors.Is(err, errSettled) || source.CodeOf(err) == "" && lost(err)
}

func refusedTLS(err error) bool {
	return strings.Contains(err.Error(), "server refused TLS connection")
}

// refusedLogin says that we would not log in in the way that the server wanted.
func refusedLogin(err error) bool {
	return strings.Contains(err.Error(), "require_auth check failed")
}

// states are the errors of the server that mean something to us, by the beginning of
// their codes; the longest that fits holds.
var states = []struct {
	state string
	code  source.Code
	topic source.Topic
	words string
}{
	{"23", registry.CodeRule, "", "it refused the change"},
	{"54", registry.CodeRule, "", "a text is longer than it can keep"},
	{"40001", registry.CodeBusy, "", "others write to the same rows"},
	{"40P01", registry.CodeBusy, "", "others write to the same rows"},
	{"55P03", registry.CodeBusy, "", "another process is writing to it"},
	{"53300", registry.CodeBusy, TopicConnections, "the server has no connection left"},
	{"57014", registry.CodeBusy, TopicEnded, "the server ended the statement"},
	{"28", registry.CodeRefused, TopicLogin, "the server refused the login"},
	{"28P01", registry.CodeRefused, TopicLogin, "the server refused the password"},
	{"3D000", registry.CodeRefused, TopicDatabase, "there is no such database"},
	{"42501", registry.CodeRefused, TopicRights, "the role lacks rights"},
	{"25006", registry.CodeUnwritable, TopicStandby, "the server is a standby, or takes no changes"},
	{"53100", registry.CodeUnwritable, TopicDisk, "the server's disk is full"},
	{"58", registry.CodeUnwritable, TopicDisk, "the server cannot write to its disk"},
	{"26000", source.CodeUsage, TopicPooler, "a pooler in between loses prepared statements"},
	{"42P05", source.CodeUsage, TopicPooler, "a pooler in between mixes prepared statements up"},
	{"42", registry.CodeDamaged, "", "its tables are not those of this program"},
	{"XX", registry.CodeDamaged, "", "the server found damage"},
}

// coded says in words what an error of the server or of the way to it means.
func (a *address) coded(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, registry.ErrMoved), errors.Is(err, registry.ErrParted), source.CodeOf(err) != "":
		return err
	case ctx.Err() != nil: // an interrupted statement reports another error: the cause is ours
		return fmt.Errorf("registry %s: %w", a.place, context.Cause(ctx))
	}
	e := &source.Error{Message: "registry " + a.place, Err: errors.New("the server does not answer"), Code: registry.CodeUnreachable, Topic: TopicServer}
	var server *pgconn.PgError
	switch {
	case errors.As(err, &server):
		e.Code, e.Topic, e.Err = "", "", server
		if lost(err) {
			e.Code, e.Topic, e.Err = registry.CodeUnreachable, TopicServer, said("the server is not there for us", server)
		}
		best := ""
		for _, s := range states {
			if strings.HasPrefix(server.Code, s.state) && len(s.state) > len(best) {
				best, e.Code, e.Topic, e.Err = s.state, s.code, s.topic, said(s.words, server)
			}
		}
		var connect *pgconn.ConnectError
		if errors.As(err, &connect) && e.Code == registry.CodeDamaged {
			e.Code, e.Err = source.CodeUsage, said("the server does not take a setting", server)
		}
		e.Subject = a.config.ConnConfig.User
	case isCertificate(err):
		e.Code, e.Topic, e.Err = registry.CodeRefused, TopicCertificate, fmt.Errorf("the server's certificate is not right: %w", innermost(err))
	case refusedTLS(err):
		e.Code, e.Topic, e.Err = registry.CodeRefused, TopicNoTLS, errors.New("the server does not speak TLS")
		if safe(&pgconn.FallbackConfig{Host: a.config.ConnConfig.Host, Port: a.config.ConnConfig.Port}) {
			e.Subject = "local"
		}
	case refusedLogin(err):
		e.Code, e.Topic, e.Err = registry.CodeRefused, TopicClear, errors.New("the server wants the password in a way that it is not to be sent")
	case errors.Is(err, errSettled):
		e.Err = err
	case lost(err):
		e.Err = fmt.Errorf("the server does not answer: %w", innermost(err))
	default:
		return fmt.Errorf("registry %s: %w", a.place, err)
	}
	return e
}

// said are our words and those of the server. Its details stay out: they may repeat
// what is stored.
func said(words string, e *pgconn.PgError) error {
	return fmt.Errorf("%s: %s (%s)", words, e.Message, e.Code)
}

// innermost is the cause of an error of the network, without what drivers put
// around it.
func innermost(err error) error {
	for {
		var next error
		switch e := err.(type) { //nolint:errorlint // it is being unwrapped
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				next = all[0]
			}
		}
		if next == nil {
			return err
		}
		err = next
	}
}
