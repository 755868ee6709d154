-- What was asked of other systems about a case: one row for each question, with its answer's first lines.
CREATE TABLE evidence (
    id          INTEGER PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    sensor_id   INTEGER NOT NULL REFERENCES sensors (id),
    fingerprint TEXT NOT NULL,
    action_id   INTEGER REFERENCES actions (id),
    kind        TEXT NOT NULL,
    source      TEXT NOT NULL,
    state       TEXT NOT NULL,
    text        TEXT NOT NULL,
    from_ms     INTEGER,
    to_ms       INTEGER,
    taken_ms    INTEGER NOT NULL,
    total       INTEGER NOT NULL,
    lines       TEXT NOT NULL,
    facts       TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_case ON evidence (case_number, id);
CREATE INDEX evidence_sensor ON evidence (sensor_id, kind, id);
