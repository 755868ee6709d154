-- Process atoms by which the detections of one process tree find each other.
CREATE TABLE case_atoms (
    sensor_id   INTEGER NOT NULL REFERENCES sensors (id),
    atom        TEXT NOT NULL,
    event_ms    INTEGER NOT NULL,
    case_number INTEGER NOT NULL REFERENCES cases (number),
    PRIMARY KEY (atom, sensor_id, event_ms, case_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_atoms_case ON case_atoms (case_number);

-- Cases whose detections turned out to belong to another case.
ALTER TABLE cases ADD COLUMN merged_into INTEGER REFERENCES cases (number);
CREATE INDEX cases_merged ON cases (merged_into) WHERE merged_into IS NOT NULL;
ALTER TABLE detections ADD COLUMN origin_case INTEGER REFERENCES cases (number);

-- Detections a day of rules, sensors and observables: kind is rule, sensor or observable; a day counts from 1970.
CREATE TABLE activity (
    kind       TEXT NOT NULL,
    ref_id     INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    detections INTEGER NOT NULL,
    PRIMARY KEY (kind, ref_id, day)
) STRICT, WITHOUT ROWID;

-- What arrived by each source in each minute; lag is arrival less the time LimaCharlie raised it.
CREATE TABLE intake (
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    source     TEXT NOT NULL,
    minute     INTEGER NOT NULL,
    accepted   INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected   INTEGER NOT NULL,
    lag_ms     INTEGER NOT NULL,
    lag_max_ms INTEGER NOT NULL,
    PRIMARY KEY (org_id, source, minute)
) STRICT, WITHOUT ROWID;

ALTER TABLE rejects ADD COLUMN replayed_ms INTEGER;
ALTER TABLE rejects ADD COLUMN cut INTEGER NOT NULL DEFAULT FALSE;

-- The queue's views, each by an index of its own that holds nothing else and tells the organisation.
DROP INDEX cases_queue;
DROP INDEX cases_org_queue;
CREATE INDEX cases_queue ON cases (open, queue_rank DESC, opened_ms, number, org_id);
CREATE INDEX cases_time ON cases (open, opened_ms DESC, number DESC, org_id);
CREATE INDEX cases_needs_decision ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open = TRUE AND verdict = 'pending' AND triage_state NOT IN ('queued', 'running');
CREATE INDEX cases_split ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open = TRUE AND verdict = 'pending' AND outcome IN ('split', 'degraded', 'no_quorum');
CREATE INDEX cases_likely_tp ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open = TRUE AND verdict = 'pending' AND machine_verdict = 'true_positive';
CREATE INDEX cases_triaging ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open = TRUE AND triage_state IN ('queued', 'running');
CREATE INDEX cases_rule_queue ON cases (rule_id, open, queue_rank DESC, opened_ms, number);

-- Behaviours of a sensor in time. The pivot pages: cases of a rule and a sensor, also by verdict; techniques; a sensor's detections.
DROP INDEX cases_rule;
DROP INDEX cases_sensor;
CREATE INDEX cases_rule ON cases (rule_id, opened_ms DESC, number);
CREATE INDEX cases_rule_verdict ON cases (rule_id, verdict, opened_ms DESC, number);
CREATE INDEX cases_sensor ON cases (sensor_id, opened_ms DESC, number);
CREATE INDEX cases_sensor_verdict ON cases (sensor_id, verdict, opened_ms DESC, number);
CREATE INDEX case_techniques_id ON case_techniques (technique, case_number);
DROP INDEX detections_fingerprint;
CREATE INDEX detections_behaviour ON detections (sensor_id, fingerprint, event_ms);
CREATE INDEX detections_sensor ON detections (sensor_id, event_ms DESC);
CREATE INDEX sensors_hostname ON sensors (hostname);
CREATE INDEX sensors_sid ON sensors (sid);
CREATE INDEX rules_path ON rules (path);

-- The lists of rules and of sensors: newest activity first, and by the start of a name.
CREATE INDEX rules_newest ON rules (org_id, last_ms DESC, id DESC);
CREATE INDEX rules_title ON rules (org_id, LOWER(title));
CREATE INDEX sensors_newest ON sensors (org_id, last_ms DESC, id DESC);
CREATE INDEX sensors_name ON sensors (org_id, LOWER(hostname));

-- Words of detections (rowid = detection) and of notes (rowid = note), made by our own tokeniser.
-- A word that stands in a certain field is there a second time as `field~word`.
CREATE VIRTUAL TABLE detection_words USING fts5 (
    words, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 tokenchars '~'"
);
CREATE VIRTUAL TABLE note_words USING fts5 (
    words, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 tokenchars '~'"
);
