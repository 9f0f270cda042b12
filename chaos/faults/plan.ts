import type { Dice } from '@scheduler/core/test/dice'

/**
 * In any order. What a scenario chooses it chooses before its clients begin: these roll the same dice, and whose turn it is
 * then is for the clock to say.
 */
export function shuffled<T>(of: readonly T[], dice: Dice): T[] {
  const left = [...of]
  return of.map(() => left.splice(dice.int(0, left.length - 1), 1)[0] as T)
}
