-- The organisations of the cases of an act, as an array in text: an act stands behind the wall as its cases do. Whoever
-- sees one of its cases sees the act; a look through its cases would refuse each new one, which has none yet.
ALTER TABLE bulk_acts ADD COLUMN orgs TEXT NOT NULL DEFAULT '{}';
UPDATE bulk_acts SET orgs = '{' || COALESCE((SELECT string_agg(DISTINCT CAST(b.org_id AS TEXT), ',') FROM bulk_members b WHERE b.act_id = bulk_acts.id), '') || '}';
SELECT wall('bulk_acts', 'CAST(orgs AS BIGINT[]) && (SELECT wall_orgs())');
