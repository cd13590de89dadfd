-- Who was asked onto which app: the last invitation of each account. It outlives the
-- account, whose id it has; what was sent stays sent.
CREATE TABLE invitations (
    customer INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    account  TEXT NOT NULL,
    app      TEXT NOT NULL CHECK (app = 'mobile' OR app = 'web'),
    name     TEXT NOT NULL, -- of the person at the time
    email    TEXT NOT NULL,
    way      TEXT NOT NULL CHECK (way = 'sent' OR way = 'unknown' OR way = 'written' OR way = 'marked'),
    message  TEXT NOT NULL, -- the Message-ID of what was sent
    at       TEXT NOT NULL,
    done_at  TEXT,          -- NULL while it is not marked as done
    PRIMARY KEY (customer, account, app)
) STRICT, WITHOUT ROWID;

-- Messages on their way. The row is there before the message goes; a run makes an
-- invitation of it. One that stays unknown is of a run that was killed.
CREATE TABLE mailings (
    customer INTEGER NOT NULL REFERENCES customers (n) ON DELETE CASCADE,
    account  TEXT NOT NULL,
    app      TEXT NOT NULL CHECK (app = 'mobile' OR app = 'web'),
    name     TEXT NOT NULL,
    email    TEXT NOT NULL,
    way      TEXT NOT NULL CHECK (way = 'sent' OR way = 'unknown'),
    message  TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (customer, account, app)
) STRICT, WITHOUT ROWID;
