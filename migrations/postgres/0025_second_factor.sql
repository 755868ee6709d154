-- A second factor at sign-in: the sealed secret of a code generator, in use once a code of it was given back, and the
-- newest step that was used, so that no code serves twice.
CREATE TABLE second_factors (
    user_id      BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),
    secret       BYTEA NOT NULL,
    confirmed_ms BIGINT,
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- What stands in for a lost code generator, each once; SHA-256 of the code.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id),
    hash    BYTEA NOT NULL,
    used_ms BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- Sign-ins whose password was right and whose code is missing still: they open nothing.
CREATE TABLE half_sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    expires_ms BIGINT NOT NULL
);
CREATE INDEX half_sessions_expiry ON half_sessions (expires_ms);
CREATE INDEX half_sessions_user ON half_sessions (user_id);
