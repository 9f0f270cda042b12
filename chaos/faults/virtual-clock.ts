import type { Pool } from '@scheduler/db/client'
import { applyMigrations } from '@scheduler/db/migrate'
import { wait } from '../../bench/until.ts'

/** How long ahead a jump is written down, so that every session sees it before it counts. */
const NOTICE_MS = 50

/**
 * What `now()` and its like are called from then on; under their names are functions that add how far the virtual clock is ahead. Renamed
 * before anything is created, so that column defaults and pg-boss's own functions take the virtual ones as well, those that
 * say `pg_catalog.now()` included. (Replaced they can't be: Postgres calls what it was built with by number, without a look at its catalog.)
 */
const clockFunctions = [
  ['now', 'stable'],
  ['transaction_timestamp', 'stable'],
  ['statement_timestamp', 'stable'],
  ['clock_timestamp', 'volatile'],
] as const

const install = `
  create schema virtual;
  create table virtual.jumps (at timestamptz primary key, ahead_ms bigint not null);
  insert into virtual.jumps values ('-infinity', 0);
  create function virtual.moved(at timestamptz) returns timestamptz language sql stable parallel safe as
    $$ select moved.at + j.ahead_ms * interval '1 millisecond' from virtual.jumps j where j.at <= moved.at order by j.at desc limit 1 $$;
  ${clockFunctions
    .map(
      ([name, volatility]) => `
  alter function pg_catalog.${name}() rename to true_${name};
  create function pg_catalog.${name}() returns timestamptz language sql ${volatility} parallel safe as
    'select virtual.moved(pg_catalog.true_${name}())';`,
    )
    .join('')}`

/** The clock of one database: all that it says of the time is true time and how far this one is ahead. */
export interface VirtualClock {
  now(): Promise<number>
  /** Sets it, forward or back; it goes on from there. Counts for everybody when this resolves. */
  set(to: number): Promise<void>
  /** What it showed at a true time, ms since 1970. */
  shownAt(trueMs: number): number
}

/** Empties the database and gives it a virtual clock, then this version's schema. Nobody else may use it yet. */
export async function installVirtualClock(url: string, pool: Pool): Promise<VirtualClock> {
  await pool.query(`drop schema if exists public, pgboss, drizzle cascade; create schema public; ${install}`)
  await applyMigrations(url)
  const jumps: { at: number; aheadMs: number }[] = []
  const aheadAt = (trueMs: number) => jumps.findLast(({ at }) => at <= trueMs)?.aheadMs ?? 0
  const ask = async (text: string) => Number((await pool.query<{ ms: string }>(text)).rows[0]?.ms)
  const trueNow = () => ask('select extract(epoch from true_clock_timestamp()) * 1000 as ms')
  return {
    now: () => ask('select extract(epoch from clock_timestamp()) * 1000 as ms'),
    async set(to) {
      const at = Math.ceil(await trueNow()) + NOTICE_MS
      const aheadMs = Math.round(to - at)
      await pool.query(`insert into virtual.jumps values (to_timestamp($1::bigint / 1000.0), $2)`, [at, aheadMs])
      jumps.push({ at, aheadMs })
      // By the database's clock: a timer may fire a moment early.
      while ((await trueNow()) < at) await wait(5)
    },
    shownAt: (trueMs) => trueMs + aheadAt(trueMs),
  }
}
