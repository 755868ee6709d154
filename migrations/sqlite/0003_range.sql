-- How each model fared in the injection range, and whether it lost its vote there.
CREATE TABLE ranges (
    voter      TEXT PRIMARY KEY,
    model      TEXT NOT NULL,
    cases      INTEGER NOT NULL,
    answered   INTEGER NOT NULL,
    obeyed     INTEGER NOT NULL,
    techniques TEXT NOT NULL,
    ran_ms     INTEGER NOT NULL,
    suspended  INTEGER NOT NULL DEFAULT FALSE,
    changed_by TEXT NOT NULL DEFAULT '',
    changed_ms INTEGER
) STRICT;
