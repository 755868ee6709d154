-- How far each organisation's detections were pulled from LimaCharlie. Up to done_s everything is read; to_s and
-- next_page are of the window under way, and to_s is 0 where there is none. Seconds and milliseconds since 1970, UTC.
CREATE TABLE pulls (
    org_id           INTEGER PRIMARY KEY REFERENCES orgs (id),
    done_s           INTEGER NOT NULL,
    to_s             INTEGER NOT NULL DEFAULT 0,
    next_page        TEXT NOT NULL DEFAULT '',
    tried_ms         INTEGER NOT NULL,
    read_ms          INTEGER,
    failures         INTEGER NOT NULL DEFAULT 0,
    failing_since_ms INTEGER,
    error            TEXT NOT NULL DEFAULT ''
) STRICT;

-- Stretches that could not be read, both ends included, until they are.
CREATE TABLE pull_gaps (
    id       INTEGER PRIMARY KEY,
    org_id   INTEGER NOT NULL REFERENCES orgs (id),
    from_s   INTEGER NOT NULL,
    to_s     INTEGER NOT NULL,
    tried_ms INTEGER NOT NULL,
    error    TEXT NOT NULL
) STRICT;
CREATE INDEX pull_gaps_org ON pull_gaps (org_id, from_s);
