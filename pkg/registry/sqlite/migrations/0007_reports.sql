-- The last report of a customer that was handed out: the next one says what changed
-- since. It is knowledge, and part of no run.
CREATE TABLE reports (
    customer INTEGER PRIMARY KEY REFERENCES customers (n) ON DELETE CASCADE,
    at       TEXT NOT NULL,
    run      INTEGER NOT NULL -- the last that it saw, 0 for none
) STRICT;
