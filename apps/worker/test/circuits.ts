import type { Pool } from '@scheduler/db/client'

export interface Change {
  destination: string
  state: string
  cause: string
}

/** What circuits changed to, in order. */
export async function circuitChanges(pool: Pool): Promise<Change[]> {
  const { rows } = await pool.query<Change>('select destination, state::text, cause from circuit_changes order by id')
  return rows
}
