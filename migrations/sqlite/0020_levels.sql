-- What a behaviour has in common with others: its rule, the hash of rule, parent image and image ('' where the event
-- names no image), and its canonical text, cut; NULL where it was stored before these were, until it is read again.
ALTER TABLE precedents ADD COLUMN rule_id INTEGER REFERENCES rules (id);
ALTER TABLE precedents ADD COLUMN family TEXT NOT NULL DEFAULT '';
ALTER TABLE precedents ADD COLUMN behaviour TEXT;
CREATE INDEX precedents_family ON precedents (org_id, family, (true_positive > 0) DESC, last_ms DESC)
    WHERE false_positive + benign_true_positive + true_positive > 0;
CREATE INDEX precedents_rule ON precedents (org_id, rule_id, (true_positive > 0) DESC, last_ms DESC)
    WHERE false_positive + benign_true_positive + true_positive > 0;
CREATE INDEX precedents_unread ON precedents (org_id, fingerprint) WHERE behaviour IS NULL;
CREATE INDEX precedents_undecided ON precedents (org_id)
    WHERE behaviour IS NULL AND false_positive + benign_true_positive + true_positive > 0;
