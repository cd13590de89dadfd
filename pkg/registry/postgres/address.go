package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgservicefile"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The topics of errors, for advice.
const (
	TopicPassword    source.Topic = "registry_password"    // one was given in the address
	TopicTLS         source.Topic = "registry_tls"         // not verify-full
	TopicNoTLS       source.Topic = "registry_no_tls"      // the server speaks none; subject: local for one on this machine
	TopicServer      source.Topic = "registry_server"      // it does not answer
	TopicLogin       source.Topic = "registry_login"       // it refused the login
	TopicClear       source.Topic = "registry_clear"       // it wants the password in the clear
	TopicDatabase    source.Topic = "registry_database"    // it has no such database
	TopicRights      source.Topic = "registry_rights"      // the role lacks rights; subject: its name
	TopicCertificate source.Topic = "registry_certificate" // the server's is not trusted
	TopicNotMade     source.Topic = "registry_not_made"    // there is no registry, and none may be made
	TopicUnsettled   source.Topic = "registry_unsettled"   // nobody knows whether the last change was made
	TopicOlder       source.Topic = "registry_older"       // to be migrated by a command that writes
	TopicOccupied    source.Topic = "registry_occupied"    // the schema holds what is not a registry
	TopicEncoding    source.Topic = "registry_encoding"    // the database is not of UTF-8
	TopicStandby     source.Topic = "registry_standby"     // it takes no changes
	TopicDisk        source.Topic = "registry_disk"        // the server cannot write to its
	TopicConnections source.Topic = "registry_connections" // the server has none left
	TopicEnded       source.Topic = "registry_ended"       // the server had no more time for a statement
	TopicPooler      source.Topic = "registry_pooler"      // one in between does not keep prepared statements
)

// defaultSchema is where the tables are, unless the address has a search_path.
const defaultSchema = "qpimport"

// Is says that a text is the address of a registry in PostgreSQL.
func Is(s string) bool {
	scheme, _, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	return ok && (scheme == "postgres" || scheme == "postgresql")
}

// address is where a registry is, as it was read from a text.
type address struct {
	place  string // for people
	schema string
	config *pgxpool.Config
}

var schemaName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Check says what is wrong with an address as far as that can be seen from it. No
// error repeats it: it may hold a password.
func Check(text string) error {
	_, _, err := split(text)
	return err
}

// Place is an address as people are shown it: without what is not theirs to read.
func Place(text string) string {
	u, q, err := split(text)
	if err != nil {
		return ""
	}
	return placeOf(u, q)
}

// Dump is what pg_dump takes to copy a registry: its schema as a pattern, and the
// address without what pg_dump does not know.
func Dump(text string) (schema, address string, err error) {
	_, q, err := split(text)
	if err != nil {
		return "", "", err
	}
	schema = defaultSchema
	if q.Has("search_path") {
		schema = q.Get("search_path")
	}
	if schema != strings.ToLower(schema) {
		schema = `"` + schema + `"`
	}
	for _, name := range append(ours, "search_path") {
		q.Del(name)
	}
	if !q.Has("sslmode") && !q.Has("service") {
		q.Set("sslmode", "verify-full")
	}
	return schema, withQuery(text, q), nil
}

// withQuery is an address with another query, and its scheme in lower case: pgx and
// libpq take any other text for NAME=VALUE, and the server for the local one. It is not
// made of a [url.URL], which leaves slashes out where no host follows.
func withQuery(text string, q url.Values) string {
	before, _, _ := strings.Cut(text, "?")
	scheme, rest, _ := strings.Cut(before, "://")
	return strings.ToLower(scheme) + "://" + rest + "?" + q.Encode()
}

// parameters are those of an address, by their names in libpq, and ours those that it
// does not know.
var (
	parameters = []string{
		"host", "port", "user", "dbname", "passfile", "service", "servicefile", "search_path", "options", "application_name",
		"sslmode", "sslrootcert", "sslcert", "sslkey", "sslsni", "sslnegotiation", "channel_binding", "require_auth", "krbspn", "krbsrvname",
		"min_protocol_version", "max_protocol_version", "connect_timeout", "target_session_attrs",
	}
	ours = []string{"pool_max_conns", "default_query_exec_mode", "statement_cache_capacity", "description_cache_capacity"}
)

func split(text string) (*url.URL, url.Values, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, nil, usagef("", "the address of the registry is not one of the form postgres://USER@HOST/DATABASE")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, nil, usagef("", "the address of the registry is not one of the form postgres://USER@HOST/DATABASE?NAME=VALUE")
	}
	if _, has := u.User.Password(); has || slices.ContainsFunc(slices.Collect(maps.Keys(q)), isSecret) {
		return nil, nil, usagef(TopicPassword, "the address of the registry holds a password")
	}
	for name := range q {
		if !slices.Contains(parameters, name) && !slices.Contains(ours, name) {
			return nil, nil, usagef("", "the address of the registry has a parameter that there is none of: %s", name)
		}
		if len(q[name]) > 1 {
			return nil, nil, usagef("", "the address of the registry says %s twice", name)
		}
	}
	if schema := q.Get("search_path"); q.Has("search_path") && (!schemaName.MatchString(schema) || strings.HasPrefix(schema, "pg_")) {
		return nil, nil, usagef("", "search_path in the address of the registry must name one schema, of letters, digits and underscores, and not one of PostgreSQL's own")
	}
	switch mode := q.Get("sslmode"); {
	case q.Has("sslmode") && mode != "verify-full" && mode != "disable":
		return nil, nil, usagef(TopicTLS, "the address of the registry asks for TLS that does not make sure of the server")
	}
	return u, q, nil
}

// isSecret says that a parameter is one for a password, however it is spelled.
func isSecret(name string) bool {
	return strings.Contains(strings.ToLower(name), "pass") && name != "passfile"
}

func usagef(topic source.Topic, format string, args ...any) error {
	return &source.Error{Code: source.CodeUsage, Topic: topic, Message: fmt.Sprintf(format, args...)}
}

// parse reads an address and what a service file and the variables of libpq add.
func parse(text string) (*address, error) {
	u, q, err := split(text)
	if err != nil {
		return nil, err
	}
	a := &address{place: placeOf(u, q), schema: defaultSchema}
	if q.Has("search_path") {
		a.schema = q.Get("search_path")
	}
	q.Del("search_path")
	if !q.Has("sslmode") {
		q.Set("sslmode", "verify-full")
		if mode := serviceMode(q); mode != "" {
			q.Set("sslmode", mode)
		}
	}
	if a.config, err = pgxpool.ParseConfig(withQuery(text, q)); err != nil {
		return nil, usagef("", "registry %s: %s", a.place, reason(err))
	}
	c := &a.config.ConnConfig.Config
	for _, way := range append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...) {
		if !safe(way) {
			return nil, usagef(TopicTLS, "registry %s: without TLS that makes sure of the server, a server must be on this machine", a.place)
		}
		if way.TLSConfig == nil && c.RequireAuth == "" {
			c.RequireAuth = "!password" // while the server is away, anybody may take its place
		}
	}
	// What a pooler keeps for each client. The rest is set in each transaction.
	c.RuntimeParams["application_name"] = "qpimport"
	c.RuntimeParams["client_encoding"] = "UTF8"
	c.RuntimeParams["standard_conforming_strings"] = "on"
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	if !q.Has("pool_max_conns") {
		a.config.MaxConns = maxConns
	}
	a.config.AfterConnect = a.checkEncoding
	return a, nil
}

// maxConns is how many transactions one process has at a time.
const maxConns = 8

// checkEncoding makes sure that a database can hold every name.
func (a *address) checkEncoding(_ context.Context, conn *pgx.Conn) error {
	if is := conn.PgConn().ParameterStatus("server_encoding"); is != "" && is != "UTF8" {
		return &source.Error{Code: registry.CodeForeign, Topic: TopicEncoding, Message: fmt.Sprintf("registry %s: the database has the encoding %s, which cannot hold every name", a.place, is)}
	}
	return nil
}

// reason is what is wrong with the settings; their text is left out.
func reason(err error) string {
	var e *pgconn.ParseConfigError
	if errors.As(err, &e) {
		if cause := e.Unwrap(); cause != nil {
			return cause.Error()
		}
		_, after, _ := strings.Cut(e.Error(), "`: ")
		return after
	}
	return err.Error()
}

// safe says that a way to the server is one that nobody reads along, or takes the
// server's place on.
func safe(way *pgconn.FallbackConfig) bool {
	if t := way.TLSConfig; t != nil {
		return !t.InsecureSkipVerify && t.ServerName != ""
	}
	if network, _ := pgconn.NetworkAddress(way.Host, way.Port); network == "unix" || way.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(way.Host)
	return ip != nil && ip.IsLoopback()
}

// serviceMode is the sslmode of the service that an address names, "" for none.
// Other settings of it are found by the driver.
func serviceMode(q url.Values) string {
	name, path := q.Get("service"), q.Get("servicefile")
	if name == "" {
		return ""
	}
	if path == "" {
		path = os.Getenv("PGSERVICEFILE")
	}
	if home, err := os.UserHomeDir(); path == "" && err == nil {
		path = filepath.Join(home, ".pg_service.conf")
	}
	file, err := pgservicefile.ReadServicefile(path)
	if err != nil {
		return ""
	}
	service, err := file.GetService(name)
	if err != nil {
		return ""
	}
	return service.Settings["sslmode"]
}

// placeOf is an address as people are shown it.
func placeOf(u *url.URL, q url.Values) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if shown.Host == "" && shown.Path == "" {
		shown.Path = "/"
	}
	var kept []string
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if name == "service" || name == "host" || name == "dbname" || name == "search_path" {
			kept = append(kept, name+"="+strings.Join(q[name], ","))
		}
	}
	place := shown.String()
	if len(kept) > 0 {
		place += "?" + strings.Join(kept, "&")
	}
	return place
}

// isCertificate says that an error is about the server's certificate.
func isCertificate(err error) bool {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &verify)
}
