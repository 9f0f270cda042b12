// The faults of a made-up run, and what they do to a service that is right.
import type { Dice } from '@scheduler/core/test/dice'
import type { Fault } from '../history.ts'

export const START = Date.UTC(2026, 10, 26, 10)
/** For how long clients ask for things, ms. */
export const LOAD_MS = 60_000
/** What is left then has that long to be finished. */
export const QUIET = START + LOAD_MS + 120_000

const PIDS = [101, 102, 103, 104]

export interface ModelFaults {
  all: Fault[]
  /** The first moment from then on at which the database answers. */
  healthy(at: number): number
  /** The fault that is on while an attempt runs and may lose it. */
  losing(pid: number, from: number, to: number): Fault | undefined
  /** Whether receivers can't be reached. */
  isCut(at: number): boolean
  /** A worker that lives then. */
  pid(at: number): number
}

/** Up to three, one after the other. */
export function modelFaults(dice: Dice, most: number): ModelFaults {
  const all: Fault[] = []
  let from = START + 5_000
  for (let n = dice.int(0, most); n > 0; n -= 1) {
    from += dice.int(1_000, 15_000)
    const fault = someFault(dice, from, PIDS[n] ?? 0)
    all.push(fault)
    from = fault.to
  }
  const outages = all.filter(({ kind }) => kind.startsWith('database'))
  const killed = (pid: number, at: number) => all.some((it) => it.pids?.includes(pid) && it.from <= at)
  return {
    all,
    healthy(at) {
      const outage = outages.find((it) => it.from <= at && at <= it.to)
      return outage ? outage.to + dice.int(10, 600) : at
    },
    losing: (pid, begin, end) =>
      all.find((it) => it.mayRepeat && it.from <= end && it.to >= begin && (!it.pids || it.pids.includes(pid))),
    isCut: (at) => all.some((it) => it.kind === 'receiver cut off' && it.from <= at && at <= it.to),
    pid: (at) => dice.pick(PIDS.filter((it) => !killed(it, at))),
  }
}

function someFault(dice: Dice, from: number, pid: number): Fault {
  switch (dice.int(0, 3)) {
    case 0:
      return { kind: 'database restarted', from, to: from + dice.int(500, 4_000), pids: null, mayRepeat: false }
    case 1:
      return {
        kind: 'database stopped',
        from,
        to: from + dice.int(11_000, 15_000),
        pids: null,
        mayRepeat: true,
        inFlight: 0,
      }
    case 2:
      return { kind: 'receiver cut off', from, to: from + dice.int(500, 4_000), pids: null, mayRepeat: false }
    default:
      return { kind: 'worker killed', from, to: from + 50, pids: [pid], mayRepeat: true, inFlight: 0 }
  }
}
