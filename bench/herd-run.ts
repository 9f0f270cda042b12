import type { Arena } from './arena.ts'
import type { Contender } from './contenders.ts'
import { measure, type Run, soon } from './measure.ts'
import { wait } from './until.ts'

/** How long workers that have started may settle in, ms. */
const SETTLE_MS = 1_500

/** So many callbacks due at one moment, by one contender that is started for it and stopped after it. */
export async function runHerd(arena: Arena, contender: Contender, count: number, dueAt = soon): Promise<Run> {
  const { pids, serverPid, insert, stop } = await contender.start(arena)
  try {
    await wait(SETTLE_MS)
    await arena.admin.query('checkpoint')
    const due = dueAt(count)
    return await measure(arena, {
      ...{ name: contender.name, count, due, pids, serverPid },
      insert: () => insert(count, due, `${arena.receiver.origin}/herd`),
    })
  } finally {
    await stop()
  }
}
