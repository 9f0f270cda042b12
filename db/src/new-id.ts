import { randomFillSync } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

/** Ids whose random bytes are fetched at once: a fetch costs several times what the rest of an id does. */
const FETCHED = 128

const BYTES = 16
const random = new Uint8Array(FETCHED * BYTES)
let used = random.length
let latest = 0
let sequence = 0

/** A UUIDv7. Those of one process rise, also within a millisecond: the sequence begins at random, and goes up by one. */
export function newId(): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  const bytes = random.subarray(used, used + BYTES)
  used += BYTES
  const now = Date.now()
  if (now > latest) {
    latest = now
    // Of 32 bits; without the first, so that there are two thousand million to go within the millisecond.
    sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(6) >>> 1
  } else sequence += 1
  return uuidv7({ random: bytes, msecs: latest, seq: sequence })
}
