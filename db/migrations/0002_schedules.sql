ALTER TYPE "public"."execution_reason" ADD VALUE 'overlap_queued' BEFORE 'deleted';--> statement-breakpoint
ALTER TYPE "public"."execution_reason" ADD VALUE 'superseded' BEFORE 'deleted';--> statement-breakpoint
CREATE TABLE "blackouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"tag" text NOT NULL,
	"from_at" timestamp (3) with time zone NOT NULL,
	"to_at" timestamp (3) with time zone NOT NULL,
	"reason" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "blackouts_from_before_to" CHECK ("blackouts"."from_at" < "blackouts"."to_at")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"key" text PRIMARY KEY NOT NULL,
	"fingerprint" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"status" smallint NOT NULL,
	"headers" jsonb NOT NULL,
	"body" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "job_versions" (
	"job_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone NOT NULL,
	"status" "job_status" NOT NULL,
	"status_reason" text,
	"callback_url" text NOT NULL,
	"timezone" text NOT NULL,
	"schedule" jsonb NOT NULL,
	"policies" jsonb NOT NULL,
	"tags" text[] NOT NULL,
	CONSTRAINT "job_versions_pkey" PRIMARY KEY("job_id","version")
);
--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "cancel_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "executions" ADD COLUMN "behind" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "runs" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "paused_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "resume_missed" text;--> statement-breakpoint
CREATE INDEX "blackouts_by_tag" ON "blackouts" USING btree ("tag","to_at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_created" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "job_versions_valid_to" ON "job_versions" USING btree ("valid_to");--> statement-breakpoint
CREATE INDEX "executions_behind" ON "executions" USING btree ("job_id","scheduled_for") WHERE "executions"."behind";--> statement-breakpoint
CREATE INDEX "jobs_paused_until" ON "jobs" USING btree ("paused_until") WHERE "jobs"."paused_until" is not null;