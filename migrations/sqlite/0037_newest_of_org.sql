-- The newest cases of an organisation, on which a change of its policy is tried.
CREATE INDEX cases_org_newest ON cases (org_id, opened_ms DESC, number DESC);
