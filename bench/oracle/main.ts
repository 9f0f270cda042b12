// `pnpm oracle`: compares the occurrences of every zone with those of an independent oracle. Exit code 1 when any differs.
// Arguments repeat a part: --zone Europe/Rome --years 2020-2030 --rule 'cron 30 2 * * *' --policy shift/first --workers 2
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { ZoneResult, ZoneRun } from '@scheduler/core/oracle/zone-run'
import { zoneRuns } from '@scheduler/core/oracle/zone-runs'

const { values } = parseArgs({
  options: {
    zone: { type: 'string' },
    years: { type: 'string' },
    rule: { type: 'string' },
    policy: { type: 'string' },
    workers: { type: 'string', default: `${Math.min(8, availableParallelism())}` },
  },
})

const since = performance.now()
const seconds = (): string => ((performance.now() - since) / 1000).toFixed(0)
const runs = chosen()
const cpuSeconds = (): string => ((process.cpuUsage().user + process.cpuUsage().system) / 1e6).toFixed(0)
console.log(`# oracle · Node ${process.versions.node} · tz data ${process.versions.tz} · ${runs.length} zone spans`)

const total = { changes: 0, rules: 0, cases: 0, occurrences: 0, differences: 0 }
const [moving, still] = [new Set<string>(), new Set<string>()]
let done = 0
const queue = [...runs]
await Promise.all(Array.from({ length: Math.min(Number(values.workers), runs.length) }, work))

console.log(
  [
    `zones: ${new Set(runs.map(({ zone }) => zone)).size}; spans of years: ${moving.size} with changes of clock (${total.changes}), ${still.size} without, which get fewer rules`,
    `rules: ${total.rules} (zone by zone); with the policies each is compared under: ${total.cases}`,
    `occurrences compared: ${total.occurrences}`,
    `differences: ${total.differences}`,
    `seconds: ${seconds()} with ${values.workers} workers (${cpuSeconds()} of CPU) · Node ${process.versions.node} · tz data ${process.versions.tz}`,
  ].join('\n'),
)
if (total.cases === 0) console.log('FAIL nothing was compared: no zone has such a rule or policy')
process.exitCode = total.differences > 0 || total.cases === 0 ? 1 : 0

function chosen(): ZoneRun[] {
  const { zone, rule, policy } = values
  const only = { ...(rule !== undefined && { rule }), ...(policy !== undefined && { policy }) }
  const [fromYear = 2020, toYear = 2030] = values.years?.split('-').map(Number) ?? []
  const all = zoneRuns(Intl.supportedValuesOf('timeZone'))
  const wanted =
    zone !== undefined && values.years !== undefined
      ? [{ zone, fromYear, toYear }]
      : all.filter((it) => zone === undefined || it.zone === zone)
  return wanted.map((it) => ({ ...it, ...only }))
}

/** One worker, which takes the next zone when it has done one. */
function work(): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url))
    let run: ZoneRun | undefined
    function next(): void {
      run = queue.shift()
      if (run) worker.postMessage(run)
      else worker.terminate().then(() => resolve(), reject)
    }
    worker.on('message', (result: ZoneResult) => {
      if (run) count(run, result)
      next()
    })
    worker.on('error', reject)
    next()
  })
}

function count({ zone, fromYear }: ZoneRun, result: ZoneResult): void {
  done += 1
  for (const name of ['changes', 'rules', 'cases', 'occurrences'] as const) total[name] += result[name]
  total.differences += result.differences.length
  const which = result.changes > 0 ? moving : still
  which.add(`${zone} ${fromYear}`)
  for (const difference of result.differences) console.log(`DIFF ${difference}`)
  if (done % 20 === 0 || done === runs.length) {
    console.log(
      `${done}/${runs.length} after ${seconds()} s: ${total.occurrences} occurrences, ${total.differences} differences`,
    )
  }
}
