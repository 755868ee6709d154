-- The text of each prompt version that was ever used. One version has two texts where somebody changed it without a new name.
CREATE TABLE prompts (
    version       TEXT NOT NULL,
    digest        TEXT NOT NULL,
    system        TEXT NOT NULL,
    user_template TEXT NOT NULL,
    schema        TEXT NOT NULL,
    first_ms      BIGINT NOT NULL,
    votes         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (version, digest)
);

-- How often a model kept to its verdict where a harmless instruction was planted in the event.
CREATE TABLE controls (
    voter    TEXT NOT NULL,
    model    TEXT NOT NULL,
    asked    BIGINT NOT NULL,
    held     BIGINT NOT NULL,
    failed   BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (voter, model)
);
