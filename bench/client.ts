// What a request costs the process that sends it: node:http, got in several ways, and our worker's client, one after the
// other and around again, against a receiver process. Prints CPU time and rate of each, and FAIL where requests are lost.
import { positionals } from './args.ts'
import { median, spread, verdict } from './figures.ts'
import type { Deliver } from './peers/deliver.ts'
import { ways } from './peers/got-ways.ts'
import { makeItems } from './peers/item.ts'
import { type Receiver, startReceiver } from './processes.ts'

/** Requests that are under way at once: as many as a worker has to one destination, unless told otherwise. */
const IN_FLIGHT = 50

interface Round {
  /** CPU time of this process for each request, µs. */
  cpu: number
  /** Requests a second. */
  rate: number
  arrived: number
}

export async function client(args: string[]): Promise<void> {
  const [count = 4_000, runs = 5] = positionals(args)
  const receiver = await startReceiver()
  try {
    const parties = ways.map(([name, create]) => ({ name, deliver: create(), rounds: [] as Round[] }))
    // The first round warms up, and is left out. Another one first each time: what one leaves to be collected is not to
    // be always the same other's to pay for.
    for (let run = 0; run <= runs; run += 1) {
      const first = run % parties.length
      for (const { deliver, rounds } of [...parties.slice(first), ...parties.slice(0, first)]) {
        const round = await send(receiver, deliver, count)
        if (run > 0) rounds.push(round)
      }
    }
    console.log(`${count} requests, ${IN_FLIGHT} at once: median of ${runs} (least to most)`)
    const bare = parties[0]?.rounds ?? []
    const result = verdict()
    for (const { name, rounds } of parties) {
      const cpu = spread(rounds.map((it) => it.cpu))
      const times = median(rounds.map((it, n) => it.cpu / (bare[n]?.cpu ?? Number.NaN))).toFixed(2)
      const rate = spread(rounds.map((it) => it.rate))
      console.log(`${name}: CPU ${cpu} µs a request, ${times} × that of node:http · ${rate} /s`)
    }
    for (const { name, rounds } of parties) {
      const arrived = rounds.reduce((sum, it) => sum + it.arrived, 0)
      result.check(`${name}: each request once`, arrived === count * runs, `${arrived} of ${count * runs}`)
    }
    result.end()
  } finally {
    await receiver.close()
  }
}

async function send(receiver: Receiver, deliver: Deliver, count: number): Promise<Round> {
  const items = makeItems(count, new Date(), `${receiver.origin}/client`).values()
  const [began, before] = [performance.now(), process.cpuUsage()]
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      // All take from the same iterator: each item is sent once.
      for (const item of items) await deliver(item)
    }),
  )
  const { user, system } = process.cpuUsage(before)
  const ms = performance.now() - began
  return { cpu: (user + system) / count, rate: (count * 1_000) / ms, arrived: (await receiver.take()).length }
}
