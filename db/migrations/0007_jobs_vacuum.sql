-- Vacuum of the jobs takes its usual pauses, as that of the ledger: without them a pass takes a core at once, while callbacks are due.
ALTER TABLE "jobs" RESET (autovacuum_vacuum_cost_delay);
