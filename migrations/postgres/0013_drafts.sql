-- What a person has typed on a case page and not sent yet: one row a form ('declaration' or 'note').
CREATE TABLE drafts (
    user_id     BIGINT NOT NULL REFERENCES users (id),
    case_number BIGINT NOT NULL REFERENCES cases (number),
    form        TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    saved_ms    BIGINT NOT NULL,
    PRIMARY KEY (user_id, case_number, form)
);
CREATE INDEX drafts_age ON drafts (saved_ms);

-- The last thing that a person can take back.
CREATE INDEX timeline_undoable ON timeline (actor, id) WHERE undo IS NOT NULL AND undone_ms IS NULL;
