-- What an organisation sets otherwise than the settings file; NULL stands for what is set there.
CREATE TABLE org_policies (
    org_id        BIGINT NOT NULL PRIMARY KEY REFERENCES orgs (id),
    auto_close    TEXT,
    error_limit   DOUBLE PRECISION,
    review_share  DOUBLE PRECISION,
    veto_severity TEXT,
    veto_tags     TEXT,
    version       BIGINT NOT NULL
);

-- Keys and passwords that were written in a browser: sealed for the row's name, with a key that is not in the database,
-- and the last characters of the long ones.
CREATE TABLE secrets (
    name    TEXT NOT NULL PRIMARY KEY,
    org_id  BIGINT REFERENCES orgs (id),
    sealed  BYTEA NOT NULL,
    ends    TEXT NOT NULL,
    set_ms  BIGINT NOT NULL,
    set_by  TEXT NOT NULL,
    version BIGINT NOT NULL
);
