-- Who is asked for evidence where a gate judges cases, one a line; empty where that was not noted yet.
ALTER TABLE gates ADD COLUMN sources TEXT NOT NULL DEFAULT '';
-- Since when the same cases are let through: clean reviews of those that were found eligible before count no more.
ALTER TABLE gates ADD COLUMN since_ms INTEGER NOT NULL DEFAULT 0;
