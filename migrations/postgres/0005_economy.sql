-- A run may take the votes of a run of another case with the same evidence, or be asked all the same to
-- compare; `evidence` is what must be equal. `renews_ms` is when the budget renews that it found used up.
ALTER TABLE runs ADD COLUMN by_hand BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN evidence TEXT;
ALTER TABLE runs ADD COLUMN reused_from BIGINT REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN checked_from BIGINT REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN renews_ms BIGINT;
CREATE INDEX runs_evidence ON runs (evidence, finished_ms DESC) WHERE evidence IS NOT NULL;
ALTER TABLE votes ADD COLUMN reused_from BIGINT REFERENCES runs (id);
ALTER TABLE votes ADD COLUMN cost_micro BIGINT;
ALTER TABLE votes ADD COLUMN unasked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX votes_voter ON votes (voter, asked_ms DESC) WHERE asked_ms IS NOT NULL;
ALTER TABLE cases ADD COLUMN unasked_until BIGINT;
CREATE INDEX cases_unasked ON cases (open, unasked_until, org_id) WHERE unasked_until IS NOT NULL;

-- What an organisation may spend a day where it differs from the settings; 0 for no limit.
ALTER TABLE orgs ADD COLUMN budget_calls BIGINT;
ALTER TABLE orgs ADD COLUMN budget_tokens BIGINT;
ALTER TABLE orgs ADD COLUMN budget_cost_micro BIGINT;

-- What an organisation spent on a day of UTC, counted from 1970, and how often votes were reused, asked to
-- compare, and then came out otherwise. Money is in millionths.
CREATE TABLE spending (
    org_id     BIGINT NOT NULL REFERENCES orgs (id),
    day        BIGINT NOT NULL,
    calls      BIGINT NOT NULL DEFAULT 0,
    tokens     BIGINT NOT NULL DEFAULT 0,
    cost_micro BIGINT NOT NULL DEFAULT 0,
    reused     BIGINT NOT NULL DEFAULT 0,
    checked    BIGINT NOT NULL DEFAULT 0,
    differed   BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, day)
);

-- Keys of random draws, so that nobody outside can tell which case is drawn.
CREATE TABLE draws (
    name TEXT PRIMARY KEY,
    key  TEXT NOT NULL
);
