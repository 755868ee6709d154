-- Blind review: whether people decide a case before they learn what the panel says of it, and by which share it was drawn.
ALTER TABLE cases ADD COLUMN blind TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN blind_share REAL NOT NULL DEFAULT 0.0;
-- What was declared blind, by whom and when, and what the panel said at that moment.
ALTER TABLE cases ADD COLUMN blind_by TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN blind_ms INTEGER;
ALTER TABLE cases ADD COLUMN blind_verdict TEXT NOT NULL DEFAULT 'pending';
ALTER TABLE cases ADD COLUMN blind_machine TEXT NOT NULL DEFAULT 'none';
CREATE INDEX cases_blind ON cases (org_id) WHERE blind = 'blind';
CREATE INDEX cases_committed ON cases (org_id, blind_ms DESC, number DESC) WHERE blind = 'committed';
ALTER TABLE org_policies ADD COLUMN blind_first INTEGER;
