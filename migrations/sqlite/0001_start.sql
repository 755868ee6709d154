-- Times are UTC milliseconds (…_ms). Every row that belongs to a customer carries org_id.

CREATE TABLE orgs (
    id            INTEGER PRIMARY KEY,
    slug          TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    oid           TEXT UNIQUE,
    cloud_allowed INTEGER NOT NULL DEFAULT FALSE,
    created_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled      INTEGER NOT NULL DEFAULT FALSE,
    theme         TEXT NOT NULL DEFAULT '',
    created_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    user_id INTEGER NOT NULL REFERENCES users (id),
    org_id  INTEGER NOT NULL REFERENCES orgs (id),
    PRIMARY KEY (user_id, org_id)
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    created_ms INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    client     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_ms);

-- Failed sign-ins by account ('account:ana') and by address ('address:192.0.2.7').
CREATE TABLE throttles (
    name       TEXT PRIMARY KEY,
    failures   INTEGER NOT NULL,
    first_ms   INTEGER NOT NULL,
    blocked_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    name       TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms    INTEGER,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX tokens_org ON tokens (org_id);

-- Webhook secrets are sealed with the key file; two hold during a rotation.
CREATE TABLE sources (
    id          INTEGER PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL UNIQUE,
    secret      BLOB NOT NULL,
    next_secret BLOB,
    created_ms  INTEGER NOT NULL,
    seen_ms     INTEGER
) STRICT;

CREATE TABLE rules (
    id             INTEGER PRIMARY KEY,
    org_id         INTEGER NOT NULL REFERENCES orgs (id),
    path           TEXT NOT NULL,
    title          TEXT NOT NULL,
    level          TEXT,
    author         TEXT NOT NULL,
    description    TEXT NOT NULL,
    false_positives TEXT NOT NULL,
    refs           TEXT NOT NULL,
    tags           TEXT NOT NULL,
    first_ms       INTEGER NOT NULL,
    last_ms        INTEGER NOT NULL,
    UNIQUE (org_id, path)
) STRICT;

CREATE TABLE sensors (
    id       INTEGER PRIMARY KEY,
    org_id   INTEGER NOT NULL REFERENCES orgs (id),
    sid      TEXT NOT NULL,
    hostname TEXT NOT NULL,
    plat     INTEGER,
    arch     INTEGER,
    int_ip   TEXT NOT NULL,
    ext_ip   TEXT NOT NULL,
    tags     TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    UNIQUE (org_id, sid)
) STRICT;

CREATE TABLE cases (
    number          INTEGER PRIMARY KEY,
    org_id          INTEGER NOT NULL REFERENCES orgs (id),
    title           TEXT NOT NULL,
    rule_id         INTEGER NOT NULL REFERENCES rules (id),
    sensor_id       INTEGER NOT NULL REFERENCES sensors (id),
    hostname        TEXT NOT NULL,
    user_name       TEXT NOT NULL,
    chain           TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    status          TEXT NOT NULL,
    open            INTEGER NOT NULL,
    verdict         TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    decided_by      TEXT NOT NULL DEFAULT '',
    decided_ms      INTEGER,
    machine_verdict TEXT NOT NULL,
    outcome         TEXT,
    confidence      REAL,
    risk_score      INTEGER,
    triage_state    TEXT NOT NULL,
    glance          TEXT NOT NULL DEFAULT '[]',
    severity        TEXT NOT NULL,
    severity_by     TEXT NOT NULL,
    rule_level      TEXT,
    flags           INTEGER NOT NULL DEFAULT 0,
    assignee_id     INTEGER REFERENCES users (id),
    previous_case   INTEGER REFERENCES cases (number),
    detections      INTEGER NOT NULL,
    repeats         INTEGER NOT NULL DEFAULT 0,
    opened_ms       INTEGER NOT NULL,
    updated_ms      INTEGER NOT NULL,
    first_event_ms  INTEGER NOT NULL,
    last_event_ms   INTEGER NOT NULL,
    closed_ms       INTEGER,
    version         INTEGER NOT NULL DEFAULT 1,
    queue_rank      INTEGER NOT NULL DEFAULT 0,
    recorded        INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE INDEX cases_queue ON cases (open, queue_rank DESC, opened_ms, number);
CREATE INDEX cases_org_queue ON cases (org_id, open, queue_rank DESC, opened_ms, number);
CREATE INDEX cases_newest ON cases (opened_ms DESC, number DESC);
CREATE INDEX cases_hostname ON cases (hostname, opened_ms DESC);
CREATE INDEX cases_title ON cases (title);
CREATE INDEX cases_rule ON cases (rule_id, opened_ms DESC);
CREATE INDEX cases_sensor ON cases (sensor_id, opened_ms DESC);
CREATE INDEX cases_assignee ON cases (assignee_id, open, queue_rank DESC);

CREATE TABLE case_fingerprints (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    org_id      INTEGER NOT NULL,
    sensor_id   INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    first_ms    INTEGER NOT NULL,
    last_ms     INTEGER NOT NULL,
    PRIMARY KEY (case_number, fingerprint)
) STRICT;
CREATE INDEX case_fingerprints_match ON case_fingerprints (org_id, sensor_id, fingerprint, last_ms DESC);
CREATE INDEX case_fingerprints_org ON case_fingerprints (org_id, fingerprint, case_number);

CREATE TABLE detections (
    id          INTEGER PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    detect_id   TEXT NOT NULL,
    rule_id     INTEGER NOT NULL REFERENCES rules (id),
    sensor_id   INTEGER NOT NULL REFERENCES sensors (id),
    source      TEXT NOT NULL,
    title       TEXT NOT NULL,
    level       TEXT,
    event_type  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    event_ms    INTEGER NOT NULL,
    gen_ms      INTEGER,
    received_ms INTEGER NOT NULL,
    repeats     INTEGER NOT NULL DEFAULT 0,
    raw         TEXT NOT NULL,
    UNIQUE (org_id, detect_id)
) STRICT;
CREATE INDEX detections_case ON detections (case_number, event_ms, id);
CREATE INDEX detections_fingerprint ON detections (org_id, fingerprint, event_ms);

-- How analysts decided the cases of a behaviour; kept by every declaration and its undo.
CREATE TABLE precedents (
    org_id               INTEGER NOT NULL REFERENCES orgs (id),
    fingerprint          TEXT NOT NULL,
    cases                INTEGER NOT NULL DEFAULT 0,
    false_positive       INTEGER NOT NULL DEFAULT 0,
    benign_true_positive INTEGER NOT NULL DEFAULT 0,
    true_positive        INTEGER NOT NULL DEFAULT 0,
    first_ms             INTEGER NOT NULL,
    last_ms              INTEGER NOT NULL,
    PRIMARY KEY (org_id, fingerprint)
) STRICT;

CREATE TABLE observables (
    id       INTEGER PRIMARY KEY,
    org_id   INTEGER NOT NULL REFERENCES orgs (id),
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms  INTEGER NOT NULL,
    UNIQUE (org_id, kind, value)
) STRICT;
CREATE INDEX observables_value ON observables (value);

CREATE TABLE case_observables (
    case_number   INTEGER NOT NULL REFERENCES cases (number),
    observable_id INTEGER NOT NULL REFERENCES observables (id),
    role          TEXT NOT NULL,
    PRIMARY KEY (case_number, observable_id)
) STRICT;
CREATE INDEX case_observables_value ON case_observables (observable_id, case_number);

CREATE TABLE case_techniques (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    technique   TEXT NOT NULL,
    source      TEXT NOT NULL,
    PRIMARY KEY (case_number, technique, source)
) STRICT;

CREATE TABLE intel (
    id          INTEGER PRIMARY KEY,
    case_number INTEGER NOT NULL REFERENCES cases (number),
    provider    TEXT NOT NULL,
    observable  TEXT,
    payload     TEXT NOT NULL,
    fetched_ms  INTEGER NOT NULL,
    recorded    INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE INDEX intel_case ON intel (case_number);

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY,
    case_number     INTEGER NOT NULL REFERENCES cases (number),
    number          INTEGER NOT NULL,
    detection_id    INTEGER NOT NULL REFERENCES detections (id),
    fingerprint     TEXT NOT NULL,
    state           TEXT NOT NULL,
    asked_by        TEXT NOT NULL,
    continues       INTEGER REFERENCES runs (id),
    tries           INTEGER NOT NULL DEFAULT 0,
    mode            TEXT NOT NULL,
    note            TEXT NOT NULL DEFAULT '',
    queued_ms       INTEGER NOT NULL,
    started_ms      INTEGER,
    finished_ms     INTEGER,
    machine_verdict TEXT NOT NULL,
    outcome         TEXT,
    confidence      REAL,
    severity        TEXT,
    risk_score      INTEGER,
    auto_action     TEXT,
    report          TEXT,
    flags           TEXT NOT NULL DEFAULT '[]',
    vetoes          TEXT NOT NULL DEFAULT '[]',
    recorded        INTEGER NOT NULL DEFAULT FALSE,
    UNIQUE (case_number, number)
) STRICT;

CREATE TABLE votes (
    id             INTEGER PRIMARY KEY,
    run_id         INTEGER NOT NULL REFERENCES runs (id),
    position       INTEGER NOT NULL,
    voter          TEXT NOT NULL,
    role           TEXT NOT NULL,
    kind           TEXT NOT NULL,
    model          TEXT NOT NULL,
    digest         TEXT NOT NULL DEFAULT '',
    state          TEXT NOT NULL,
    failure        TEXT,
    detail         TEXT NOT NULL DEFAULT '',
    verdict        TEXT,
    confidence     REAL,
    answer         TEXT,
    raw            TEXT NOT NULL DEFAULT '',
    prompt         TEXT NOT NULL DEFAULT '',
    prompt_version TEXT NOT NULL DEFAULT '',
    prompt_hash    TEXT NOT NULL DEFAULT '',
    tokens_in      INTEGER,
    tokens_out     INTEGER,
    latency_ms     INTEGER,
    attempts       INTEGER NOT NULL DEFAULT 0,
    asked_ms       INTEGER,
    answered_ms    INTEGER,
    carried_from   INTEGER,
    UNIQUE (run_id, voter)
) STRICT;

CREATE TABLE actions (
    id           INTEGER PRIMARY KEY,
    case_number  INTEGER NOT NULL REFERENCES cases (number),
    kind         TEXT NOT NULL,
    target       TEXT NOT NULL,
    state        TEXT NOT NULL,
    result       TEXT NOT NULL DEFAULT '',
    asked_for    TEXT NOT NULL DEFAULT '',
    asked_by     TEXT NOT NULL,
    asked_ms     INTEGER NOT NULL,
    finished_ms  INTEGER,
    recorded     INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE INDEX actions_case ON actions (case_number, id);

CREATE TABLE notes (
    id          INTEGER PRIMARY KEY,
    case_number INTEGER NOT NULL REFERENCES cases (number),
    author_kind TEXT NOT NULL,
    author      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    created_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_case ON notes (case_number, id);

-- What happened to a case; the live feed reads it by id.
CREATE TABLE timeline (
    id          INTEGER PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    at_ms       INTEGER NOT NULL,
    actor_kind  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    text        TEXT NOT NULL,
    run_id      INTEGER,
    undo        TEXT,
    undone_ms   INTEGER
) STRICT;
CREATE INDEX timeline_case ON timeline (case_number, at_ms, id);

-- Who did what, append only.
CREATE TABLE ledger (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER,
    at_ms      INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor      TEXT NOT NULL,
    client     TEXT NOT NULL,
    action     TEXT NOT NULL,
    object     TEXT NOT NULL,
    old_value  TEXT NOT NULL,
    new_value  TEXT NOT NULL,
    request_id TEXT NOT NULL
) STRICT;
CREATE INDEX ledger_time ON ledger (at_ms DESC, id DESC);

CREATE TABLE jobs (
    id              INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL,
    dedup_key       TEXT NOT NULL UNIQUE,
    payload         TEXT NOT NULL,
    priority        INTEGER NOT NULL DEFAULT 0,
    run_at_ms       INTEGER NOT NULL,
    leased_until_ms INTEGER NOT NULL DEFAULT 0,
    owner           TEXT NOT NULL DEFAULT '',
    attempt         INTEGER NOT NULL DEFAULT 0,
    dead            INTEGER NOT NULL DEFAULT FALSE,
    error           TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX jobs_ready ON jobs (dead, priority DESC, run_at_ms, id);

CREATE TABLE workers (
    owner   TEXT PRIMARY KEY,
    seen_ms INTEGER NOT NULL
) STRICT;

-- What ingest refused, kept so that nothing that was sent is lost.
CREATE TABLE rejects (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER,
    at_ms      INTEGER NOT NULL,
    source     TEXT NOT NULL,
    status     INTEGER NOT NULL,
    error      TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX rejects_whole ON rejects (COALESCE(org_id, 0), status, id);
CREATE INDEX rejects_newest ON rejects (at_ms DESC, id DESC);

-- Voters that were added on the Models page; those of the configuration file are not here.
CREATE TABLE voters (
    name       TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    base_url   TEXT NOT NULL,
    model      TEXT NOT NULL,
    position   INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- A form that was sent twice is done once.
CREATE TABLE idempotency (
    user_id    INTEGER NOT NULL REFERENCES users (id),
    token      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, token)
) STRICT;
CREATE INDEX idempotency_age ON idempotency (created_ms);

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END;
