-- The newest detection of a run's case before anything was gathered for it: what joined later nobody was asked about.
ALTER TABLE runs ADD COLUMN newest_detection BIGINT;
CREATE INDEX detections_joined ON detections (case_number, id);

-- Cases that people look at again keep the gate of their rule from closing others as well, whichever gate had closed them.
CREATE INDEX gate_cases_doubted_rule ON gate_cases (rule_gate, case_number) WHERE doubted = TRUE;

-- Whether a program and no person declared the verdict that stands; and how many of a behaviour's verdicts are such.
ALTER TABLE cases ADD COLUMN by_program BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE precedents ADD COLUMN programs BIGINT NOT NULL DEFAULT 0;
UPDATE cases SET by_program = TRUE WHERE verdict IN ('false_positive', 'benign_true_positive', 'true_positive')
    AND NOT EXISTS (SELECT 1 FROM timeline t WHERE t.case_number = cases.number AND t.kind = 'verdict' AND t.actor_kind = 'person'
        AND t.actor = cases.decided_by);
UPDATE precedents SET programs = (SELECT COUNT(*) FROM case_fingerprints f JOIN cases c ON c.number = f.case_number
        WHERE f.org_id = precedents.org_id AND f.fingerprint = precedents.fingerprint AND c.by_program = TRUE)
    WHERE false_positive + benign_true_positive + true_positive > 0;
