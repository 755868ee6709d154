-- The wall between organisations. A transaction says whose rows it is about in fusionsoc.orgs: 'all', or ids as an
-- array. Who says nothing sees nothing and changes nothing. The owner of the tables stands before the wall as well.
CREATE FUNCTION wall_is_open() RETURNS BOOLEAN LANGUAGE SQL STABLE PARALLEL SAFE
    AS $$ SELECT COALESCE(current_setting('fusionsoc.orgs', TRUE), '') = 'all' $$;
CREATE FUNCTION wall_orgs() RETURNS BIGINT[] LANGUAGE SQL STABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN current_setting('fusionsoc.orgs', TRUE) LIKE '{%' THEN CAST(current_setting('fusionsoc.orgs', TRUE) AS BIGINT[]) ELSE CAST('{}' AS BIGINT[]) END $$;
CREATE FUNCTION wall_is_said() RETURNS BOOLEAN LANGUAGE SQL STABLE PARALLEL SAFE
    AS $$ SELECT COALESCE(current_setting('fusionsoc.orgs', TRUE), '') <> '' $$;

-- Puts a table behind the wall; `own` says which rows are those of the transaction's organisations.
CREATE FUNCTION wall(tab TEXT, own TEXT) RETURNS VOID LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
    -- Sub-selects, so that both are asked once for a statement and not once for a row.
    EXECUTE format('CREATE POLICY wall ON %I USING ((SELECT wall_is_open()) OR %s)', tab,
        replace(own, '@', 'ANY (CAST((SELECT wall_orgs()) AS BIGINT[]))'));
END $$;

SELECT wall(tab, 'org_id = @') FROM UNNEST(ARRAY['bulk_members', 'calibration', 'case_fingerprints', 'case_tags',
    'cases', 'confusion', 'daily', 'detections', 'evidence', 'exclusions', 'handovers', 'intake', 'learnt', 'measured',
    'memberships', 'observables', 'org_policies', 'precedents', 'pull_gaps', 'pulls', 'rules', 'sensors', 'sources',
    'spending', 'tags', 'timeline', 'tokens', 'trial_cases']) AS tab;
-- What belongs to no organisation belongs to the installation.
SELECT wall(tab, 'org_id = @ OR org_id IS NULL AND (SELECT wall_is_said())') FROM UNNEST(ARRAY['ledger', 'notifications', 'rejects', 'secrets',
    'templates']) AS tab;
SELECT wall('orgs', 'id = @');
-- What belongs to a case is there for whom the case is: its policy holds within these.
SELECT wall(tab, format('EXISTS (SELECT 1 FROM cases c WHERE c.number = %I.case_number)', tab)) FROM UNNEST(ARRAY[
    'actions', 'case_atoms', 'case_observables', 'case_techniques', 'case_templates', 'drafts', 'exclusion_conflicts',
    'exclusion_hits', 'intel', 'looks', 'merged_atoms', 'merged_observables', 'merged_techniques', 'merges', 'notes',
    'reminders', 'runs', 'tasks']) AS tab;
SELECT wall(tab, format('(EXISTS (SELECT 1 FROM cases c WHERE c.number = %1$I.left_case)
    AND EXISTS (SELECT 1 FROM cases c WHERE c.number = %1$I.right_case))', tab)) FROM UNNEST(ARRAY['case_links', 'kept_apart']) AS tab;
SELECT wall('votes', 'EXISTS (SELECT 1 FROM runs r WHERE r.id = votes.run_id)');
SELECT wall('receipts', 'EXISTS (SELECT 1 FROM runs r WHERE r.id = receipts.run_id)');
SELECT wall('note_versions', 'EXISTS (SELECT 1 FROM notes n WHERE n.id = note_versions.note_id)');
SELECT wall('action_attempts', 'EXISTS (SELECT 1 FROM actions a WHERE a.id = action_attempts.action_id)');
SELECT wall('trial_votes', 'EXISTS (SELECT 1 FROM trial_cases t WHERE t.trial_id = trial_votes.trial_id AND t.position = trial_votes.position)');
SELECT wall('activity', 'CASE activity.kind WHEN ''rule'' THEN EXISTS (SELECT 1 FROM rules r WHERE r.id = activity.ref_id)
    WHEN ''sensor'' THEN EXISTS (SELECT 1 FROM sensors s WHERE s.id = activity.ref_id)
    ELSE EXISTS (SELECT 1 FROM observables o WHERE o.id = activity.ref_id) END');

-- A commit that queued a job or changed a case tells all processes, once, and nothing of what it was.
CREATE FUNCTION tell_processes() RETURNS TRIGGER LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify('fusionsoc_' || TG_TABLE_SCHEMA, ''); RETURN NULL; END $$;
CREATE TRIGGER jobs_told AFTER INSERT ON jobs FOR EACH STATEMENT EXECUTE FUNCTION tell_processes();
CREATE TRIGGER timeline_told AFTER INSERT ON timeline FOR EACH STATEMENT EXECUTE FUNCTION tell_processes();
