-- Who was invited: the users of the account, which knows the person under another
-- account again. '' where that was not noted yet.
ALTER TABLE invitations ADD COLUMN ad_id TEXT NOT NULL DEFAULT '';
ALTER TABLE invitations ADD COLUMN m365_id TEXT NOT NULL DEFAULT '';
ALTER TABLE mailings ADD COLUMN ad_id TEXT NOT NULL DEFAULT '';
ALTER TABLE mailings ADD COLUMN m365_id TEXT NOT NULL DEFAULT '';
