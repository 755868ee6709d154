-- The removal of a segment's lines is signed too, so that nobody without the key file can call sealed lines old; the
-- newest one stands for those before it.
ALTER TABLE ledger_segments ADD COLUMN purge_signature BYTEA;
DROP TRIGGER ledger_segments_no_update ON ledger_segments;
CREATE TRIGGER ledger_segments_no_update BEFORE UPDATE ON ledger_segments FOR EACH ROW WHEN (NOT (
    OLD.purged_ms IS NULL AND NEW.purged_ms IS NOT NULL AND OLD.purge_signature IS NULL
    AND COALESCE(length(NEW.purge_signature), 0) = 64 AND NEW.number = OLD.number AND NEW.first_id = OLD.first_id
    AND NEW.last_id = OLD.last_id AND NEW.line_count = OLD.line_count AND NEW.from_ms = OLD.from_ms
    AND NEW.to_ms = OLD.to_ms AND NEW.prev_hash = OLD.prev_hash AND NEW.last_hash = OLD.last_hash
    AND NEW.sealed_ms = OLD.sealed_ms AND NEW.public_key = OLD.public_key AND NEW.signature = OLD.signature
)) EXECUTE FUNCTION ledger_seals_stay();

-- A receipt is signed when the line that tells of it is removed; until then the line stands for it.
ALTER TABLE receipts ADD COLUMN signature BYTEA NOT NULL DEFAULT '';
DROP TRIGGER receipts_no_update ON receipts;
CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts FOR EACH ROW WHEN (NOT (
    OLD.signature = '' AND length(NEW.signature) = 64 AND NEW.run_id = OLD.run_id AND NEW.at_ms = OLD.at_ms
    AND NEW.body = OLD.body AND NEW.hash = OLD.hash
)) EXECUTE FUNCTION ledger_seals_stay();
