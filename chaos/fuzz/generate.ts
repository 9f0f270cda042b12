// The request of a number: the same for the same seed, but for the ids that the service has given meanwhile.
import { dice } from '@scheduler/core/test/dice'
import { hostile } from './hostile.ts'
import type { Maker, World } from './maker.ts'
import { nearly } from './nearly.ts'
import type { FuzzRequest } from './request.ts'
import { draft, finish } from './valid.ts'

/** Shares of the requests; the rest is hostile. */
const VALID = 0.45
const NEARLY = 0.3

/** One in so many is one of the last again, by a client that did not see the answer. */
const AGAIN = 0.03
const SHORTLY = 20

export function requestOf(number: number, world: World): FuzzRequest {
  const throws = dice(seedOf(world.seed, number))
  if (throws.chance(AGAIN) && number > SHORTLY) {
    return { ...requestOf(number - throws.int(1, SHORTLY), world), number }
  }
  const maker: Maker = { ...world, number, dice: throws }
  const made = draft(throws.pick(world.document.operations), maker)
  if (throws.chance(VALID)) return finish(made, maker, 'valid', 'valid')
  return throws.chance(NEARLY / (1 - VALID)) ? nearly(made, maker) : hostile(made, maker)
}

/** Apart for numbers that follow each other. */
const seedOf = (seed: number, number: number): number =>
  Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)
