-- What is amiss with an exclusion in force, as the last look at it found, and when that was.
ALTER TABLE exclusions ADD COLUMN watched_ms BIGINT;
ALTER TABLE exclusions ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
-- Whether who approved the exclusion looked at this case, which has a warning.
ALTER TABLE exclusion_hits ADD COLUMN looked BOOLEAN NOT NULL DEFAULT FALSE;
