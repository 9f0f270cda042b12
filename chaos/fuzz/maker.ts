// What the parts of the generator share.
import type { Dice } from '@scheduler/core/test/dice'
import type { Document } from './document.ts'
import type { Memory } from './memory.ts'

export interface World {
  seed: number
  document: Document
  memory: Memory
  /** Around when the dates lie, ms since 1970; the same for a run and whoever repeats it. */
  at: number
  /** Origins of receivers that answer, and of one that does not. */
  origins: string[]
  /** What clients prove themselves with. */
  apiKey: string
  /** The signature that a receiver is handed for what it says of an attempt. */
  sign(action: string, executionId: string, attempt: number): string
}

/** The world, and the throws of one request. */
export interface Maker extends World {
  dice: Dice
  number: number
}

/** No answer and no log may hold it. All secrets that are sent do. */
export const SECRET_MARK = 'hush-5e7c'
