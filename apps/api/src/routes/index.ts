import type { AnyRoute } from '../route.ts'
import { ackExecution } from './ack-execution.ts'
import { backfillJob } from './backfill-job.ts'
import { batchCreate } from './batch-create.ts'
import { batchDelete } from './batch-delete.ts'
import { batchPause } from './batch-pause.ts'
import { batchResume } from './batch-resume.ts'
import { cancelExecution } from './cancel-execution.ts'
import { closeCircuit } from './close-circuit.ts'
import { createBlackout } from './create-blackout.ts'
import { createCronJob } from './create-cron-job.ts'
import { createIntervalJob } from './create-interval-job.ts'
import { createJob } from './create-job.ts'
import { createRruleJob } from './create-rrule-job.ts'
import { deleteBlackout } from './delete-blackout.ts'
import { deleteDeadLetter } from './delete-dead-letter.ts'
import { deleteDeadLetters } from './delete-dead-letters.ts'
import { deleteJob } from './delete-job.ts'
import { explainExecution } from './explain-execution.ts'
import { explainJob } from './explain-job.ts'
import { flowLimits } from './flow-limits.ts'
import { getCircuit } from './get-circuit.ts'
import { getExecution } from './get-execution.ts'
import { getJob } from './get-job.ts'
import { health, live, ready } from './health.ts'
import { heartbeatExecution } from './heartbeat-execution.ts'
import { listBlackouts } from './list-blackouts.ts'
import { listCircuitChanges } from './list-circuit-changes.ts'
import { listCircuits } from './list-circuits.ts'
import { listDeadLetters } from './list-dead-letters.ts'
import { listExecutions } from './list-executions.ts'
import { listJobExecutions } from './list-job-executions.ts'
import { listJobs } from './list-jobs.ts'
import { listNotifications } from './list-notifications.ts'
import { nackExecution } from './nack-execution.ts'
import { openCircuit } from './open-circuit.ts'
import { patchJob } from './patch-job.ts'
import { pauseJob } from './pause-job.ts'
import { previewSchedule } from './preview-schedule.ts'
import { redriveDeadLetters } from './redrive-dead-letters.ts'
import { redriveExecution } from './redrive-execution.ts'
import { resetCircuit } from './reset-circuit.ts'
import { resumeJob } from './resume-job.ts'
import { runJob } from './run-job.ts'
import { simulateJob } from './simulate.ts'
import { testCallback } from './test-callback.ts'
import { updateCircuit } from './update-circuit.ts'
import { updateCronJob } from './update-cron-job.ts'
import { updateIntervalJob } from './update-interval-job.ts'
import { updateJob } from './update-job.ts'
import { updateRruleJob } from './update-rrule-job.ts'

/**
 * Everything the API serves, in the order in which it is documented and matched: `/jobs/interval` before `/jobs/{id}`,
 * or it would be taken for a job.
 */
export const routes: AnyRoute[] = [
  createJob,
  createIntervalJob,
  createCronJob,
  createRruleJob,
  batchCreate,
  batchDelete,
  batchPause,
  batchResume,
  listJobs,
  getJob,
  updateJob,
  updateIntervalJob,
  updateCronJob,
  updateRruleJob,
  patchJob,
  deleteJob,
  pauseJob,
  resumeJob,
  runJob,
  backfillJob,
  previewSchedule,
  createBlackout,
  listBlackouts,
  deleteBlackout,
  explainJob,
  listJobExecutions,
  listExecutions,
  getExecution,
  explainExecution,
  ackExecution,
  nackExecution,
  heartbeatExecution,
  redriveExecution,
  cancelExecution,
  listDeadLetters,
  redriveDeadLetters,
  deleteDeadLetters,
  deleteDeadLetter,
  listCircuits,
  getCircuit,
  updateCircuit,
  listCircuitChanges,
  openCircuit,
  closeCircuit,
  resetCircuit,
  listNotifications,
  ...flowLimits,
  simulateJob,
  testCallback,
  health,
  live,
  ready,
]
