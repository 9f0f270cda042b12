ALTER TYPE "public"."attempt_outcome" ADD VALUE 'accepted';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'destination_limited' BEFORE 'overlap_queued';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'key_limited' BEFORE 'overlap_queued';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'circuit_probe' BEFORE 'overlap_queued';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'awaiting_ack' BEFORE 'overlap_queued';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'secret_unavailable';--> statement-breakpoint
CREATE TABLE "circuit_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"destination" text NOT NULL,
	"state" "circuit_state" NOT NULL,
	"cause" text NOT NULL,
	"failures" integer NOT NULL,
	"parked" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "destinations" (
	"destination" text PRIMARY KEY NOT NULL,
	"state" "circuit_state" DEFAULT 'closed' NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"opened_at" timestamp (3) with time zone,
	"retry_at" timestamp (3) with time zone,
	"probe_id" uuid,
	"probe_until" timestamp (3) with time zone,
	"draining_since" timestamp (3) with time zone,
	"drained" integer DEFAULT 0 NOT NULL,
	"drain_order" text DEFAULT 'oldest' NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "destinations_opened_iff_not_closed" CHECK (("destinations"."opened_at" is null) = ("destinations"."state" = 'closed'))
);
--> statement-breakpoint
CREATE TABLE "flow_limits" (
	"kind" text NOT NULL,
	"flow" text NOT NULL,
	"rate_count" integer,
	"rate_per_seconds" double precision,
	"concurrency" integer,
	"paused" boolean DEFAULT false NOT NULL,
	"next_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "flow_limits_pkey" PRIMARY KEY("kind","flow"),
	CONSTRAINT "flow_limits_rate_whole" CHECK (("flow_limits"."rate_count" is null) = ("flow_limits"."rate_per_seconds" is null))
);
--> statement-breakpoint
CREATE TABLE "flow_slots" (
	"execution_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"flow" text NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "flow_slots_pkey" PRIMARY KEY("execution_id","kind")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"job_id" uuid,
	"execution_id" uuid,
	"destination" text,
	"at" timestamp (3) with time zone NOT NULL,
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"job_id" uuid,
	"to_instance" boolean DEFAULT false NOT NULL,
	"url" text NOT NULL,
	"destination" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"delivered_at" timestamp (3) with time zone,
	"failed_at" timestamp (3) with time zone,
	"status" integer,
	"error" text
);
--> statement-breakpoint
DROP INDEX "executions_parked";--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "dns_ms" integer;--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "connect_ms" integer;--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "tls_ms" integer;--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "first_byte_ms" integer;--> statement-breakpoint
ALTER TABLE "attempts" ADD COLUMN "total_ms" integer;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "first_attempt_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "dead_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "redriven_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "ack_deadline_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "flow_key" text;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "delivery" jsonb;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "flow_key" text;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "failed_in_row" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "circuit_changes_by_destination" ON "circuit_changes" USING btree ("destination","id");--> statement-breakpoint
CREATE INDEX "circuit_changes_by_time" ON "circuit_changes" USING btree ("at");--> statement-breakpoint
CREATE INDEX "flow_slots_by_flow" ON "flow_slots" USING btree ("kind","flow");--> statement-breakpoint
CREATE INDEX "notifications_due" ON "notifications" USING btree ("next_attempt_at") WHERE "notifications"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX "notifications_due_by_destination" ON "notifications" USING btree ("destination","next_attempt_at") WHERE "notifications"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX "notifications_by_job" ON "notifications" USING btree ("job_id","id") WHERE "notifications"."job_id" is not null;--> statement-breakpoint
CREATE INDEX "notifications_by_type" ON "notifications" USING btree ("type","id");--> statement-breakpoint
CREATE INDEX "notifications_failed" ON "notifications" USING btree ("id") WHERE "notifications"."failed_at" is not null;--> statement-breakpoint
CREATE INDEX "notifications_by_time" ON "notifications" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "executions_parked_by_job" ON "executions" USING btree ("reason","destination","job_id","scheduled_for","id") WHERE "executions"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX "executions_key_limited" ON "executions" USING btree ("flow_key","job_id","scheduled_for","id") WHERE "executions"."next_attempt_at" is not null and "executions"."flow_key" is not null;--> statement-breakpoint
CREATE INDEX "executions_dead" ON "executions" USING btree ("dead_at","id") WHERE "executions"."dead_at" is not null;--> statement-breakpoint
CREATE INDEX "executions_ack_deadline" ON "executions" USING btree ("ack_deadline_at") WHERE "executions"."ack_deadline_at" is not null;--> statement-breakpoint
CREATE INDEX "jobs_to_tell" ON "jobs" USING btree ("destination",md5(("delivery" -> 'notify') ->> 'url')) WHERE "jobs"."deleted_at" is null and ("jobs"."delivery" -> 'notify') is not null;--> statement-breakpoint
ALTER TABLE "executions" ADD CONSTRAINT "executions_dead_is_failed" CHECK ("executions"."dead_at" is null or "executions"."state" = 'failed') NOT VALID;--> statement-breakpoint
ALTER TABLE "executions" ADD CONSTRAINT "executions_awaited_is_running" CHECK ("executions"."ack_deadline_at" is null or "executions"."state" = 'running') NOT VALID;--> statement-breakpoint
UPDATE "executions" SET "dead_at" = "finished_at" WHERE "state" = 'failed';
