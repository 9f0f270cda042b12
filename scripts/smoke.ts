// Tries a running stack from outside, by its URL alone: SMOKE_URL, SMOKE_API_KEY, SMOKE_CALLBACK_URL.
import { setTimeout as sleep } from 'node:timers/promises'
import { smokeChecks } from './e2e/smoke-checks.ts'

const { SMOKE_URL, SMOKE_API_KEY, SMOKE_CALLBACK_URL } = process.env
const url = (SMOKE_URL || 'http://127.0.0.1:8008').replace(/\/+$/, '')
const target = {
  url,
  apiKey: SMOKE_API_KEY || null,
  callbackUrl: SMOKE_CALLBACK_URL || `${url}/callback/test`,
}

let passed = 0
let failed = 0
for (const [name, seconds, run] of smokeChecks(target)) {
  const since = performance.now()
  const timeout = sleep(seconds * 1_000, undefined, { ref: false }).then(() => {
    throw new Error(`not within ${seconds} s`)
  })
  try {
    await Promise.race([run(), timeout])
    passed += 1
    console.log(`  ok    ${name} (${((performance.now() - since) / 1_000).toFixed(1)} s)`)
  } catch (error) {
    failed += 1
    console.log(`  FAIL  ${name}: ${error instanceof Error ? error.message : error}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
