-- Whether a program declared the verdict that stands. What programs declare measures no voter and no rule: one that repeats
-- what the vote said would make it look perfect.
ALTER TABLE cases ADD COLUMN by_program BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE cases SET by_program = TRUE WHERE verdict <> 'pending' AND EXISTS (SELECT 1 FROM timeline t WHERE t.case_number = cases.number
    AND t.at_ms = cases.decided_ms AND t.kind = 'verdict' AND t.actor_kind = 'token' AND t.undone_ms IS NULL);
-- A rule's reviewed cases, newest first, with all that its health tells of them.
CREATE INDEX cases_rule_reviewed ON cases (rule_id, opened_ms DESC, number, verdict, first_decided_ms, by_program)
    WHERE by_program = FALSE AND verdict NOT IN ('pending', 'undetermined');
-- What programs declared, to tell how much is left out.
CREATE INDEX cases_rule_programs ON cases (rule_id, opened_ms DESC, number, verdict, by_program)
    WHERE by_program = TRUE AND verdict NOT IN ('pending', 'undetermined');
CREATE INDEX cases_programs ON cases (org_id, decided_ms DESC, number DESC, verdict, by_program)
    WHERE by_program = TRUE AND verdict NOT IN ('pending', 'undetermined');
-- The figures of voters are counted again where programs were among them.
INSERT INTO jobs (kind, dedup_key, payload, priority, run_at_ms)
    SELECT 'measure', 'measure', '{}', -1, 0 WHERE EXISTS (SELECT 1 FROM cases WHERE by_program = TRUE) ON CONFLICT (dedup_key) DO NOTHING;

-- Of the declared cases of a behaviour those that programs declared: the statistical voter learns from people alone.
ALTER TABLE precedents ADD COLUMN program_benign BIGINT NOT NULL DEFAULT 0;
ALTER TABLE precedents ADD COLUMN program_true_positive BIGINT NOT NULL DEFAULT 0;
UPDATE precedents SET
    program_benign = (SELECT COUNT(*) FROM case_fingerprints f JOIN cases c ON c.number = f.case_number WHERE f.org_id = precedents.org_id
        AND f.fingerprint = precedents.fingerprint AND c.by_program = TRUE AND c.verdict IN ('false_positive', 'benign_true_positive')),
    program_true_positive = (SELECT COUNT(*) FROM case_fingerprints f JOIN cases c ON c.number = f.case_number WHERE f.org_id = precedents.org_id
        AND f.fingerprint = precedents.fingerprint AND c.by_program = TRUE AND c.verdict = 'true_positive')
    WHERE (org_id, fingerprint) IN (SELECT f.org_id, f.fingerprint FROM cases c JOIN case_fingerprints f ON f.case_number = c.number
        WHERE c.by_program = TRUE);
UPDATE learnt SET wanted = wanted + 1 WHERE org_id IN (SELECT c.org_id FROM cases c WHERE c.by_program = TRUE);
