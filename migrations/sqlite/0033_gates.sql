-- When the machine closed a case that still stands so.
ALTER TABLE cases ADD COLUMN machine_closed_ms INTEGER;
CREATE INDEX cases_machine_closed ON cases (org_id, machine_closed_ms DESC, number DESC) WHERE machine_closed_ms IS NOT NULL;

-- What has to be proven before the machine closes cases of a scope alone, and how far that is.
CREATE TABLE gates (
    id          INTEGER PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    level       TEXT NOT NULL,
    key         TEXT NOT NULL,
    version     TEXT NOT NULL,
    panel       TEXT NOT NULL,
    state       TEXT NOT NULL,
    state_ms    INTEGER NOT NULL,
    state_by    TEXT NOT NULL,
    state_why   TEXT NOT NULL,
    error_limit REAL NOT NULL,
    epoch       INTEGER NOT NULL DEFAULT 1,
    looks       INTEGER NOT NULL DEFAULT 0,
    fresh       INTEGER NOT NULL DEFAULT 0,
    n           INTEGER NOT NULL DEFAULT 0,
    k           INTEGER NOT NULL DEFAULT 0,
    eligible    INTEGER NOT NULL DEFAULT 0,
    last_tp_ms  INTEGER,
    look_n      INTEGER,
    look_k      INTEGER,
    look_delta  REAL,
    look_bound  REAL,
    look_limit  REAL,
    look_ms     INTEGER,
    seq         INTEGER NOT NULL DEFAULT 0,
    first_ms    INTEGER NOT NULL,
    last_ms     INTEGER NOT NULL,
    UNIQUE (org_id, level, key, version)
) STRICT;
CREATE INDEX gates_org ON gates (org_id, id);
CREATE INDEX gates_stand ON gates (org_id, level, key) WHERE state IN ('proposed', 'active');

-- Reviews of a gate by epoch and day in UTC, and how many cases were eligible on that day.
CREATE TABLE gate_days (
    gate_id  INTEGER NOT NULL REFERENCES gates (id),
    day      INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    org_id   INTEGER NOT NULL REFERENCES orgs (id),
    n        INTEGER NOT NULL DEFAULT 0,
    k        INTEGER NOT NULL DEFAULT 0,
    eligible INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (gate_id, day, epoch)
) STRICT, WITHOUT ROWID;

-- One act of a person, over one case or many: it counts once, and as an error where any of its cases is one.
CREATE TABLE gate_reviews (
    gate_id INTEGER NOT NULL REFERENCES gates (id),
    act     TEXT NOT NULL,
    org_id  INTEGER NOT NULL REFERENCES orgs (id),
    epoch   INTEGER NOT NULL,
    at_ms   INTEGER NOT NULL,
    clean   INTEGER NOT NULL,
    errors  INTEGER NOT NULL,
    PRIMARY KEY (gate_id, act)
) STRICT, WITHOUT ROWID;

-- Cases that are or were eligible, and what became of them.
CREATE TABLE gate_cases (
    case_number INTEGER PRIMARY KEY REFERENCES cases (number),
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    rule_id     INTEGER NOT NULL REFERENCES rules (id),
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    behaviours  INTEGER NOT NULL,
    rule_gate   INTEGER NOT NULL REFERENCES gates (id),
    family_gate INTEGER REFERENCES gates (id),
    org_gate    INTEGER NOT NULL REFERENCES gates (id),
    eligible    INTEGER NOT NULL,
    why         TEXT NOT NULL DEFAULT '',
    at_ms       INTEGER NOT NULL,
    share       REAL NOT NULL,
    drawn       INTEGER NOT NULL,
    would_close INTEGER NOT NULL,
    opened_by   INTEGER REFERENCES gates (id),
    closed_ms   INTEGER,
    reopened_ms INTEGER,
    action_id   INTEGER REFERENCES actions (id),
    verdict     TEXT NOT NULL DEFAULT 'pending',
    declared_ms INTEGER,
    act         TEXT,
    counted     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX gate_cases_board ON gate_cases (rule_id, would_close, at_ms, verdict);
CREATE INDEX gate_cases_rule_tp ON gate_cases (rule_gate, declared_ms) WHERE verdict = 'true_positive';
CREATE INDEX gate_cases_family_tp ON gate_cases (family_gate, declared_ms) WHERE verdict = 'true_positive';
CREATE INDEX gate_cases_org_tp ON gate_cases (org_gate, declared_ms) WHERE verdict = 'true_positive';

-- Everything from which looks and states of a gate can be worked out anew.
CREATE TABLE gate_events (
    gate_id INTEGER NOT NULL REFERENCES gates (id),
    seq     INTEGER NOT NULL,
    org_id  INTEGER NOT NULL REFERENCES orgs (id),
    at_ms   INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    data    TEXT NOT NULL,
    PRIMARY KEY (gate_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER gate_events_no_delete BEFORE DELETE ON gate_events BEGIN SELECT RAISE(ABORT, 'events of a gate stay as they are'); END;
CREATE TRIGGER gate_events_no_update BEFORE UPDATE ON gate_events BEGIN SELECT RAISE(ABORT, 'events of a gate stay as they are'); END;
