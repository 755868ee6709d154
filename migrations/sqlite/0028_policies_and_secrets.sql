-- What an organisation sets otherwise than the settings file; NULL stands for what is set there.
CREATE TABLE org_policies (
    org_id        INTEGER NOT NULL PRIMARY KEY REFERENCES orgs (id),
    auto_close    TEXT,
    error_limit   REAL,
    review_share  REAL,
    veto_severity TEXT,
    veto_tags     TEXT,
    version       INTEGER NOT NULL
) STRICT;

-- Keys and passwords that were written in a browser: sealed for the row's name, with a key that is not in the database,
-- and the last characters of the long ones.
CREATE TABLE secrets (
    name    TEXT NOT NULL PRIMARY KEY,
    org_id  INTEGER REFERENCES orgs (id),
    sealed  BLOB NOT NULL,
    ends    TEXT NOT NULL,
    set_ms  INTEGER NOT NULL,
    set_by  TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
