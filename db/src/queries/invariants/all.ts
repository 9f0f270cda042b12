import { attention } from './attention.ts'
import { flows } from './flows.ts'
import type { Invariant } from './invariant.ts'
import { ledgerRows } from './ledger.ts'
import { onTime } from './on-time.ts'
import { itemsAndLedger, queueItems } from './queue-items.ts'
import { settings } from './settings.ts'
import { storage } from './storage.ts'

/** All of them: what was promised first, then what it rests upon, then what somebody should look at. */
export const invariants: readonly Invariant[] = [
  ...onTime,
  ...itemsAndLedger,
  ...queueItems,
  ...flows,
  ...ledgerRows,
  ...storage,
  ...settings,
  ...attention,
]

/** Those that a running system can be asked at any time: together they take a few milliseconds of the database. */
export const cheapInvariants: readonly Invariant[] = invariants.filter(({ cost }) => cost === 'little')
