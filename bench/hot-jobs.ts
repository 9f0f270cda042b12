/** A job that recurs, and one moment at which it falls due, ms since 1970. */
export interface HotJob {
  id: string
  at: number
}

const SLOT_MS = 10
/** How long ago a job may have fallen due to be hot still, ms. */
const HOT_MS = 1_000

/** Jobs of one period by the moment of it at which they fall due, to find those that are being sent right now. */
export function hotJobs(jobs: HotJob[], periodMs: number) {
  const slots = Array.from({ length: periodMs / SLOT_MS }, (): HotJob[] => [])
  const slotAt = (at: number) => slots[Math.floor((at % periodMs) / SLOT_MS)] ?? []
  const add = (job: HotJob) => void slotAt(job.at).push(job)
  jobs.forEach(add)
  return {
    add,
    /** Takes out the job that fell due last before `now`, so that no two calls are about the same one. */
    take(now: number): HotJob | undefined {
      for (let ago = SLOT_MS; ago <= HOT_MS; ago += SLOT_MS) {
        const slot = slotAt(now - ago)
        const index = slot.findIndex((it) => it.at <= now)
        if (index >= 0) return slot.splice(index, 1)[0]
      }
      return undefined
    },
  }
}
