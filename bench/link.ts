import type { Socket } from 'node:net'
import type { Network } from './proxy.ts'

/** So much may be under way in one direction; then the sender has to wait, as it does for a full window. */
const WINDOW_BYTES = 256 * 1024

/** One direction of a connection. */
export interface Link {
  hush(silent: boolean): void
}

/** What is under way: bytes, or that the sender is gone. */
type Piece = { at: number; bytes: Buffer | null }

/**
 * Passes on what `from` sends, in its order and as late as the network has it, and at last that it has closed.
 *
 * @param admits is asked before each piece is passed on; false where it is not to be
 */
export function openLink(
  from: Socket,
  to: Socket,
  network: () => Network,
  random: () => number,
  admits: () => boolean,
): Link {
  const underWay: Piece[] = []
  let bytesUnderWay = 0
  let silent = false
  let timer: NodeJS.Timeout | undefined
  /** When the last one arrives: none overtakes another. */
  let lastAt = 0

  const push = (bytes: Buffer | null) => {
    const { delayMs, jitterMs, bytesPerSecond } = network()
    const takesMs = bytesPerSecond && bytes ? (bytes.length * 1_000) / bytesPerSecond : 0
    const arrivesAt = performance.now() + delayMs + (jitterMs && random() * jitterMs)
    lastAt = Math.max(lastAt, arrivesAt) + takesMs
    underWay.push({ at: lastAt, bytes })
    bytesUnderWay += bytes?.length ?? 0
    if (bytesUnderWay > WINDOW_BYTES) from.pause()
    deliver()
  }

  const deliver = () => {
    clearTimeout(timer)
    while (!silent && underWay[0] && underWay[0].at <= performance.now()) pass(underWay.shift() as Piece)
    const [next] = underWay
    if (!silent && next) timer = setTimeout(deliver, Math.max(1, next.at - performance.now()))
    if (bytesUnderWay <= WINDOW_BYTES && from.isPaused()) from.resume()
  }

  const pass = ({ bytes }: Piece) => {
    if (bytes === null) return void to.destroy()
    bytesUnderWay -= bytes.length
    if (!to.destroyed && admits()) to.write(bytes)
  }

  from.on('error', () => {})
  from.on('data', push)
  from.on('close', () => push(null))
  return {
    hush(on) {
      silent = on
      deliver()
    },
  }
}
