-- A second factor at sign-in: the sealed secret of a code generator, in use once a code of it was given back, and the
-- newest step that was used, so that no code serves twice.
CREATE TABLE second_factors (
    user_id      INTEGER NOT NULL PRIMARY KEY REFERENCES users (id),
    secret       BLOB NOT NULL,
    confirmed_ms INTEGER,
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What stands in for a lost code generator, each once; SHA-256 of the code.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id),
    hash    BLOB NOT NULL,
    used_ms INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- Sign-ins whose password was right and whose code is missing still: they open nothing.
CREATE TABLE half_sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    expires_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX half_sessions_expiry ON half_sessions (expires_ms);
CREATE INDEX half_sessions_user ON half_sessions (user_id);
