-- What is told to the outside, one row for each channel; org_id is NULL where it is about the installation.
CREATE TABLE notifications (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER REFERENCES orgs (id),
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    channel    TEXT NOT NULL,
    facts      TEXT NOT NULL,
    state      TEXT NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    error      TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL,
    due_ms     INTEGER NOT NULL,
    sent_ms    INTEGER,
    UNIQUE (subject, kind, channel)
) STRICT;
CREATE INDEX notifications_due ON notifications (state, channel, due_ms, id);
CREATE INDEX notifications_newest ON notifications (created_ms DESC, id DESC);

-- How each channel fared the last time.
CREATE TABLE channels (
    name     TEXT PRIMARY KEY,
    sent_ms  INTEGER,
    error    TEXT NOT NULL DEFAULT '',
    error_ms INTEGER
) STRICT;

-- Cases that nobody has touched, to find those that wait too long.
CREATE INDEX cases_untouched ON cases (severity, opened_ms) WHERE status = 'new';
