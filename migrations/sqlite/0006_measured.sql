-- What each voter had said of a case when an analyst declared it; the voter '' is the panel itself.
-- Kept by every declaration and its undo: a case has one row for each voter, never two.
CREATE TABLE measured (
    case_number    INTEGER NOT NULL REFERENCES cases (number),
    voter          TEXT NOT NULL,
    org_id         INTEGER NOT NULL REFERENCES orgs (id),
    run_id         INTEGER NOT NULL REFERENCES runs (id),
    model          TEXT NOT NULL,
    digest         TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    vote           TEXT NOT NULL,
    declared       TEXT NOT NULL,
    decided_ms     INTEGER NOT NULL,
    PRIMARY KEY (case_number, voter)
) STRICT;
CREATE INDEX measured_newest ON measured (voter, decided_ms DESC, case_number DESC, org_id);
CREATE INDEX measured_cell ON measured (voter, vote, declared, decided_ms DESC, case_number DESC, org_id);

-- The same as counts of days since 1970, so that figures of months cost little.
CREATE TABLE confusion (
    org_id         INTEGER NOT NULL REFERENCES orgs (id),
    voter          TEXT NOT NULL,
    model          TEXT NOT NULL,
    digest         TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    vote           TEXT NOT NULL,
    declared       TEXT NOT NULL,
    day            INTEGER NOT NULL,
    cases          INTEGER NOT NULL,
    PRIMARY KEY (org_id, day, voter, model, digest, prompt_version, vote, declared)
) STRICT;

-- What each vote weighed, in the weighted mode.
ALTER TABLE runs ADD COLUMN weighing TEXT;
CREATE INDEX votes_of_voter ON votes (voter, id DESC);

-- A panel that is tried on declared cases; nothing here touches a case.
CREATE TABLE trials (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    asked_by    TEXT NOT NULL,
    voters      TEXT NOT NULL,
    mode        TEXT NOT NULL,
    state       TEXT NOT NULL,
    error       TEXT NOT NULL DEFAULT '',
    queued_ms   INTEGER NOT NULL,
    finished_ms INTEGER
) STRICT;

CREATE TABLE trial_cases (
    trial_id     INTEGER NOT NULL REFERENCES trials (id),
    position     INTEGER NOT NULL,
    case_number  INTEGER NOT NULL REFERENCES cases (number),
    org_id       INTEGER NOT NULL REFERENCES orgs (id),
    run_id       INTEGER NOT NULL REFERENCES runs (id),
    declared     TEXT NOT NULL,
    verdict      TEXT,
    outcome      TEXT,
    said_then    TEXT NOT NULL,
    PRIMARY KEY (trial_id, position)
) STRICT;

CREATE TABLE trial_votes (
    trial_id       INTEGER NOT NULL REFERENCES trials (id),
    position       INTEGER NOT NULL,
    voter          TEXT NOT NULL,
    model          TEXT NOT NULL,
    state          TEXT NOT NULL,
    failure        TEXT,
    detail         TEXT NOT NULL,
    answer         TEXT,
    prompt_version TEXT NOT NULL,
    prompt_hash    TEXT NOT NULL,
    calls          INTEGER NOT NULL,
    tokens         INTEGER NOT NULL,
    reused         INTEGER NOT NULL DEFAULT FALSE,
    PRIMARY KEY (trial_id, position, voter)
) STRICT;
CREATE INDEX trial_cases_case ON trial_cases (case_number);

-- What was declared before this table existed is counted in the background.
INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms)
    SELECT 'measure', 'measure', '{}', -1, 0 WHERE EXISTS (SELECT 1 FROM cases WHERE decided_ms IS NOT NULL);
