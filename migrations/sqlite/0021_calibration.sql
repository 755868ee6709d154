-- How sure a voter said it was of its verdict, in millionths; NULL where it did not say.
ALTER TABLE measured ADD COLUMN stated_ppm INTEGER;

-- Declared cases by how sure a voter of one version was, in ten bins: what it said, what was declared,
-- and the sum of what it stated. Kept like confusion, without days: a new version begins anew.
CREATE TABLE calibration (
    org_id         INTEGER NOT NULL REFERENCES orgs (id),
    voter          TEXT NOT NULL,
    model          TEXT NOT NULL,
    digest         TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    bin            INTEGER NOT NULL,
    vote           TEXT NOT NULL,
    declared       TEXT NOT NULL,
    cases          INTEGER NOT NULL,
    stated_ppm     INTEGER NOT NULL,
    PRIMARY KEY (org_id, voter, model, digest, prompt_version, bin, vote, declared)
) STRICT, WITHOUT ROWID;

-- The versions in which voters answered, each with when it last took the place of another one.
CREATE TABLE voter_versions (
    voter          TEXT NOT NULL,
    model          TEXT NOT NULL,
    digest         TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    since_ms       INTEGER NOT NULL,
    PRIMARY KEY (voter, model, digest, prompt_version)
) STRICT, WITHOUT ROWID;
CREATE INDEX voter_versions_newest ON voter_versions (voter, since_ms DESC);
INSERT INTO voter_versions (voter, model, digest, prompt_version, since_ms)
    SELECT voter, model, digest, prompt_version, MIN(answered_ms) FROM votes
    WHERE state = 'ok' AND role IN ('panel', 'adviser') AND kind <> 'recorded' AND answered_ms IS NOT NULL
    GROUP BY voter, model, digest, prompt_version;

-- What was declared before is counted in the background.
INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms)
    SELECT 'measure', 'measure', '{}', -1, 0 WHERE EXISTS (SELECT 1 FROM measured) ON CONFLICT (dedup_key) DO NOTHING;
