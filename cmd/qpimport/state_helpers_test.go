package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// staff is the OU of the people that writeExport makes.
const staff = "corp.example/Staff"

// writeExport writes an export of a domain with n people in one OU.
func writeExport(t *testing.T, path string, n int) {
	t.Helper()
	guid := func(i int) string {
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%016d", i)) // 16 bytes, as any
	}
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\n\ndn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectGUID:: %s\n\n"+
		"dn: OU=Staff,DC=corp,DC=example\nobjectClass: organizationalUnit\nou: Staff\nobjectGUID:: %s\n\n", guid(1<<30), guid(1<<30+1))
	for i := range n {
		fmt.Fprintf(&b, `dn: CN=User %[1]d,OU=Staff,DC=corp,DC=example
objectClass: user
displayName: User %[1]d
givenName: User
sn: %[1]d
objectGUID:: %[2]s
userAccountControl: 512
sAMAccountName: user%[1]d
sAMAccountType: 805306368
userPrincipalName: user%[1]d@corp.example
mail: user%[1]d@corp.example

`, i, guid(i))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rig is a state file before an import of so many people, and what it holds
// before and after.
type rig struct {
	binary
	users         int
	sound         []byte // the file before
	before, after string // as [digest]
	took          time.Duration
}

// importArgs import everybody.
func importArgs() []string {
	return []string{"import", "-c", "Contoso", "--source", "ad", "--ou", staff, "--all", "-q", "-o", "json"}
}

// newRig connects a customer to an export. With again, everybody is imported
// already and has another name in the export, so that the import changes every row.
func newRig(t *testing.T, b binary, users int, again bool) *rig {
	t.Helper()
	r := &rig{binary: b.fresh(t), users: users}
	export := filepath.Join(t.TempDir(), "ad.ldif")
	writeExport(t, export, users)
	r.must(t, "customers", "create", "Contoso")
	r.must(t, "customers", "set", "Contoso", "--password-sync", "off")
	r.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", export)
	if again {
		r.must(t, importArgs()...)
		text, err := os.ReadFile(export)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.ReplaceAll(string(text), "givenName: User", "givenName: "+strings.Repeat("Renamed ", 8)))
		if err := os.WriteFile(export, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if r.sound, err = os.ReadFile(r.state()); err != nil {
		t.Fatal(err)
	}
	r.before = digest(t, r.state())
	start := time.Now()
	r.must(t, importArgs()...)
	r.took = time.Since(start)
	r.after = digest(t, r.state())
	if r.before == r.after {
		t.Fatal("the import changed nothing")
	}
	r.restore(t)
	return r
}

// restore puts the file back as it was before the import.
func (r *rig) restore(t *testing.T) {
	t.Helper()
	if err := os.Remove(r.state() + "-journal"); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.state(), r.sound, 0o600); err != nil {
		t.Fatal(err)
	}
}

// settled wants the next command, one that only reads, to find the state before
// or after the import, sound and with nothing left to do beside it. It says
// whether it is the one after.
func (r *rig) settled(t *testing.T, what string) bool {
	t.Helper()
	if status, _, errText := r.run(t, "doctor"); status != 0 { // it checks integrity and foreign keys
		t.Fatalf("%s: the next command: exit status %d\n%s", what, status, errText)
	}
	// A journal that begins with a zero was not yet complete when its writer was
	// killed: the file was not touched, and the next writer removes it.
	if journal, err := os.ReadFile(r.state() + "-journal"); err == nil && len(journal) > 0 && journal[0] != 0 {
		t.Errorf("%s: left a journal", what)
	}
	content, err := os.ReadFile(r.state())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(content, r.sound) {
		return false
	}
	switch got := digest(t, r.state()); got {
	case r.before:
		return false
	case r.after:
		return true
	}
	t.Fatalf("%s: the state is neither the one before nor the one after", what)
	return false
}

// converges wants the same import to succeed now, and to lead to the state after.
func (r *rig) converges(t *testing.T, what string) {
	t.Helper()
	if status, _, errText := r.run(t, importArgs()...); status != 0 {
		t.Fatalf("%s: the import again: exit status %d\n%s", what, status, errText)
	}
	if !r.settled(t, what) {
		t.Fatalf("%s: the import again did not lead to the state after", what)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(r.state()), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("%s: left %q, %v", what, left, err)
	}
}

// digest is a hash of all that a state file says, but for what differs from run
// to run: times, and the ids of new accounts and runs.
func digest(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "mode=ro"}).String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	hash := sha256.New()
	for _, query := range []string{
		`SELECT id, name, name_key, password_sync, revision FROM customers ORDER BY id`,
		`SELECT customer, kind, connection, identity FROM directories ORDER BY customer, kind`,
		`SELECT customer, customer_name, command FROM runs ORDER BY id`,
		`SELECT run, entity, count(*), sum(before IS NULL), sum(after IS NULL), count(DISTINCT id) FROM changes GROUP BY run, entity ORDER BY run, entity`,
		`SELECT customer, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
			ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status FROM accounts ORDER BY customer, ad_id`,
		`SELECT customer, kind, id, missing IS NULL, user FROM people ORDER BY customer, kind, id`,
		`SELECT customer, scope, selection FROM selections ORDER BY customer, scope`,
	} {
		hashRows(t, db, query, func(row string) { hash.Write([]byte(row)) })
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

func hashRows(t *testing.T, db *sql.DB, query string, add func(string)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			add(fmt.Sprintf("%v|", *v.(*any)))
		}
		add("\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// kill runs the import and kills it after a while: from its start, or from when
// it begins to write. It says whether the import was still running.
func (r *rig) kill(t *testing.T, after time.Duration, writing bool) bool {
	t.Helper()
	c := r.command(importArgs()...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = c.Wait(); close(done) }()
	if writing && !waitForJournal(r.state()+"-journal", done) {
		return false
	}
	select {
	case <-done:
		return false
	case <-time.After(after):
		_ = c.Process.Kill() // it may have ended by itself
		<-done
		return c.ProcessState.ExitCode() == -1
	}
}

// killed is what came of many kills.
type killed struct{ before, after, missed int }

func (k killed) String() string {
	return fmt.Sprintf("%d killed with the state before, %d with the state after, %d not in time", k.before, k.after, k.missed)
}

// killAtRandom kills an import at n moments, half of them or more while it writes.
func (r *rig) killAtRandom(t *testing.T, n int) killed {
	var k killed
	random := rand.New(rand.NewPCG(1, 2))
	for i := 0; k.before+k.after < n; i++ {
		if k.missed > n {
			t.Fatalf("most imports ended before they were killed: %v", k)
		}
		writing := i%2 == 0
		after := time.Duration(random.Int64N(int64(r.took)))
		if writing {
			after /= 2
		}
		what := fmt.Sprintf("kill %d, %s after its start (or its journal's: %v)", i, after, writing)
		hit := r.kill(t, after, writing)
		isAfter := r.settled(t, what)
		switch {
		case !hit:
			k.missed++
		case isAfter:
			k.after++
		default:
			k.before++
		}
		if i%10 == 9 {
			r.converges(t, what)
		}
		if isAfter || i%10 == 9 {
			r.restore(t)
		}
	}
	r.converges(t, "after all kills")
	r.restore(t)
	return k
}

// limited runs the import where no file may grow beyond so many bytes.
func (r *rig) limited(limit int) *exec.Cmd {
	const blockSize = 512 // of ulimit -f in a POSIX shell
	args := append([]string{"-c", `ulimit -f "$1"; shift; exec "$@"`, "sh", fmt.Sprint(limit / blockSize), r.path}, importArgs()...)
	c := exec.Command("sh", args...)
	c.Env = r.env
	return c
}
