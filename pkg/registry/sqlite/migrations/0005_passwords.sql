-- How passwords are set: connections of their own, with rights that those who
-- read do not have.
CREATE TABLE resetters (
    customer     INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind = 'ad' OR kind = 'm365'),
    connection   TEXT NOT NULL CHECK (json_valid(connection)), -- references to secrets, never secrets
    identity     TEXT NOT NULL DEFAULT '',
    connected_at TEXT NOT NULL,
    PRIMARY KEY (customer, kind)
) STRICT, WITHOUT ROWID;

-- What is known of the passwords of accounts: when and where they were set, never
-- what they are.
CREATE TABLE passwords (
    customer INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    account  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    state    TEXT NOT NULL CHECK (state IN ('', 'open', 'half', 'out_of_step')), -- what it waits for
    record   TEXT NOT NULL CHECK (json_valid(record)),
    PRIMARY KEY (customer, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX passwords_by_account ON passwords (account);
CREATE INDEX passwords_waiting ON passwords (customer, state) WHERE state <> '';

-- How far passwords that were set in AD were looked for.
ALTER TABLE customers ADD COLUMN password_cursor TEXT CHECK (json_valid(password_cursor));
