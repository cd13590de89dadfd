-- What was last read of a user moves out of the account's row: it is the bulk of
-- it, and most changes of an account leave it as it is.

-- The checks spell out what IN (…) says: of three values SQLite would make a
-- table for every row that is written.
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
    ad_status    TEXT CHECK (ad_status = 'ok' OR ad_status = 'disabled' OR ad_status = 'missing'),
    m365_id      TEXT,
    m365_upn     TEXT,
    m365_status  TEXT CHECK (m365_status = 'ok' OR m365_status = 'disabled' OR m365_status = 'missing'),
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

-- The users of an account in its directories as last read, JSON.
CREATE TABLE ad_users (
    account INTEGER PRIMARY KEY REFERENCES accounts_next (n) ON DELETE CASCADE,
    user    TEXT NOT NULL
) STRICT;

CREATE TABLE m365_users (
    account INTEGER PRIMARY KEY REFERENCES accounts_next (n) ON DELETE CASCADE,
    user    TEXT NOT NULL
) STRICT;

INSERT INTO accounts_next
SELECT n, id, customer, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
    ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status, match, imported_at, updated_at
FROM accounts ORDER BY n;
INSERT INTO ad_users SELECT n, ad FROM accounts WHERE ad IS NOT NULL ORDER BY n;
INSERT INTO m365_users SELECT n, m365 FROM accounts WHERE m365 IS NOT NULL ORDER BY n;

DROP TRIGGER password_sync_locked; -- it names the table
DROP TABLE accounts;
ALTER TABLE accounts_next RENAME TO accounts;

CREATE INDEX accounts_by_state ON accounts (customer, state);
-- One AD user has at most one account, and a mailbox at most one AD user.
CREATE UNIQUE INDEX accounts_by_ad ON accounts (customer, ad_id) WHERE ad_id IS NOT NULL;
CREATE UNIQUE INDEX accounts_by_m365 ON accounts (customer, m365_id) WHERE m365_id IS NOT NULL;

CREATE TRIGGER password_sync_locked
BEFORE UPDATE OF password_sync ON customers
WHEN OLD.password_sync <> NEW.password_sync
    AND EXISTS (SELECT 1 FROM accounts WHERE customer = NEW.n)
BEGIN
    SELECT RAISE(ABORT, 'password_sync_locked: the customer has accounts');
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
