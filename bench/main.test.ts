// The benches themselves: they are run by hand, and would break unseen.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

async function bench(...args: string[]) {
  const env = { ...process.env, TRIAL_DATABASE_URL: inject('adminUrl'), NODE_OPTIONS: '' }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, faults] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { output, faults, code: child.exitCode }
}

test('a small herd arrives whole, and its figures are printed with their units', {
  timeout: 60_000,
}, async () => {
  const { output, faults, code } = await bench('herd', '300', '1', '1', '--only=ours')
  expect({ code, faults }, output).toEqual({ code: 0, faults: '' })
  expect(output).toMatch(
    /^ours, 1 worker: drain rate \d+ \/s · lateness p50 \d+ ms, p99 \d+ ms · CPU per callback: workers/m,
  )
  expect(output).toContain('ok   ours, 1 worker: each callback once, none early')
  // Whoever did not take part is named, since a bound that was not tried would pass for one that held.
  expect(output).toMatch(
    /^not judged: the bounds on BullMQ, promise · BullMQ, stream · graphile-worker, promise · raw got/m,
  )
})

test('each way to send a request sends all of them, and its cost is printed with its units', {
  timeout: 60_000,
}, async () => {
  const { output, faults, code } = await bench('client', '100', '1')
  expect({ code, faults }, output).toEqual({ code: 0, faults: '' })
  expect(output).toMatch(/^node:http: CPU \d+ µs a request, 1\.00 × that of node:http · \d+ \/s$/m)
  expect(output.match(/^ok .*: each request once: 100 of 100$/gm)).toHaveLength(6)
})

test('a soak of one minute, which has nothing to compare itself with, is refused', { timeout: 60_000 }, async () => {
  const { faults, code } = await bench('soak', '1')
  expect(code).not.toBe(0)
  expect(faults).toContain('give it 2 whole minutes or more')
})
