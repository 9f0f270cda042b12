-- Hot tables: vacuum by a fifth of the usual share of dead rows, and leave room on the page for the next version of a row.
-- The due index sees every job's clock move; what it leaves behind at its low end is what the next dispatch walks over.
ALTER TABLE "jobs" SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "executions" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "attempts" SET (autovacuum_vacuum_insert_scale_factor = 0.1);
