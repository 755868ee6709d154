-- An action of this installation: what exactly, who asked and approved, when it may start, what was tried.
ALTER TABLE actions ADD COLUMN plan TEXT NOT NULL DEFAULT '';
ALTER TABLE actions ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE actions ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';
ALTER TABLE actions ADD COLUMN decided_ms INTEGER;
ALTER TABLE actions ADD COLUMN run_at_ms INTEGER;
ALTER TABLE actions ADD COLUMN sent_ms INTEGER;
ALTER TABLE actions ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN reverses INTEGER REFERENCES actions (id);
ALTER TABLE actions ADD COLUMN request_key TEXT;
CREATE UNIQUE INDEX actions_request ON actions (case_number, request_key);
CREATE INDEX actions_waiting ON actions (id) WHERE state = 'waiting' AND recorded = FALSE;

CREATE TABLE action_attempts (
    id        INTEGER PRIMARY KEY,
    action_id INTEGER NOT NULL REFERENCES actions (id),
    at_ms     INTEGER NOT NULL,
    text      TEXT NOT NULL
) STRICT;
CREATE INDEX action_attempts_action ON action_attempts (action_id, id);
