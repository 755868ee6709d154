-- What a person saw of a case: the newest entry of the timeline at the newest look, and at the last look before that visit.
CREATE TABLE looks (
    user_id     INTEGER NOT NULL REFERENCES users (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    since_id    INTEGER NOT NULL DEFAULT 0,
    since_ms    INTEGER NOT NULL DEFAULT 0,
    seen_id     INTEGER NOT NULL,
    seen_ms     INTEGER NOT NULL,
    PRIMARY KEY (user_id, case_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX looks_age ON looks (seen_ms);

-- What a shift leaves to the next one, and up to when each person has read what happened.
CREATE TABLE handovers (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    author     TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX handovers_org ON handovers (org_id, id DESC);
CREATE TABLE handover_marks (
    user_id INTEGER PRIMARY KEY REFERENCES users (id),
    read_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_handover ON notes (created_ms DESC, id DESC) WHERE kind IN ('escalation', 'handoff');
CREATE INDEX timeline_back ON timeline (at_ms DESC, id DESC, org_id) WHERE kind IN ('status', 'undo', 'question_reopened');
CREATE INDEX actions_failed ON actions (finished_ms DESC, id DESC) WHERE state IN ('failed', 'unknown') AND recorded = FALSE;

-- When a person first declared a case, when a verdict was last overturned, and whether a person looked at what AI had closed.
ALTER TABLE cases ADD COLUMN first_decided_ms INTEGER;
ALTER TABLE cases ADD COLUMN overturned_ms INTEGER;
ALTER TABLE cases ADD COLUMN spot_checked INTEGER NOT NULL DEFAULT FALSE;
UPDATE cases SET first_decided_ms = decided_ms WHERE decided_ms IS NOT NULL AND verdict <> 'pending';
CREATE INDEX cases_decided ON cases (decided_ms DESC, number DESC, org_id, verdict, decided_by, spot_checked) WHERE decided_ms IS NOT NULL;
CREATE INDEX cases_first_decided ON cases (first_decided_ms DESC, number DESC, org_id, opened_ms) WHERE first_decided_ms IS NOT NULL;
CREATE INDEX cases_overturned ON cases (overturned_ms DESC, number DESC, org_id, spot_checked) WHERE overturned_ms IS NOT NULL;

-- Cases of a day of UTC, counted from 1970: by verdict, and by the other figures of the dashboard.
CREATE TABLE daily (
    org_id INTEGER NOT NULL REFERENCES orgs (id),
    day    INTEGER NOT NULL,
    figure TEXT NOT NULL,
    cases  INTEGER NOT NULL,
    PRIMARY KEY (org_id, day, figure)
) STRICT, WITHOUT ROWID;
INSERT INTO daily (org_id, day, figure, cases)
    SELECT org_id, decided_ms / 86400000, verdict, COUNT(*) FROM cases
    WHERE decided_ms IS NOT NULL AND verdict <> 'pending' GROUP BY org_id, decided_ms / 86400000, verdict;
INSERT INTO daily (org_id, day, figure, cases)
    SELECT org_id, first_decided_ms / 86400000, 'first_decided', COUNT(*) FROM cases
    WHERE first_decided_ms IS NOT NULL GROUP BY org_id, first_decided_ms / 86400000;
