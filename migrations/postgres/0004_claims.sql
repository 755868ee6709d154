-- What a voter states about the event and how that stands to it, and how many values were kept from a cloud voter.
ALTER TABLE votes ADD COLUMN claims TEXT NOT NULL DEFAULT '[]';
ALTER TABLE votes ADD COLUMN replaced BIGINT NOT NULL DEFAULT 0;
