import type { AnyRoute } from '../route.ts'
import { createIntervalJob } from './create-interval-job.ts'
import { createJob } from './create-job.ts'
import { deleteJob } from './delete-job.ts'
import { getExecution } from './get-execution.ts'
import { getJob } from './get-job.ts'
import { health, live, ready } from './health.ts'
import { listCircuits } from './list-circuits.ts'
import { listExecutions } from './list-executions.ts'
import { listJobExecutions } from './list-job-executions.ts'
import { listJobs } from './list-jobs.ts'
import { patchJob } from './patch-job.ts'
import { pauseJob } from './pause-job.ts'
import { resumeJob } from './resume-job.ts'
import { runJob } from './run-job.ts'
import { testCallback } from './test-callback.ts'
import { updateIntervalJob } from './update-interval-job.ts'
import { updateJob } from './update-job.ts'

/**
 * Everything the API serves, in the order in which it is documented and matched: `/jobs/interval` before `/jobs/{id}`,
 * or it would be taken for a job.
 */
export const routes: AnyRoute[] = [
  createJob,
  createIntervalJob,
  listJobs,
  getJob,
  updateJob,
  updateIntervalJob,
  patchJob,
  deleteJob,
  pauseJob,
  resumeJob,
  runJob,
  listJobExecutions,
  listExecutions,
  getExecution,
  listCircuits,
  testCallback,
  health,
  live,
  ready,
]
