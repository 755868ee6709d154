-- A password that an admin gave holds for the first sign-in alone; the undo time of a person, none for the
-- installation's; a number that each change by an admin moves on; when the person last signed in.
ALTER TABLE users ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN undo_s BIGINT;
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN signed_in_ms BIGINT;
CREATE INDEX memberships_org ON memberships (org_id, user_id);

ALTER TABLE orgs ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

-- Who made a token; none where that was the command line. It may never do more than they may.
ALTER TABLE tokens ADD COLUMN owner_id BIGINT REFERENCES users (id);

-- What people and programs did, for the audit log's first page.
CREATE INDEX ledger_people ON ledger (at_ms DESC, id DESC)
    WHERE actor_kind IN ('person', 'token') OR actor = 'command line';

-- Names are read in the order of their bytes, page by page, as the other database has them.
ALTER TABLE users ALTER COLUMN username TYPE TEXT COLLATE "C";
