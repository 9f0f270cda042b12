CREATE INDEX "executions_late" ON "executions" USING btree ("finished_at") WHERE finished_at - scheduled_for > interval '1 day';--> statement-breakpoint
-- Attached below, where a constraint that is not validated yet would not do.
ALTER TABLE "executions" VALIDATE CONSTRAINT "executions_dead_is_failed";--> statement-breakpoint
ALTER TABLE "executions" VALIDATE CONSTRAINT "executions_awaited_is_running";--> statement-breakpoint
-- The ledger is partitioned by time. What is there becomes the first partition, as it lies: its indexes serve as they are, and no
-- row is copied. The partitions after it are made by db/src/queries/make-partitions.ts, which gives them these settings too:
-- none is inherited. (Index by index, so that whatever was added to the tables before comes along.)
DO $$
DECLARE
	ledger text;
	index record;
	definition text;
	definitions text[];
	filled boolean;
	bound timestamptz;
	owner text;
	granted record;
BEGIN
	SELECT EXISTS (SELECT FROM "executions") OR EXISTS (SELECT FROM "attempts") INTO filled;
	-- Midnight UTC after all that is there.
	IF filled THEN
		SELECT (date_trunc('day', greatest(now(), (SELECT max("scheduled_for") FROM "executions"), (SELECT max("scheduled_for") FROM "attempts"))
			AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' INTO bound;
	END IF;
	FOREACH ledger IN ARRAY ARRAY['executions', 'attempts'] LOOP
		definitions := '{}';
		FOR index IN
			SELECT c.relname AS name, pg_get_indexdef(c.oid) AS indexed, k.conname AS constrained, pg_get_constraintdef(k.oid) AS constraint_definition
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.conrelid = i.indrelid
			WHERE i.indrelid = ledger::regclass
		LOOP
			definitions := definitions || CASE WHEN index.constrained IS NULL THEN index.indexed
				ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', ledger, index.constrained, index.constraint_definition) END;
			EXECUTE format('ALTER INDEX %I RENAME TO %I', index.name, regexp_replace(index.name, '^' || ledger, ledger || '_first'));
		END LOOP;
		EXECUTE format('ALTER TABLE %I RENAME TO %I', ledger, ledger || '_first');
		EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE ("scheduled_for")',
			ledger, ledger || '_first');
		FOREACH definition IN ARRAY definitions LOOP
			EXECUTE definition;
		END LOOP;
		-- LIKE copies neither. Whoever migrates may be another than whose the tables are.
		SELECT pg_get_userbyid(c.relowner) INTO owner FROM pg_class c WHERE c.oid = (ledger || '_first')::regclass AND pg_get_userbyid(c.relowner) <> current_user;
		IF owner IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %I OWNER TO %I', ledger, owner);
		END IF;
		FOR granted IN
			SELECT a.grantee, a.privilege_type, a.is_grantable
			FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = (ledger || '_first')::regclass AND a.grantee <> c.relowner
		LOOP
			EXECUTE format('GRANT %s ON %I TO %s%s', granted.privilege_type, ledger,
				CASE granted.grantee WHEN 0 THEN 'PUBLIC' ELSE granted.grantee::regrole::text END,
				CASE WHEN granted.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
		END LOOP;
		IF filled THEN
			EXECUTE format('ALTER TABLE %I RESET (autovacuum_vacuum_cost_delay)', ledger || '_first');
			EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', ledger, ledger || '_first', bound);
		ELSE
			EXECUTE format('DROP TABLE %I', ledger || '_first');
		END IF;
		EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', ledger || '_default', ledger);
		IF owner IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %I OWNER TO %I', ledger || '_default', owner);
		END IF;
	END LOOP;
END $$;--> statement-breakpoint
ALTER TABLE "executions_default" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_insert_scale_factor = 0.1);--> statement-breakpoint
ALTER TABLE "attempts_default" SET (autovacuum_vacuum_insert_scale_factor = 0.1);--> statement-breakpoint
-- Tables that are filled and emptied again all the time: vacuumed by the number of dead rows, since what is left is next to nothing.
-- The look-ahead and the grants walk over whatever dead entries lie at the low end of their indexes.
ALTER TABLE "events" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "flow_slots" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);--> statement-breakpoint
ALTER TABLE "notifications" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.04, autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
