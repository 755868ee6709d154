-- Rules that the machine never closes, as an organisation adds them, and the vetoes under which a gate counts.
ALTER TABLE org_policies ADD COLUMN veto_rules TEXT;
ALTER TABLE gates ADD COLUMN vetoes TEXT NOT NULL DEFAULT '';
