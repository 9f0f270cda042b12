CREATE TYPE "public"."attempt_outcome" AS ENUM('succeeded', 'rejected', 'timed_out', 'unreachable', 'blocked', 'abandoned');--> statement-breakpoint
CREATE TYPE "public"."circuit_state" AS ENUM('closed', 'open', 'half_open');--> statement-breakpoint
CREATE TYPE "public"."execution_kind" AS ENUM('schedule', 'manual', 'backfill');--> statement-breakpoint
CREATE TYPE "public"."execution_reason" AS ENUM('missed_grace', 'coalesced', 'overlap_skipped', 'paused', 'blackout', 'dst_gap', 'circuit_open', 'destination_busy', 'deleted', 'rejected', 'timed_out', 'unreachable', 'blocked_destination', 'worker_crashed');--> statement-breakpoint
CREATE TYPE "public"."execution_state" AS ENUM('queued', 'running', 'waiting', 'parked', 'succeeded', 'failed', 'skipped', 'expired', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."job_status" AS ENUM('active', 'paused', 'completed', 'quarantined');--> statement-breakpoint
CREATE TYPE "public"."job_type" AS ENUM('once', 'interval', 'cron', 'rrule');--> statement-breakpoint
CREATE TABLE "attempts" (
	"execution_id" uuid NOT NULL,
	"scheduled_for" timestamp (3) with time zone NOT NULL,
	"attempt" integer NOT NULL,
	"outcome" "attempt_outcome" NOT NULL,
	"status" smallint,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone NOT NULL,
	"job_version" integer NOT NULL,
	"worker_id" uuid NOT NULL,
	"error" text,
	"response_head" text,
	CONSTRAINT "attempts_pkey" PRIMARY KEY("execution_id","scheduled_for","attempt")
);
--> statement-breakpoint
CREATE TABLE "circuits" (
	"destination" text NOT NULL,
	"worker_id" uuid NOT NULL,
	"state" "circuit_state" NOT NULL,
	"failures" integer NOT NULL,
	"opened_at" timestamp (3) with time zone,
	"retry_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "circuits_pkey" PRIMARY KEY("destination","worker_id")
);
--> statement-breakpoint
CREATE TABLE "executions" (
	"id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"job_version" integer NOT NULL,
	"kind" "execution_kind" NOT NULL,
	"state" "execution_state" NOT NULL,
	"reason" "execution_reason",
	"attempt" integer DEFAULT 0 NOT NULL,
	"scheduled_for" timestamp (3) with time zone NOT NULL,
	"scheduled_until" timestamp (3) with time zone,
	"count" integer DEFAULT 1 NOT NULL,
	"effective_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"next_attempt_at" timestamp (3) with time zone,
	"claimed_at" timestamp (3) with time zone,
	"claimed_by" uuid,
	"finished_at" timestamp (3) with time zone,
	"destination" text NOT NULL,
	"item_id" uuid,
	CONSTRAINT "executions_pkey" PRIMARY KEY("id","scheduled_for"),
	CONSTRAINT "executions_one_per_occurrence" UNIQUE("job_id","scheduled_for","kind"),
	CONSTRAINT "executions_finished_iff_final" CHECK (("executions"."finished_at" is not null) = ("executions"."state" in ('succeeded', 'failed', 'skipped', 'expired', 'cancelled'))),
	CONSTRAINT "executions_next_attempt_iff_held" CHECK (("executions"."next_attempt_at" is not null) = ("executions"."state" in ('waiting', 'parked'))),
	CONSTRAINT "executions_attempt_not_negative" CHECK ("executions"."attempt" >= 0),
	CONSTRAINT "executions_count_positive" CHECK ("executions"."count" >= 1),
	CONSTRAINT "executions_sent_has_attempt" CHECK ("executions"."state" not in ('running', 'succeeded') or "executions"."attempt" > 0)
);
--> statement-breakpoint
CREATE TABLE "jobs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" "job_type" NOT NULL,
	"status" "job_status" DEFAULT 'active' NOT NULL,
	"status_reason" text,
	"version" integer DEFAULT 1 NOT NULL,
	"next_run_at" timestamp (3) with time zone,
	"next_scheduled_for" timestamp (3) with time zone,
	"cursor_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"paused_at" timestamp (3) with time zone,
	"completed_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	"callback_url" text NOT NULL,
	"destination" text NOT NULL,
	"callback_host" text NOT NULL,
	"timezone" text NOT NULL,
	"schedule" jsonb NOT NULL,
	"policies" jsonb NOT NULL,
	"name" text,
	"external_id" text,
	"tags" text[] DEFAULT '{}'::text[] NOT NULL,
	"payload" text NOT NULL,
	CONSTRAINT "jobs_active_iff_due" CHECK (("jobs"."status" = 'active' and "jobs"."deleted_at" is null) = ("jobs"."next_run_at" is not null)),
	CONSTRAINT "jobs_next_times_together" CHECK (("jobs"."next_run_at" is null) = ("jobs"."next_scheduled_for" is null)),
	CONSTRAINT "jobs_completed_has_time" CHECK (("jobs"."status" = 'completed') = ("jobs"."completed_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "workers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"hostname" text NOT NULL,
	"pid" integer NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"heartbeat_at" timestamp (3) with time zone NOT NULL,
	"in_flight" integer DEFAULT 0 NOT NULL,
	"draining" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE INDEX "executions_next_attempt" ON "executions" USING btree ("next_attempt_at") WHERE "executions"."next_attempt_at" is not null and (reason is null or reason not in ('circuit_open', 'destination_busy'));--> statement-breakpoint
CREATE INDEX "executions_parked" ON "executions" USING btree ("reason","destination","scheduled_for","id") WHERE "executions"."next_attempt_at" is not null;--> statement-breakpoint
CREATE INDEX "executions_live" ON "executions" USING btree ("job_id","scheduled_for") WHERE "executions"."finished_at" is null;--> statement-breakpoint
CREATE INDEX "executions_by_time" ON "executions" USING btree ("scheduled_for","id");--> statement-breakpoint
CREATE INDEX "jobs_due" ON "jobs" USING btree ("next_run_at") WHERE "jobs"."next_run_at" is not null;--> statement-breakpoint
CREATE INDEX "jobs_by_callback_host" ON "jobs" USING btree ("callback_host","id") WHERE "jobs"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "jobs_by_external_id" ON "jobs" USING btree ("external_id","id") WHERE "jobs"."external_id" is not null;--> statement-breakpoint
CREATE INDEX "jobs_by_status" ON "jobs" USING btree ("status","id") WHERE "jobs"."status" <> 'active';--> statement-breakpoint
CREATE INDEX "jobs_by_tag" ON "jobs" USING gin ("tags") WHERE "jobs"."tags" <> '{}';--> statement-breakpoint
CREATE INDEX "jobs_deleted" ON "jobs" USING btree ("deleted_at") WHERE "jobs"."deleted_at" is not null;--> statement-breakpoint
CREATE INDEX "jobs_completed" ON "jobs" USING btree ("completed_at") WHERE "jobs"."completed_at" is not null;