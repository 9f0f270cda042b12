import type { Dice } from '@scheduler/core/test/dice'

/** In any order. The clients of a run have dice of their own: it is the same for the same seed, whenever it is asked for. */
export function shuffled<T>(of: readonly T[], dice: Dice): T[] {
  const left = [...of]
  return of.map(() => left.splice(dice.int(0, left.length - 1), 1)[0] as T)
}
