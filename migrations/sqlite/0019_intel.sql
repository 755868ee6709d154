-- Answers of providers: about which value, what became of the question, and when it is asked again.
ALTER TABLE intel ADD COLUMN kind TEXT;
ALTER TABLE intel ADD COLUMN value TEXT NOT NULL DEFAULT '';
ALTER TABLE intel ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE intel ADD COLUMN state TEXT NOT NULL DEFAULT 'answered';
ALTER TABLE intel ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE intel ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intel ADD COLUMN due_ms INTEGER;
CREATE INDEX intel_due ON intel (due_ms, id) WHERE due_ms IS NOT NULL;

-- What a provider said about a value, for as long as it holds; known tells whether it knows the value.
CREATE TABLE intel_cache (
    provider   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    known      INTEGER NOT NULL,
    payload    TEXT NOT NULL,
    fetched_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (provider, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX intel_cache_expiry ON intel_cache (expires_ms);

-- How a provider fares, and its questions of a day of UTC, counted from 1970; nothing is sent before quiet_until_ms.
CREATE TABLE intel_providers (
    name           TEXT PRIMARY KEY,
    day            INTEGER NOT NULL DEFAULT 0,
    used           INTEGER NOT NULL DEFAULT 0,
    failures       INTEGER NOT NULL DEFAULT 0,
    quiet_until_ms INTEGER NOT NULL DEFAULT 0,
    ok_ms          INTEGER,
    error          TEXT NOT NULL DEFAULT '',
    error_ms       INTEGER
) STRICT, WITHOUT ROWID;

-- Questions of the last minute.
CREATE TABLE intel_calls (
    id       INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX intel_calls_provider ON intel_calls (provider, at_ms DESC, id DESC);
