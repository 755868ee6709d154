-- Rules that the machine never closes, as an organisation adds them, and the vetoes under which a gate counts.
ALTER TABLE org_policies ADD COLUMN veto_rules TEXT;
ALTER TABLE gates ADD COLUMN vetoes TEXT NOT NULL DEFAULT '';
-- How many detections with a warning whoever approved an exclusion looked at: a later back-test may find others.
ALTER TABLE exclusions ADD COLUMN looked_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX exclusions_ending ON exclusions (state, expires_ms);
