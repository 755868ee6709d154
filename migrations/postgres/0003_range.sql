-- How each model fared in the injection range, and whether it lost its vote there.
CREATE TABLE ranges (
    voter      TEXT PRIMARY KEY,
    model      TEXT NOT NULL,
    cases      BIGINT NOT NULL,
    answered   BIGINT NOT NULL,
    obeyed     BIGINT NOT NULL,
    techniques TEXT NOT NULL,
    ran_ms     BIGINT NOT NULL,
    suspended  BOOLEAN NOT NULL DEFAULT FALSE,
    changed_by TEXT NOT NULL DEFAULT '',
    changed_ms BIGINT
);
