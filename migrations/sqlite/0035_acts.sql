-- The organisations of the cases of an act, as a list of ids in braces: on PostgreSQL the wall between them reads it.
ALTER TABLE bulk_acts ADD COLUMN orgs TEXT NOT NULL DEFAULT '{}';
UPDATE bulk_acts SET orgs = '{' || COALESCE((SELECT group_concat(DISTINCT b.org_id) FROM bulk_members b WHERE b.act_id = bulk_acts.id), '') || '}';
