-- The ledger as a chain: each line holds the hash of the one before and its own. Lines from before are
-- chained once when the program opens the database; until then their hash is empty.
ALTER TABLE ledger ADD COLUMN prev_hash BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledger ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
CREATE INDEX ledger_unchained ON ledger (id) WHERE hash = x'';

-- The end of the chain: one row, so that whoever appends takes turns and needs to look at no other line.
CREATE TABLE ledger_head (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    line_id INTEGER NOT NULL,
    hash    BLOB NOT NULL
) STRICT;
INSERT INTO ledger_head (id, line_id, hash) VALUES (1, 0, zeroblob(32));

-- Stretches of the chain with a signature; only lines of one that is purged can be removed.
CREATE TABLE ledger_segments (
    number     INTEGER PRIMARY KEY,
    first_id   INTEGER NOT NULL UNIQUE,
    last_id    INTEGER NOT NULL UNIQUE,
    line_count INTEGER NOT NULL,
    from_ms    INTEGER NOT NULL,
    to_ms      INTEGER NOT NULL,
    prev_hash  BLOB NOT NULL,
    last_hash  BLOB NOT NULL,
    sealed_ms  INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    signature  BLOB NOT NULL,
    purged_ms  INTEGER
) STRICT;

-- What a finished run was decided on, hash by hash; the ledger's line of the run holds the hash of `body`.
CREATE TABLE receipts (
    run_id INTEGER PRIMARY KEY REFERENCES runs (id),
    at_ms  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    hash   BLOB NOT NULL
) STRICT;

DROP TRIGGER ledger_no_update;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger WHEN NOT (
    OLD.hash = x'' AND length(NEW.hash) = 32 AND length(NEW.prev_hash) = 32 AND NEW.id = OLD.id
    AND NEW.org_id IS OLD.org_id AND NEW.at_ms = OLD.at_ms AND NEW.actor_kind = OLD.actor_kind
    AND NEW.actor = OLD.actor AND NEW.client = OLD.client AND NEW.action = OLD.action AND NEW.object = OLD.object
    AND NEW.old_value = OLD.old_value AND NEW.new_value = OLD.new_value AND NEW.request_id = OLD.request_id
    AND NEW.result = OLD.result
) BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
DROP TRIGGER ledger_no_delete;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger WHEN NOT EXISTS (
    SELECT 1 FROM ledger_segments s
    WHERE s.first_id = (SELECT MAX(b.first_id) FROM ledger_segments b WHERE b.first_id <= OLD.id)
        AND s.last_id >= OLD.id AND s.purged_ms IS NOT NULL
) BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
-- A replacing insert removes a line without asking the trigger above.
CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM ledger WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;

CREATE TRIGGER ledger_segments_no_update BEFORE UPDATE ON ledger_segments WHEN NOT (
    OLD.purged_ms IS NULL AND NEW.purged_ms IS NOT NULL AND NEW.number = OLD.number AND NEW.first_id = OLD.first_id
    AND NEW.last_id = OLD.last_id AND NEW.line_count = OLD.line_count AND NEW.from_ms = OLD.from_ms
    AND NEW.to_ms = OLD.to_ms AND NEW.prev_hash = OLD.prev_hash AND NEW.last_hash = OLD.last_hash
    AND NEW.sealed_ms = OLD.sealed_ms AND NEW.public_key = OLD.public_key AND NEW.signature = OLD.signature
) BEGIN SELECT RAISE(ABORT, 'seals of the ledger stay as they are'); END;
CREATE TRIGGER ledger_segments_no_delete BEFORE DELETE ON ledger_segments
BEGIN SELECT RAISE(ABORT, 'seals of the ledger stay as they are'); END;

CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts stay as they are'); END;
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts stay as they are'); END;
