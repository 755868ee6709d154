-- Who asked for an action as a person, so that nobody approves their own wish; none for programs and for older ones.
ALTER TABLE actions ADD COLUMN asked_by_id INTEGER REFERENCES users (id);

-- Whether what a line of the ledger tells was done: ok, denied or failed.
ALTER TABLE ledger ADD COLUMN result TEXT NOT NULL DEFAULT 'ok';

-- One index for each filter of the audit log, each in the order in which it is read.
CREATE INDEX ledger_actor ON ledger (actor, at_ms DESC, id DESC);
CREATE INDEX ledger_action ON ledger (action, at_ms DESC, id DESC);
CREATE INDEX ledger_object ON ledger (object, at_ms DESC, id DESC);
CREATE INDEX ledger_org ON ledger (org_id, at_ms DESC, id DESC);
CREATE INDEX ledger_result ON ledger (result, at_ms DESC, id DESC) WHERE result <> 'ok';
