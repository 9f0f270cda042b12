// Loaded into a process by `--import`: counts how long it stood still for garbage collection, and adds a line with that to
// the file GC_LOG when it ends.
import { appendFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'

/** ms. */
const found = { pid: process.pid, count: 0, totalMs: 0, longestMs: 0 }

const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    found.count += 1
    found.totalMs += duration
    found.longestMs = Math.max(found.longestMs, duration)
  }
})
observer.observe({ entryTypes: ['gc'] })

process.on('exit', () => {
  if (process.env.GC_LOG) appendFileSync(process.env.GC_LOG, `${JSON.stringify(found)}\n`)
})
