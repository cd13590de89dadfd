//go:build unix

package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestMigrationKilled kills the first command on a state file of an older schema
// at many moments: the file is then of the old schema and as it was, for the older
// program to go on with, or of the new one, and the next command finds all in it.
func TestMigrationKilled(t *testing.T) {
	b := buildBinary(t).fresh(t)
	older := olderState(t, 10000)
	restore := func() {
		t.Helper()
		for _, left := range []string{"-journal", ".schema2.bak"} {
			_ = os.Remove(b.state() + left)
		}
		if err := os.WriteFile(b.state(), older, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	restore()
	start := time.Now()
	want := b.must(t, "accounts", "-o", "csv")
	took := time.Since(start)

	random := rand.New(rand.NewPCG(5, 6))
	outcomes := map[string]int{}
	for i := range 16 {
		restore()
		c := b.command("customers")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { _ = c.Wait(); close(done) }()
		after := time.Duration(random.Int64N(int64(took / 2)))
		if i%2 == 0 { // while it writes
			waitForJournal(b.state()+"-journal", done)
			after /= 4
		}
		select {
		case <-done:
		case <-time.After(after):
			_ = c.Process.Kill() // it may have ended by itself
			<-done
		}
		version, accounts := schemaOf(t, b.state())
		if accounts != 10004 {
			t.Fatalf("%d accounts in a file of schema %d", accounts, version)
		}
		outcomes[fmt.Sprintf("schema %d", version)]++
		if got := b.must(t, "accounts", "-o", "csv"); got != want {
			t.Fatalf("after a kill that left schema %d the accounts differ", version)
		}
		b.must(t, "customers", "show", "Contoso")
	}
	t.Log(outcomes)
	if outcomes["schema 2"] == 0 {
		t.Error("no migration was killed before its end")
	}
}

// olderState is the kept file of schema 2 with so many accounts more.
func olderState(t *testing.T, more int) []byte {
	t.Helper()
	path := t.TempDir() + "/state.db"
	kept, err := os.ReadFile("../../testdata/state/schema2.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range more {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO accounts (id, customer, state, display_name, given_name, surname, username, upn, email, ad_id, ad_dn, ad_status, imported_at, updated_at)
			SELECT 'id' || ?1, customer, state, display_name || ?1, given_name, surname, username || ?1, upn, email, 'ad' || ?1, ad_dn, ad_status, imported_at, updated_at
			FROM accounts WHERE state = 'pending_match' LIMIT 1`, i); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO ad_users SELECT last_insert_rowid(), '{"id":"ad' || ?1 || '"}'`, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// schemaOf heals a file as SQLite does and says of which schema it is, how many
// accounts it holds, and whether it is sound.
func schemaOf(t *testing.T, path string) (version, accounts int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sound string
	if err := db.QueryRowContext(t.Context(), `SELECT integrity_check FROM pragma_integrity_check`).Scan(&sound); err != nil || sound != "ok" {
		t.Fatalf("integrity: %s, %v", sound, err)
	}
	if err := db.QueryRowContext(t.Context(), `SELECT (SELECT user_version FROM pragma_user_version), count(*) FROM accounts`).Scan(&version, &accounts); err != nil {
		t.Fatal(err)
	}
	return version, accounts
}
