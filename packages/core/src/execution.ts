import { z } from 'zod'

/**
 * Where an execution stands.
 *
 * `queued` (an item waits for a worker) → `running` (an attempt is in flight) → `succeeded` | `failed`; on the way
 * `waiting` (for its next attempt) and `parked` (its destination takes no more for now; no attempt is used). Without an
 * attempt: `skipped` (see its reason), `expired` (a one-time job past its grace), `cancelled` (deleted, paused, or by hand).
 */
export const executionStates = [
  'queued',
  'running',
  'waiting',
  'parked',
  'succeeded',
  'failed',
  'skipped',
  'expired',
  'cancelled',
] as const
export type ExecutionState = (typeof executionStates)[number]

/**
 * States that never change by themselves; exactly these have a `finished_at`. One way leads out of one of them: what has
 * failed for good can be redriven, by hand.
 */
export const finalStates = [
  'succeeded',
  'failed',
  'skipped',
  'expired',
  'cancelled',
] as const satisfies ExecutionState[]

/** What asked for the execution: the job's schedule, a person (`POST /jobs/{id}/run`), or a backfill. */
export const executionKinds = ['schedule', 'manual', 'backfill'] as const
export type ExecutionKind = (typeof executionKinds)[number]

/** Why an occurrence was not sent. */
export const skipReasons = ['missed_grace', 'coalesced', 'overlap_skipped', 'paused', 'blackout', 'dst_gap'] as const
export type SkipReason = (typeof skipReasons)[number]

/** Why an execution stands where it stands; null for the plain course of things. */
export const executionReasons = [
  ...skipReasons,
  'circuit_open',
  'destination_busy',
  'destination_limited',
  'key_limited',
  'circuit_probe',
  'awaiting_ack',
  'overlap_queued',
  'superseded',
  'cancelled_by_hand',
  'deleted',
  'rejected',
  'timed_out',
  'unreachable',
  'blocked_destination',
  'worker_crashed',
  'secret_unavailable',
] as const
export type ExecutionReason = (typeof executionReasons)[number]

/**
 * How one HTTP request ended: `succeeded` (2xx), `rejected` (another answer), `timed_out`, `unreachable` (no answer),
 * `blocked` (the address is not allowed; nothing was sent), `abandoned` (the worker was lost or stopped before it knew),
 * `accepted` (202, and the receiver has not said yet how its work ended).
 */
export const attemptOutcomes = [
  'succeeded',
  'rejected',
  'timed_out',
  'unreachable',
  'blocked',
  'abandoned',
  'accepted',
] as const
export type AttemptOutcome = (typeof attemptOutcomes)[number]

export const ExecutionState = z.enum(executionStates)
export const ExecutionKind = z.enum(executionKinds)
export const ExecutionReason = z.enum(executionReasons)
export const AttemptOutcome = z.enum(attemptOutcomes)
