/** SQL about limits of flows, for statements that have executions, or rows like them, under some name. */

/** Whether a row of `flow_limits` limits anything: a limit that was lifted stays until what it held back is on its way. */
const LIMITS = '(l.paused or l.rate_count is not null or l.concurrency is not null)'

/** That there are limits at all: asked once for a statement, and the rest of it only where there are. */
const ANY_LIMIT = '(select true from flow_limits order by kind, flow limit 1)'

/** True or null. Of an EXISTS the planner may read all limits there are, to look rows up among them. */
const limitOf = (kind: 'destination' | 'key', flow: string, also = ''): string =>
  `(select true from flow_limits l where l.kind = '${kind}' and l.flow = ${flow} and ${LIMITS} ${also} limit 1)`

/**
 * Why an execution needs a grant; null when it needs none. One with two limits counts as held back for its key, so that it
 * is found in one place.
 */
export const limitedBy = (row: string): string => `
  case when ${ANY_LIMIT} then
    case when ${limitOf('key', `${row}.flow_key`)} then 'key_limited'::execution_reason
      when ${limitOf('destination', `${row}.destination`)} then 'destination_limited'::execution_reason end
  end`

/** The flow is compared so that no index serves it: by the execution it is one slot, by the flow it may be thousands. */
const lacking = (row: string, kind: 'destination' | 'key'): string => `and (l.paused or not exists (
  select from flow_slots s
  where s.execution_id = ${row}.id and (s.kind = '${kind}' and s.flow = l.flow) is not false and s.until > now()))`

/**
 * The same for an execution that may have been granted its slots: null, too, when it has all of them. It goes by its job's
 * destination and flow key as they are now: an edit reaches whatever has not been sent.
 */
export const lacksGrant = (row: string): string => `
  case when ${ANY_LIMIT} then (
    select case when ${limitOf('key', 'f.flow_key', lacking('f', 'key'))}
        or ${limitOf('destination', 'f.destination', lacking('f', 'destination'))}
      then ${limitedBy('f')} end
    from (select ${row}.id, j.destination, j.flow_key from jobs j where j.id = ${row}.job_id) as f)
  end`

/** Whether an execution has a slot of any flow; asked once for a statement where nobody has. */
export const hasSlot = (row: string): string => `
  case when (select true from flow_slots order by execution_id, kind limit 1) then
    coalesce((select true from flow_slots s where s.execution_id = ${row}.id limit 1), false) else false end`
