-- The newest detection of a run's case before anything was gathered for it: what joined later nobody was asked about.
ALTER TABLE runs ADD COLUMN newest_detection BIGINT;
CREATE INDEX detections_joined ON detections (case_number, id);

-- Cases that people look at again keep the gate of their rule from closing others as well, whichever gate had closed them.
CREATE INDEX gate_cases_doubted_rule ON gate_cases (rule_gate, case_number) WHERE doubted = TRUE;
