import { until, wait } from '../../bench/until.ts'
import { checkRecoveries, recover } from '../faults/recovery.ts'
import { takeSlots } from '../faults/take-slots.ts'
import { checkAnswers, countInFlight, underLoad } from '../faults/under-load.ts'
import type { Rig, Scenario } from '../scenario.ts'

/** Few enough to be taken within a second, and enough for four workers, an API and this process. */
const CONNECTIONS = 80
const SECONDS = 20

export const slotsExhausted: Scenario = {
  name: 'slots-exhausted',
  what: `Others take every connection that PostgreSQL has, those of superusers too, for ${SECONDS} s.`,
  settings: { max_connections: String(CONNECTIONS) },

  async run(rig) {
    const clients = await underLoad(rig)
    const before = clients.answers()['503'] ?? 0
    // Longer than a claim lasts: what was in flight may be given to others.
    const fault = { kind: 'connection slots taken', pids: null, mayRepeat: true, inFlight: await countInFlight(rig) }
    await rig.fault(fault, () => exhaust(rig))
    const recovery = await recover(rig)
    await rig.quiet()
    rig.check('the API said so meanwhile', (clients.answers()['503'] ?? 0) > before)
    checkRecoveries(rig, [recovery])
    checkAnswers(rig, clients)
    await rig.judge()
  },
}

async function exhaust(rig: Rig): Promise<void> {
  const slots = await takeSlots(rig.url)
  try {
    // A few of them are always on their way from one hand to the other.
    await until(async () => slots.taken >= CONNECTIONS - 10, 20_000, 'the slots to be taken')
    await wait(rig.short ? 4_000 : SECONDS * 1_000)
  } finally {
    rig.note('connections that others had', slots.taken)
    await slots.release()
  }
}
