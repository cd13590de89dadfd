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

ALTER TABLE directories ADD COLUMN last_read TEXT;   -- when it was last read whole
ALTER TABLE directories ADD COLUMN people INTEGER;   -- how many users it held then

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

UPDATE customers SET revision = revision + 1; -- 0 is a customer that is not there yet
