-- The queue of one person: split votes with late dissent, what AI closed, behaviours as one row, saved views, a profile.
-- TRUE where the newest run ended after a person's verdict and says otherwise.
ALTER TABLE cases ADD COLUMN dissent INTEGER NOT NULL DEFAULT FALSE;
DROP INDEX cases_split;
CREATE INDEX cases_split ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE dissent = TRUE OR (open = TRUE AND verdict = 'pending' AND outcome IN ('split', 'degraded', 'no_quorum'));
-- "<>" and not "=": an equality would lead SQLite to walk all open or all closed cases by an index of that column.
DROP INDEX cases_needs_decision;
DROP INDEX cases_likely_tp;
DROP INDEX cases_triaging;
CREATE INDEX cases_needs_decision ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> FALSE AND verdict = 'pending' AND triage_state NOT IN ('queued', 'running');
CREATE INDEX cases_likely_tp ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> FALSE AND verdict = 'pending' AND machine_verdict = 'true_positive';
CREATE INDEX cases_triaging ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> FALSE AND triage_state IN ('queued', 'running');
CREATE INDEX cases_spot_check ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> TRUE AND decided_by = '' AND reason = '';
-- The undecided cases of a behaviour in the queue's order, with all that tells whether one stands for the others.
CREATE INDEX cases_cluster ON cases (org_id, fingerprint, queue_rank DESC, opened_ms, number, triage_state, outcome, machine_verdict, dissent, flags, sensor_id)
    WHERE open = TRUE AND verdict = 'pending';

CREATE TABLE views (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    name       TEXT NOT NULL,
    query      TEXT NOT NULL,
    position   INTEGER NOT NULL,
    start      INTEGER NOT NULL DEFAULT FALSE,
    created_ms INTEGER NOT NULL,
    UNIQUE (user_id, name)
) STRICT;

ALTER TABLE users ADD COLUMN density TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN keys INTEGER NOT NULL DEFAULT TRUE;
ALTER TABLE users ADD COLUMN zone TEXT NOT NULL DEFAULT '';
