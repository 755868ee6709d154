-- One act over many cases: what a person decided once, and what became of each case by it. A timeline's entry that
-- belongs to an act is found by its id, so that the act can count as the one decision that it was.
CREATE TABLE bulk_acts (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    actor       TEXT NOT NULL,
    client      TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    token       TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    note        TEXT NOT NULL,
    close       INTEGER NOT NULL,
    state       TEXT NOT NULL,
    error       TEXT NOT NULL DEFAULT '',
    members     INTEGER NOT NULL,
    done        INTEGER NOT NULL DEFAULT 0,
    left_out    INTEGER NOT NULL DEFAULT 0,
    undone      INTEGER NOT NULL DEFAULT 0,
    stayed      INTEGER NOT NULL DEFAULT 0,
    created_ms  INTEGER NOT NULL,
    finished_ms INTEGER,
    undone_by   TEXT NOT NULL DEFAULT '',
    UNIQUE (user_id, token)
) STRICT;

CREATE TABLE bulk_members (
    act_id      INTEGER NOT NULL REFERENCES bulk_acts (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    version     INTEGER NOT NULL,
    behaviours  INTEGER NOT NULL,
    state       TEXT NOT NULL,
    why         TEXT,
    detail      TEXT NOT NULL DEFAULT '',
    event_id    INTEGER,
    PRIMARY KEY (act_id, case_number)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_members_state ON bulk_members (act_id, state, why, case_number);
CREATE INDEX bulk_members_next ON bulk_members (act_id, state, case_number);
CREATE INDEX bulk_members_org ON bulk_members (act_id, org_id);
CREATE INDEX bulk_members_case ON bulk_members (case_number);
CREATE INDEX bulk_members_event ON bulk_members (event_id) WHERE event_id IS NOT NULL;
