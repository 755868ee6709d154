-- The ledger as a chain: each line holds the hash of the one before and its own. Lines from before are
-- chained once when the program opens the database; until then their hash is empty.
ALTER TABLE ledger ADD COLUMN prev_hash BYTEA NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN hash BYTEA NOT NULL DEFAULT '';
CREATE INDEX ledger_unchained ON ledger (id) WHERE hash = '';

-- The end of the chain: one row, so that whoever appends takes turns and needs to look at no other line.
CREATE TABLE ledger_head (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    line_id BIGINT NOT NULL,
    hash    BYTEA NOT NULL
);
INSERT INTO ledger_head (id, line_id, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

-- Stretches of the chain with a signature; only lines of one that is purged can be removed.
CREATE TABLE ledger_segments (
    number     BIGINT PRIMARY KEY,
    first_id   BIGINT NOT NULL UNIQUE,
    last_id    BIGINT NOT NULL UNIQUE,
    line_count BIGINT NOT NULL,
    from_ms    BIGINT NOT NULL,
    to_ms      BIGINT NOT NULL,
    prev_hash  BYTEA NOT NULL,
    last_hash  BYTEA NOT NULL,
    sealed_ms  BIGINT NOT NULL,
    public_key BYTEA NOT NULL,
    signature  BYTEA NOT NULL,
    purged_ms  BIGINT
);

-- What a finished run was decided on, hash by hash; the ledger's line of the run holds the hash of `body`.
CREATE TABLE receipts (
    run_id BIGINT PRIMARY KEY REFERENCES runs (id),
    at_ms  BIGINT NOT NULL,
    body   TEXT NOT NULL,
    hash   BYTEA NOT NULL
);

DROP TRIGGER ledger_no_change ON ledger;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger FOR EACH ROW WHEN (NOT (
    OLD.hash = '' AND length(NEW.hash) = 32 AND length(NEW.prev_hash) = 32 AND NEW.id = OLD.id
    AND NEW.org_id IS NOT DISTINCT FROM OLD.org_id AND NEW.at_ms = OLD.at_ms AND NEW.actor_kind = OLD.actor_kind
    AND NEW.actor = OLD.actor AND NEW.client = OLD.client AND NEW.action = OLD.action AND NEW.object = OLD.object
    AND NEW.old_value = OLD.old_value AND NEW.new_value = OLD.new_value AND NEW.request_id = OLD.request_id
    AND NEW.result = OLD.result
)) EXECUTE FUNCTION ledger_append_only();
CREATE FUNCTION ledger_keep_unpurged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM ledger_segments s
        WHERE s.first_id = (SELECT MAX(b.first_id) FROM ledger_segments b WHERE b.first_id <= OLD.id)
            AND s.last_id >= OLD.id AND s.purged_ms IS NOT NULL
    ) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'the ledger is append only';
END $$;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_keep_unpurged();

CREATE FUNCTION ledger_seals_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'seals of the ledger and receipts stay as they are'; END $$;
CREATE TRIGGER ledger_segments_no_update BEFORE UPDATE ON ledger_segments FOR EACH ROW WHEN (NOT (
    OLD.purged_ms IS NULL AND NEW.purged_ms IS NOT NULL AND NEW.number = OLD.number AND NEW.first_id = OLD.first_id
    AND NEW.last_id = OLD.last_id AND NEW.line_count = OLD.line_count AND NEW.from_ms = OLD.from_ms
    AND NEW.to_ms = OLD.to_ms AND NEW.prev_hash = OLD.prev_hash AND NEW.last_hash = OLD.last_hash
    AND NEW.sealed_ms = OLD.sealed_ms AND NEW.public_key = OLD.public_key AND NEW.signature = OLD.signature
)) EXECUTE FUNCTION ledger_seals_stay();
CREATE TRIGGER ledger_segments_no_delete BEFORE DELETE ON ledger_segments FOR EACH ROW EXECUTE FUNCTION ledger_seals_stay();
CREATE TRIGGER ledger_segments_no_truncate BEFORE TRUNCATE ON ledger_segments EXECUTE FUNCTION ledger_seals_stay();
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION ledger_seals_stay();
CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION ledger_seals_stay();
CREATE TRIGGER receipts_no_truncate BEFORE TRUNCATE ON receipts EXECUTE FUNCTION ledger_seals_stay();
