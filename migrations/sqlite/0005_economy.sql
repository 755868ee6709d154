-- A run may take the votes of a run of another case with the same evidence, or be asked all the same to
-- compare; `evidence` is what must be equal. `renews_ms` is when the budget renews that it found used up.
ALTER TABLE runs ADD COLUMN by_hand INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE runs ADD COLUMN evidence TEXT;
ALTER TABLE runs ADD COLUMN reused_from INTEGER REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN checked_from INTEGER REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN renews_ms INTEGER;
CREATE INDEX runs_evidence ON runs (evidence, finished_ms DESC) WHERE evidence IS NOT NULL;
ALTER TABLE votes ADD COLUMN reused_from INTEGER REFERENCES runs (id);
ALTER TABLE votes ADD COLUMN cost_micro INTEGER;
ALTER TABLE votes ADD COLUMN unasked INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX votes_voter ON votes (voter, asked_ms DESC) WHERE asked_ms IS NOT NULL;
ALTER TABLE cases ADD COLUMN unasked_until INTEGER;
CREATE INDEX cases_unasked ON cases (open, unasked_until, org_id) WHERE unasked_until IS NOT NULL;

-- What an organisation may spend a day where it differs from the settings; 0 for no limit.
ALTER TABLE orgs ADD COLUMN budget_calls INTEGER;
ALTER TABLE orgs ADD COLUMN budget_tokens INTEGER;
ALTER TABLE orgs ADD COLUMN budget_cost_micro INTEGER;

-- What an organisation spent on a day of UTC, counted from 1970, and how often votes were reused, asked to
-- compare, and then came out otherwise. Money is in millionths.
CREATE TABLE spending (
    org_id     INTEGER NOT NULL REFERENCES orgs (id),
    day        INTEGER NOT NULL,
    calls      INTEGER NOT NULL DEFAULT 0,
    tokens     INTEGER NOT NULL DEFAULT 0,
    cost_micro INTEGER NOT NULL DEFAULT 0,
    reused     INTEGER NOT NULL DEFAULT 0,
    checked    INTEGER NOT NULL DEFAULT 0,
    differed   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;

-- Keys of random draws, so that nobody outside can tell which case is drawn.
CREATE TABLE draws (
    name TEXT PRIMARY KEY,
    key  TEXT NOT NULL
) STRICT;
