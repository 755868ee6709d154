-- Exclusions: rules in LimaCharlie's syntax that hide detections there, each back-tested and approved by a second person.
CREATE TABLE exclusions (
    id             INTEGER PRIMARY KEY,
    org_id         INTEGER NOT NULL REFERENCES orgs (id),
    case_number    INTEGER NOT NULL REFERENCES cases (number),
    name           TEXT NOT NULL,
    comment        TEXT NOT NULL,
    rule           TEXT NOT NULL,
    conditions     TEXT NOT NULL,
    state          TEXT NOT NULL,
    expires_ms     INTEGER NOT NULL,
    proposed_by    TEXT NOT NULL,
    proposed_ms    INTEGER NOT NULL,
    approver       TEXT NOT NULL DEFAULT '',
    acknowledged   INTEGER NOT NULL DEFAULT FALSE,
    changed_by     TEXT NOT NULL DEFAULT '',
    changed_ms     INTEGER,
    note           TEXT NOT NULL DEFAULT '',
    test_state     TEXT NOT NULL,
    test_no        INTEGER NOT NULL DEFAULT 0,
    test_rule      INTEGER NOT NULL DEFAULT 0,
    test_detection INTEGER NOT NULL DEFAULT 0,
    test_read      INTEGER NOT NULL DEFAULT 0,
    test_unread    INTEGER NOT NULL DEFAULT 0,
    test_first_ms  INTEGER,
    tested_ms      INTEGER,
    tallies        TEXT NOT NULL DEFAULT '[]',
    publish_state  TEXT NOT NULL DEFAULT 'none',
    publish_result TEXT NOT NULL DEFAULT '',
    etag           TEXT NOT NULL DEFAULT '',
    UNIQUE (org_id, name)
) STRICT;
CREATE INDEX exclusions_case ON exclusions (case_number, id);

-- The cases of which the back-test found detections that would be hidden.
CREATE TABLE exclusion_hits (
    exclusion_id INTEGER NOT NULL REFERENCES exclusions (id),
    case_number  INTEGER NOT NULL REFERENCES cases (number),
    kind         TEXT NOT NULL,
    detections   INTEGER NOT NULL,
    PRIMARY KEY (exclusion_id, case_number)
) STRICT;
CREATE INDEX exclusion_hits_kind ON exclusion_hits (exclusion_id, kind, case_number DESC);
CREATE INDEX exclusion_hits_case ON exclusion_hits (case_number, exclusion_id);

-- Cases declared true positive of which an approved exclusion hides detections.
CREATE TABLE exclusion_conflicts (
    case_number  INTEGER NOT NULL REFERENCES cases (number),
    exclusion_id INTEGER NOT NULL REFERENCES exclusions (id),
    found_ms     INTEGER NOT NULL,
    PRIMARY KEY (case_number, exclusion_id)
) STRICT;
CREATE INDEX exclusion_conflicts_exclusion ON exclusion_conflicts (exclusion_id, case_number);

-- A back-test reads the detections of one rule after the other; which rules cause false positives.
CREATE INDEX detections_rule ON detections (rule_id, id);
CREATE INDEX cases_false_positive ON cases (org_id, opened_ms DESC, rule_id) WHERE verdict = 'false_positive';
