-- Everybody in a directory is known, as it was last read whole, and not only
-- those who were imported. Who is gone stays, with since when: what was his is
-- nobody else's.
CREATE TABLE people (
    n        INTEGER PRIMARY KEY,
    customer INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    kind     TEXT NOT NULL CHECK (kind = 'ad' OR kind = 'm365'),
    id       TEXT NOT NULL,
    missing  TEXT,          -- since when whole reads have not had the user; NULL while they have
    user     TEXT NOT NULL  -- as last read, JSON
) STRICT;

INSERT INTO people (customer, kind, id, user)
SELECT customer, 'ad', ad_id, user FROM ad_users JOIN accounts ON n = account WHERE ad_id IS NOT NULL ORDER BY customer, ad_id;
INSERT INTO people (customer, kind, id, user)
SELECT customer, 'm365', m365_id, user FROM m365_users JOIN accounts ON n = account WHERE m365_id IS NOT NULL ORDER BY customer, m365_id;
CREATE UNIQUE INDEX people_by_id ON people (customer, kind, id);
DROP TABLE ad_users;
DROP TABLE m365_users;

-- A link has more to say, and since when.
CREATE TABLE accounts_next (
    n            INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    customer     INTEGER NOT NULL REFERENCES customers (n),
    state        TEXT NOT NULL CHECK (state = 'active' OR state = 'needs_email' OR state = 'pending_match'),
    display_name TEXT NOT NULL,
    given_name   TEXT NOT NULL,
    surname      TEXT NOT NULL,
    username     TEXT NOT NULL,
    upn          TEXT NOT NULL,
    email        TEXT NOT NULL,
    email_source TEXT CHECK (email_source = 'ad' OR email_source = 'm365' OR email_source = 'manual'),
    email_issue  TEXT CHECK (email_issue = 'missing' OR email_issue = 'invalid' OR email_issue = 'duplicate'),
    ad_id        TEXT,
    ad_dn        TEXT,
    ad_status    TEXT CHECK (ad_status = 'ok' OR ad_status = 'disabled' OR ad_status = 'missing' OR ad_status = 'out_of_scope' OR ad_status = 'replaced'),
    ad_since     TEXT, -- of the status; NULL where it was the status before this was kept
    m365_id      TEXT,
    m365_upn     TEXT,
    m365_status  TEXT CHECK (m365_status = 'ok' OR m365_status = 'disabled' OR m365_status = 'missing' OR m365_status = 'out_of_scope' OR m365_status = 'replaced'),
    m365_since   TEXT,
    match        TEXT, -- why the two belong together: reason, confidence, evidence, JSON
    imported_at  TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    CHECK (ad_id IS NOT NULL OR m365_id IS NOT NULL),
    CHECK ((ad_id IS NULL) = (ad_status IS NULL)),
    CHECK ((m365_id IS NULL) = (m365_status IS NULL)),
    CHECK ((state = 'needs_email') = (email_issue IS NOT NULL)),
    CHECK (state <> 'pending_match' OR m365_id IS NULL),
    CHECK (state <> 'active' OR email <> '')
) STRICT;

INSERT INTO accounts_next (n, id, customer, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
    ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status, match, imported_at, updated_at)
SELECT n, id, customer, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
    ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status, match, imported_at, updated_at
FROM accounts ORDER BY n;

DROP TRIGGER password_sync_locked; -- it names the table
DROP TABLE accounts;
ALTER TABLE accounts_next RENAME TO accounts;

CREATE INDEX accounts_by_state ON accounts (customer, state, ad_status, m365_status);
-- One AD user has at most one account, and a mailbox at most one AD user.
CREATE UNIQUE INDEX accounts_by_ad ON accounts (customer, ad_id) WHERE ad_id IS NOT NULL;
CREATE UNIQUE INDEX accounts_by_m365 ON accounts (customer, m365_id) WHERE m365_id IS NOT NULL;

-- A mode may be changed with the accounts, never past them.
CREATE TRIGGER password_sync_locked
BEFORE UPDATE OF password_sync ON customers
WHEN OLD.password_sync <> NEW.password_sync
    AND EXISTS (SELECT 1 FROM accounts WHERE customer = NEW.n
        AND (NEW.password_sync = 'unset'
            OR NEW.password_sync = 'on' AND ad_id IS NULL
            OR NEW.password_sync = 'off' AND ad_id IS NOT NULL AND m365_id IS NOT NULL))
BEGIN
    SELECT RAISE(ABORT, 'password_sync_locked: the customer has accounts that do not fit');
END;

CREATE TRIGGER account_fits_mode_insert
BEFORE INSERT ON accounts
BEGIN
    SELECT RAISE(ABORT, 'an account does not fit its customer''s password sync mode')
    FROM customers
    WHERE n = NEW.customer
        AND (password_sync = 'unset'
            OR password_sync = 'on' AND NEW.ad_id IS NULL
            OR password_sync = 'off' AND NEW.ad_id IS NOT NULL AND NEW.m365_id IS NOT NULL);
END;

CREATE TRIGGER account_fits_mode_update
BEFORE UPDATE OF customer, ad_id, m365_id ON accounts
BEGIN
    SELECT RAISE(ABORT, 'an account does not fit its customer''s password sync mode')
    FROM customers
    WHERE n = NEW.customer
        AND (password_sync = 'unset'
            OR password_sync = 'on' AND NEW.ad_id IS NULL
            OR password_sync = 'off' AND NEW.ad_id IS NOT NULL AND NEW.m365_id IS NOT NULL);
END;

ALTER TABLE directories ADD COLUMN last_read TEXT;   -- when it was last read whole
ALTER TABLE directories ADD COLUMN people INTEGER;   -- how many users it held then
ALTER TABLE directories ADD COLUMN failed_at TEXT;   -- when a read last failed, if none went well since
ALTER TABLE directories ADD COLUMN failure TEXT;     -- its code
ALTER TABLE directories ADD COLUMN failure_text TEXT;

-- How a refresh goes on: whether it imports who is new, by which method they are
-- matched; and how many standing pairs the last match found doubtful.
ALTER TABLE customers ADD COLUMN new_people TEXT NOT NULL DEFAULT '' CHECK (new_people = '' OR new_people = 'import');
ALTER TABLE customers ADD COLUMN match_by TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;

-- Users whose account was deleted by hand: the next import of everybody leaves
-- them out.
CREATE TABLE dismissals (
    customer     INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind = 'ad' OR kind = 'm365'),
    id           TEXT NOT NULL,
    name         TEXT NOT NULL, -- at the time, for people
    dismissed_at TEXT NOT NULL,
    PRIMARY KEY (customer, kind, id)
) STRICT, WITHOUT ROWID;

-- What the imports asked for, one row for each set of OUs.
CREATE TABLE selections (
    customer  INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    scope     TEXT NOT NULL,
    selection TEXT NOT NULL CHECK (json_valid(selection)),
    PRIMARY KEY (customer, scope)
) STRICT, WITHOUT ROWID;

-- Who ran what, and for what. Runs of format 1 have changes that are to be read
-- by people: not all of them are complete.
ALTER TABLE runs ADD COLUMN batch     TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN by        TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN version   TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN params    TEXT;
ALTER TABLE runs ADD COLUMN plan_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN undoes    INTEGER REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN format    INTEGER NOT NULL DEFAULT 1;
ALTER TABLE changes ADD COLUMN name   TEXT NOT NULL DEFAULT '';

CREATE INDEX runs_by_customer ON runs (customer);
CREATE INDEX runs_by_undoes ON runs (undoes) WHERE undoes IS NOT NULL;

UPDATE customers SET revision = revision + 1; -- 0 is a customer that is not there yet
