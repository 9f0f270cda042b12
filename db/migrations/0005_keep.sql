CREATE TABLE "prune_marks" (
	"job_id" uuid PRIMARY KEY NOT NULL,
	"before" timestamp (3) with time zone NOT NULL,
	"resume_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "retention" jsonb;--> statement-breakpoint
CREATE INDEX "jobs_bounded" ON "jobs" USING btree ("updated_at","id") WHERE "jobs"."retention" is not null;