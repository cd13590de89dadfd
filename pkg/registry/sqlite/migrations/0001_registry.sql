-- Customers, their directories, their accounts, and what was done to them.
-- The rules that must never break are constraints and triggers here as well as
-- code: whoever writes to this file is held to them.

CREATE TABLE customers (
    n             INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL UNIQUE, -- the name as it is compared
    password_sync TEXT NOT NULL DEFAULT 'unset' CHECK (password_sync IN ('unset', 'off', 'on')),
    revision      INTEGER NOT NULL DEFAULT 0, -- rises with every change to the customer
    created_at    TEXT NOT NULL
) STRICT;

CREATE TABLE external_ids (
    customer INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    system   TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (customer, system),
    UNIQUE (system, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE directories (
    customer     INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('ad', 'm365')),
    connection   TEXT NOT NULL CHECK (json_valid(connection)), -- references to secrets, never secrets
    identity     TEXT NOT NULL DEFAULT '',                     -- domain SID or tenant id at the first import
    connected_at TEXT NOT NULL,
    PRIMARY KEY (customer, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    n            INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    customer     INTEGER NOT NULL REFERENCES customers (n),
    state        TEXT NOT NULL CHECK (state IN ('active', 'needs_email', 'pending_match')),
    display_name TEXT NOT NULL,
    given_name   TEXT NOT NULL,
    surname      TEXT NOT NULL,
    username     TEXT NOT NULL,
    upn          TEXT NOT NULL,
    email        TEXT NOT NULL,
    email_source TEXT CHECK (email_source IN ('ad', 'm365', 'manual')),
    email_issue  TEXT CHECK (email_issue IN ('missing', 'invalid', 'duplicate')),
    ad_id        TEXT,
    ad_dn        TEXT,
    ad_status    TEXT CHECK (ad_status IN ('ok', 'disabled', 'missing')),
    ad           TEXT, -- the AD user as last read, JSON
    m365_id      TEXT,
    m365_upn     TEXT,
    m365_status  TEXT CHECK (m365_status IN ('ok', 'disabled', 'missing')),
    m365         TEXT, -- the Microsoft 365 user as last read, JSON
    match        TEXT, -- why the two belong together: reason, confidence, evidence, JSON
    imported_at  TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    UNIQUE (customer, ad_id),   -- one AD user has at most one account,
    UNIQUE (customer, m365_id), -- and a mailbox at most one AD user
    CHECK (ad_id IS NOT NULL OR m365_id IS NOT NULL),
    CHECK ((ad_id IS NULL) = (ad IS NULL) AND (ad_id IS NULL) = (ad_status IS NULL)),
    CHECK ((m365_id IS NULL) = (m365 IS NULL) AND (m365_id IS NULL) = (m365_status IS NULL)),
    CHECK ((state = 'needs_email') = (email_issue IS NOT NULL)),
    CHECK (state <> 'pending_match' OR m365_id IS NULL),
    CHECK (state <> 'active' OR email <> '')
) STRICT;

CREATE INDEX accounts_by_state ON accounts (customer, state);

CREATE TABLE decisions (
    customer   INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    ad_id      TEXT NOT NULL,
    m365_id    TEXT NOT NULL, -- '' for a verdict on the AD user alone
    verdict    TEXT NOT NULL CHECK (verdict IN ('match', 'reject', 'ignore')),
    reason     TEXT NOT NULL,
    ad_name    TEXT NOT NULL, -- the names at the time, for people
    m365_name  TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (customer, ad_id, m365_id),
    CHECK ((verdict = 'ignore') = (m365_id = ''))
) STRICT, WITHOUT ROWID;

-- By hand an AD user is given one mailbox, and a mailbox to one AD user.
CREATE UNIQUE INDEX decided_ad ON decisions (customer, ad_id) WHERE verdict = 'match';
CREATE UNIQUE INDEX decided_m365 ON decisions (customer, m365_id) WHERE verdict = 'match';

CREATE TABLE runs (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    customer      TEXT NOT NULL, -- id and name stay when the customer is deleted
    customer_name TEXT NOT NULL,
    command       TEXT NOT NULL,
    at            TEXT NOT NULL
) STRICT;

CREATE TABLE changes (
    run    INTEGER NOT NULL REFERENCES runs (id),
    seq    INTEGER NOT NULL,
    entity TEXT NOT NULL, -- account, customer, directory, decision
    id     TEXT NOT NULL,
    before TEXT,          -- JSON; NULL for what did not exist
    after  TEXT,          -- JSON; NULL for what was deleted
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

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
