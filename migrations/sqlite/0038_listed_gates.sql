-- Gates by state: those that count by how much they have counted, and what each let the machine close.
CREATE INDEX gates_counting ON gates (org_id, state, n DESC, id);
CREATE INDEX gate_cases_opened ON gate_cases (opened_by, closed_ms) WHERE opened_by IS NOT NULL;
