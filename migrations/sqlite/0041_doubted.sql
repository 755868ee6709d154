-- Whether it was people who opened a case again that the machine had closed. While it is open and not decided, the gate
-- that had let it be closed lets no other one be closed.
ALTER TABLE gate_cases ADD COLUMN doubted INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX gate_cases_doubted ON gate_cases (opened_by, case_number) WHERE doubted = TRUE;
