-- Cases that became part of another one, until they are taken out again: which directly, by how much the numbers of
-- their runs moved, what stood decided, who did it. A detection, run, note … that moved along names where it came from.
CREATE TABLE merges (
    case_number INTEGER PRIMARY KEY REFERENCES cases (number),
    into_case   INTEGER NOT NULL REFERENCES cases (number),
    run_offset  INTEGER NOT NULL,
    before      TEXT NOT NULL,
    merged_by   TEXT NOT NULL,
    by_person   INTEGER NOT NULL,
    merged_ms   INTEGER NOT NULL
) STRICT;
CREATE INDEX merges_into ON merges (into_case);

ALTER TABLE runs ADD COLUMN origin_case INTEGER REFERENCES cases (number);
ALTER TABLE notes ADD COLUMN origin_case INTEGER REFERENCES cases (number);
ALTER TABLE intel ADD COLUMN origin_case INTEGER REFERENCES cases (number);
ALTER TABLE evidence ADD COLUMN origin_case INTEGER REFERENCES cases (number);
ALTER TABLE actions ADD COLUMN origin_case INTEGER REFERENCES cases (number);

-- What cases share is lent to the case that they became part of; what was their own waits here.
ALTER TABLE case_atoms ADD COLUMN lent INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE case_observables ADD COLUMN lent INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE case_techniques ADD COLUMN lent INTEGER NOT NULL DEFAULT FALSE;
CREATE TABLE merged_atoms (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    sensor_id   INTEGER NOT NULL REFERENCES sensors (id),
    atom        TEXT NOT NULL,
    event_ms    INTEGER NOT NULL,
    PRIMARY KEY (case_number, atom, sensor_id, event_ms)
) STRICT, WITHOUT ROWID;
CREATE TABLE merged_observables (
    case_number   INTEGER NOT NULL REFERENCES cases (number),
    observable_id INTEGER NOT NULL REFERENCES observables (id),
    role          TEXT NOT NULL,
    PRIMARY KEY (case_number, observable_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE merged_techniques (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    technique   TEXT NOT NULL,
    source      TEXT NOT NULL,
    PRIMARY KEY (case_number, technique, source)
) STRICT, WITHOUT ROWID;

-- The severity that a case had before a case that became part of it raised it; NULL where it is its own.
ALTER TABLE cases ADD COLUMN own_severity TEXT;
ALTER TABLE cases ADD COLUMN own_severity_by TEXT;

-- Cases that people took apart: what arrives does not join them again. The lower number stands left.
CREATE TABLE kept_apart (
    left_case  INTEGER NOT NULL REFERENCES cases (number),
    right_case INTEGER NOT NULL REFERENCES cases (number),
    PRIMARY KEY (left_case, right_case)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_apart_right ON kept_apart (right_case);

-- Cases that people say belong beside each other: kind is link or split; of a split the left one was there first.
CREATE TABLE case_links (
    left_case  INTEGER NOT NULL REFERENCES cases (number),
    right_case INTEGER NOT NULL REFERENCES cases (number),
    kind       TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    made_ms    INTEGER NOT NULL,
    PRIMARY KEY (left_case, right_case, kind)
) STRICT;
CREATE INDEX case_links_right ON case_links (right_case);

ALTER TABLE cases ADD COLUMN duplicate_of INTEGER REFERENCES cases (number);
CREATE INDEX cases_duplicate ON cases (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX cases_previous ON cases (previous_case) WHERE previous_case IS NOT NULL;
