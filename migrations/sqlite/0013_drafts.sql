-- What a person has typed on a case page and not sent yet: one row a form ('declaration' or 'note').
CREATE TABLE drafts (
    user_id     INTEGER NOT NULL REFERENCES users (id),
    case_number INTEGER NOT NULL REFERENCES cases (number),
    form        TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    saved_ms    INTEGER NOT NULL,
    PRIMARY KEY (user_id, case_number, form)
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_age ON drafts (saved_ms);

-- The last thing that a person can take back.
CREATE INDEX timeline_undoable ON timeline (actor, id) WHERE undo IS NOT NULL AND undone_ms IS NULL;
