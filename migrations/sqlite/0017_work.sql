-- Work on a case: notes with every earlier text, tasks and their templates, snooze with a reminder, tags.
ALTER TABLE notes ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE notes ADD COLUMN edited_by TEXT NOT NULL DEFAULT '';
ALTER TABLE notes ADD COLUMN edited_ms INTEGER;
ALTER TABLE notes ADD COLUMN removed_by TEXT NOT NULL DEFAULT '';
ALTER TABLE notes ADD COLUMN removed_ms INTEGER;
-- The texts that a note had before, each with who wrote it and when.
CREATE TABLE note_versions (
    note_id INTEGER NOT NULL REFERENCES notes (id),
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL,
    author  TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (note_id, version)
) STRICT, WITHOUT ROWID;

-- A partial index can't know the time, so a job clears "snoozed" when the time has come.
ALTER TABLE cases ADD COLUMN snoozed INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE cases ADD COLUMN snoozed_until_ms INTEGER;
ALTER TABLE cases ADD COLUMN snoozed_by TEXT NOT NULL DEFAULT '';
-- Why the last snooze ended: 'time', 'detection', 'vote' or 'hand'; empty while it lasts or where there was none.
ALTER TABLE cases ADD COLUMN woken TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN assigned_ms INTEGER;
-- The same words as in case_tags, for rows that are read with their case.
ALTER TABLE cases ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
DROP INDEX cases_split;
DROP INDEX cases_needs_decision;
DROP INDEX cases_likely_tp;
DROP INDEX cases_cluster;
-- "<>" and not "=", as for "open": an equality would lead SQLite to another index.
CREATE INDEX cases_split ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE snoozed <> TRUE AND (dissent = TRUE OR (open = TRUE AND verdict = 'pending' AND outcome IN ('split', 'degraded', 'no_quorum')));
CREATE INDEX cases_needs_decision ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> FALSE AND verdict = 'pending' AND triage_state NOT IN ('queued', 'running') AND snoozed <> TRUE;
CREATE INDEX cases_likely_tp ON cases (queue_rank DESC, opened_ms, number, org_id)
    WHERE open <> FALSE AND verdict = 'pending' AND machine_verdict = 'true_positive' AND snoozed <> TRUE;
CREATE INDEX cases_snoozed ON cases (queue_rank DESC, opened_ms, number, org_id) WHERE snoozed <> FALSE;
CREATE INDEX cases_cluster ON cases (org_id, fingerprint, queue_rank DESC, opened_ms, number, triage_state, outcome, machine_verdict, dissent, flags, sensor_id, snoozed)
    WHERE open = TRUE AND verdict = 'pending';

-- What a person is to be told on their pages: 'woken' (a case that they snoozed is back), 'taken' (somebody took theirs).
CREATE TABLE reminders (
    user_id     INTEGER NOT NULL REFERENCES users (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    kind        TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (user_id, case_number, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE case_tags (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    org_id      INTEGER NOT NULL REFERENCES orgs (id),
    tag         TEXT NOT NULL,
    PRIMARY KEY (case_number, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_tags_tag ON case_tags (tag, org_id, case_number);
-- How many cases of an organisation carry a tag, to suggest those in use.
CREATE TABLE tags (
    org_id INTEGER NOT NULL REFERENCES orgs (id),
    tag    TEXT NOT NULL,
    cases  INTEGER NOT NULL,
    PRIMARY KEY (org_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_used ON tags (org_id, cases DESC, tag);

-- Lists of tasks; org_id is NULL for those that a new organisation begins with.
CREATE TABLE templates (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER REFERENCES orgs (id),
    name       TEXT NOT NULL,
    fits       TEXT NOT NULL,
    value      TEXT NOT NULL,
    lines      TEXT NOT NULL,
    auto       TEXT NOT NULL DEFAULT '',
    version    INTEGER NOT NULL DEFAULT 1,
    removed_ms INTEGER
) STRICT;
CREATE INDEX templates_org ON templates (org_id, id);
CREATE TABLE case_templates (
    case_number INTEGER NOT NULL REFERENCES cases (number),
    template_id INTEGER NOT NULL REFERENCES templates (id),
    PRIMARY KEY (case_number, template_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tasks (
    id          INTEGER PRIMARY KEY,
    case_number INTEGER NOT NULL REFERENCES cases (number),
    origin_case INTEGER REFERENCES cases (number),
    text        TEXT NOT NULL,
    position    INTEGER NOT NULL,
    origin      TEXT NOT NULL DEFAULT '',
    assignee    TEXT NOT NULL DEFAULT '',
    created_by  TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    done_by     TEXT NOT NULL DEFAULT '',
    done_ms     INTEGER
) STRICT;
CREATE INDEX tasks_case ON tasks (case_number, position, id);

INSERT INTO templates (org_id, name, fits, value, lines) VALUES
    (NULL, 'Command or script', 'technique', 'T1059', '["Read the whole command, encoded parts decoded","Find what started the interpreter, and who was signed in","Look for files and connections that the script made","Look for the same command on other hosts","Keep the script and its hash with the case"]'),
    (NULL, 'Credential access', 'technique', 'T1003', '["Say which credentials were within reach, and whose","Look for sign-ins with those accounts since the event","Isolate the host, or write down why not","Have passwords and tickets of those accounts reset","Look for the same tool on other hosts"]'),
    (NULL, 'Phishing', 'technique', 'T1566', '["Find everybody who got the message","Find who opened it or signed in on its page","Have the message taken out of all mailboxes","Block sender, domain and address","Reset the credentials of those who entered them","Tell the people concerned"]'),
    (NULL, 'Lateral movement', 'technique', 'T1021', '["Find where the session came from","Check with the account''s owner whether it was theirs","List the hosts that this account reached since then","Look at what was started on the target","Lock the account or isolate the source, or write down why not"]'),
    (NULL, 'True positive', 'true_positive', '', '["Contain: isolate the host or lock the account, or write down why not","Name the hosts and accounts concerned","Keep the evidence that will not last","Tell the owner of the system","Find how it got in, and close that way","Write what is to be done, and by whom"]');
INSERT INTO templates (org_id, name, fits, value, lines) SELECT o.id, t.name, t.fits, t.value, t.lines FROM orgs o CROSS JOIN templates t WHERE t.org_id IS NULL ORDER BY o.id, t.id;
