/**
 * The delay of one occurrence: a whole number of milliseconds from 0 to `maxMs`, both included.
 *
 * The same for the same seed and nominal time, in every process and release: a stored occurrence must not move. Spread
 * evenly over occurrences and over seeds.
 */
export function jitterMs(seed: string, nominal: number, maxMs: number): number {
  if (maxMs <= 0) return 0
  return Math.floor(fraction(`${seed}:${nominal}`) * (Math.floor(maxMs) + 1))
}

/** A hash of the text as a number from 0 to below 1, of 53 bits. Two FNV-1a lanes, then the finish of MurmurHash3. */
function fraction(text: string): number {
  let high = 0x811c9dc5
  let low = 0x01000193
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x85ebca6b)
  }
  return ((finish(high ^ low) >>> 5) * 2 ** 26 + (finish(low + high) >>> 6)) / 2 ** 53
}

// FNV leaves the last characters, which tell one occurrence from the next, in the low bits only.
function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
