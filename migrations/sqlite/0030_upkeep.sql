-- What is done again and again by one of all processes: when it last ran and how many rows it removed then.
CREATE TABLE upkeep (
    name    TEXT NOT NULL PRIMARY KEY,
    ran_ms  INTEGER NOT NULL,
    removed INTEGER NOT NULL
) STRICT;

-- How many jobs of a kind wait or were given up, and the oldest that is due.
CREATE INDEX jobs_kind ON jobs (kind, dead, run_at_ms);

-- Detections whose document is still there, the oldest first: it is removed after a time, and '' stands in its place.
CREATE INDEX detections_raw ON detections (received_ms, id) WHERE raw <> '';
