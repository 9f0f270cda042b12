import { setTimeout as sleep } from 'node:timers/promises'

/** A time in one form, to be compared. */
export const instant = (text: string | null): string => new Date(text ?? Number.NaN).toISOString()

export const shift = (text: string, ms: number): string => new Date(Date.parse(text) + ms).toISOString()

/** Asks until the answer is yes; whoever calls sets the limit. No connection is a no. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (;;) {
    try {
      if (await condition()) return
    } catch (error) {
      if (!(error instanceof TypeError)) throw error // fetch's "no connection"
    }
    await sleep(200)
  }
}
