-- Of what was refused its hash, by which one that comes again is found however many there are.
ALTER TABLE rejects ADD COLUMN sha256 TEXT NOT NULL DEFAULT '';
CREATE INDEX rejects_same ON rejects (COALESCE(org_id, 0), sha256);
