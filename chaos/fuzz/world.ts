// The surroundings of a fuzz: how the processes are set up, and what the generator knows of them.
import { receiverKeys, receiverUrl } from '@scheduler/core/receiver-url'
import { readKeys } from '@scheduler/core/seal'
import { readDocument } from './document.ts'
import type { World } from './maker.ts'
import { memory } from './memory.ts'

const API_KEY = 'fuzz-3c1f9b7e52d84a06'
const ENCRYPTION_KEY = `fuzz:${Buffer.alloc(32, 'a key of no worth').toString('base64')}`

/** For the API and the workers: everything that can be switched on is. */
export const FUZZ_ENV = {
  API_KEYS: API_KEY,
  ENCRYPTION_KEYS: ENCRYPTION_KEY,
  PUBLIC_URL: 'http://127.0.0.1:8008',
  ENABLE_TEST_ENDPOINTS: 'true',
  CALLBACK_ALLOW_PRIVATE: 'true',
}

const HOUR = 3_600_000

/** @param receiver origin of one that answers as its query asks */
export function worldOf(seed: number, receiver: string): World {
  const [key = Buffer.alloc(0)] = receiverKeys(readKeys([ENCRYPTION_KEY]))
  const { port } = new URL(receiver)
  return {
    seed,
    document: readDocument(),
    memory: memory(),
    at: Math.floor(Date.now() / HOUR) * HOUR,
    // One receiver by several names, which are as many destinations; and a port where nobody listens.
    origins: [receiver, `http://localhost:${port}`, `http://[::ffff:127.0.0.1]:${port}`, 'http://127.0.0.1:9'],
    apiKey: API_KEY,
    sign(action, executionId, attempt) {
      const said = { action: action as 'ack' | 'nack' | 'heartbeat', executionId, attempt }
      return new URL(receiverUrl('http://service', key, said)).searchParams.get('signature') ?? ''
    },
  }
}
