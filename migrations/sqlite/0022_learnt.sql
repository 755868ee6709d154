-- The statistical voter's weights after what an organisation's analysts declared, as JSON. `wanted` counts changes of
-- declarations, `seen` how many of them the weights know; `base` names the weights that they began with.
CREATE TABLE learnt (
    org_id  INTEGER NOT NULL PRIMARY KEY REFERENCES orgs (id),
    wanted  INTEGER NOT NULL,
    seen    INTEGER NOT NULL DEFAULT 0,
    base    TEXT NOT NULL DEFAULT '',
    model   TEXT NOT NULL DEFAULT '',
    made_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX precedents_declared ON precedents (org_id, last_ms DESC)
    WHERE false_positive + benign_true_positive + true_positive > 0;

-- What was declared before is learnt in the background.
INSERT INTO learnt (org_id, wanted) SELECT DISTINCT org_id, 1 FROM precedents
    WHERE false_positive + benign_true_positive + true_positive > 0;
