// One of twenty destinations hangs until the timeout on every call: the others are not late for it.
import { createIntervalJob, percentile, startReceiver, verdict, wait, withRig } from '../rig.ts'

const DESTINATIONS = 20
const TIMEOUT_SECONDS = 3

export async function neighbours(args: string[]): Promise<void> {
  const [seconds = 18, rate = 5, pairs = 3] = args.map(Number)
  const ratios: number[] = []
  for (let pair = 1; pair <= pairs; pair += 1) {
    // By turns which is first, so that whatever else the machine does meets both alike.
    const order = pair % 2 ? [false, true] : [true, false]
    const p99 = new Map<boolean, number>()
    for (const hangs of order) p99.set(hangs, await run({ seconds, rate, hangs }))
    const ratio = (p99.get(true) ?? Number.NaN) / (p99.get(false) ?? Number.NaN)
    ratios.push(ratio)
    console.log(`pair ${pair}: the others with one that hangs over all healthy, p99: ${ratio.toFixed(2)}`)
  }
  const result = verdict()
  const median = percentile(ratios, 50)
  result.check('median ratio at most 1.5', median <= 1.5, median.toFixed(2))
  result.end()
}

/** How late the destinations but the first are, p99 in ms. */
async function run({ seconds, rate, hangs }: { seconds: number; rate: number; hangs: boolean }): Promise<number> {
  let p99 = Number.NaN
  await withRig(async ({ pool, startWorkers }) => {
    const receiver = await startReceiver(0, DESTINATIONS)
    await startWorkers(2)
    const start = Date.now() + 3_000
    const end = new Date(start + seconds * 1_000)
    for (const [n, origin] of receiver.origins.entries()) {
      const callbackUrl = `${origin}/${hangs && n === 0 ? '?delay=60000' : ''}`
      for (let k = 0; k < rate; k += 1) {
        const offset = Math.floor((1_000 * (k * DESTINATIONS + n)) / (rate * DESTINATIONS))
        const delivery = { timeoutSeconds: TIMEOUT_SECONDS, retry: { limit: 0 } }
        await createIntervalJob(pool, { seconds: 1, start: new Date(start + offset), end, callbackUrl, delivery })
      }
    }
    await wait(end.getTime() - Date.now() + 2_000)
    const port = (n: number) => Number(new URL(receiver.origins[n] ?? '').port)
    const arrivals = await receiver.arrivals()
    const late = arrivals.filter((it) => it.port !== port(0)).map((it) => it.at - it.scheduledFor)
    const first = arrivals.length - late.length
    p99 = percentile(late, 99)
    const due = seconds * rate * (DESTINATIONS - 1)
    console.log(
      `${hangs ? 'one hangs  ' : 'all healthy'}: ${late.length} of ${due} to the others, ${first} to the first; late p50 ` +
        `${percentile(late, 50).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, most ${Math.max(...late).toFixed(0)} ms`,
    )
    if (late.length < due) throw new Error(`${due - late.length} callbacks never arrived.`)
    await receiver.close()
  })
  return p99
}
