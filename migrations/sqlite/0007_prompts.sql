-- The text of each prompt version that was ever used. One version has two texts where somebody changed it without a new name.
CREATE TABLE prompts (
    version       TEXT NOT NULL,
    digest        TEXT NOT NULL,
    system        TEXT NOT NULL,
    user_template TEXT NOT NULL,
    schema        TEXT NOT NULL,
    first_ms      INTEGER NOT NULL,
    votes         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (version, digest)
) STRICT;
