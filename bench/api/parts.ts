import type { Pool } from '@scheduler/db/client'
import type { Verdict } from '../rig.ts'
import type { Loader, Server } from './parties.ts'

/** What the sections of the API bench work with. */
export interface Parts {
  loader: Loader
  /** Without keys. */
  api: Server
  url: string
  pool: Pool
  result: Verdict
}

export interface Extent {
  runs: number
  /** Of one run of a steady load. */
  seconds: number
}
