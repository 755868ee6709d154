-- Receipts with a signature of their own are counted with each part of the ledger that is removed.
CREATE INDEX receipts_signed ON receipts (run_id) WHERE length(signature) > 0;
