-- Who holds power over a directory, by which way, and since when; privileged_since
-- is NULL where it was known when the account was imported or paired.
ALTER TABLE accounts ADD COLUMN ad_privileged         TEXT;
ALTER TABLE accounts ADD COLUMN ad_privileged_since   TEXT;
ALTER TABLE accounts ADD COLUMN m365_privileged       TEXT;
ALTER TABLE accounts ADD COLUMN m365_privileged_since TEXT;

CREATE INDEX accounts_risen ON accounts (customer) WHERE ad_privileged_since IS NOT NULL OR m365_privileged_since IS NOT NULL;
