// What other sessions of a database do to those who work with it: they lock what these need, or are slow in their place.
import type pg from 'pg'
import { wait } from '../../bench/until.ts'
import { openSession, withSession } from './sessions.ts'

export interface Storm {
  kind: string
  /** Whether a claim may lapse for it: it kept workers from renewing theirs. */
  mayRepeat: boolean
  /** Lasts about `ms`, and leaves nothing behind. */
  blow(url: string, ms: number): Promise<void>
}

/** A transaction that does this, and is then idle for the rest of its time. */
function idle(kind: string, mayRepeat: boolean, ...statements: string[]): Storm {
  return {
    ...{ kind, mayRepeat },
    blow: async (url, ms) =>
      await withSession(url, async (session) => {
        await session.query('begin')
        for (const text of statements) await session.query(text)
        await wait(ms)
        await session.query('rollback')
      }),
  }
}

const exclusively = (table: string, mayRepeat: boolean) =>
  idle(`${table} locked`, mayRepeat, `lock table ${table} in access exclusive mode`)

/** Locks of rows are for those who write them; whoever only reads goes on. */
const rows = idle(
  'hundreds of rows locked',
  false,
  'select from jobs order by id desc limit 300 for update',
  'select from executions where finished_at is null order by id limit 300 for update',
)

/** By the numbers that the service takes them by: events, flows, partitions. A leader's is held by the session of its worker. */
const advisory = idle(
  'advisory locks held',
  false,
  'select pg_advisory_xact_lock(n) from generate_series(7305811, 7305814) as n where n <> 7305811',
)

const oldSnapshot = idle(
  'an old snapshot held',
  false,
  'set transaction isolation level repeatable read',
  'select count(*) from executions',
)

/** As a deploy does: it waits for somebody's long transaction, and all others wait for it, as long as its `lock_timeout` says. */
const ddl: Storm = {
  kind: 'a DDL statement behind a long transaction',
  mayRepeat: false,
  async blow(url, ms) {
    const [reader, deploy] = [await openSession(url), await openSession(url)]
    try {
      await reader.query('begin')
      await reader.query('select from executions limit 1')
      await deploy.query(`set lock_timeout = '${ms}ms'`)
      const refused = await deploy.query('alter table executions add column chaos int').catch((error: Error) => error)
      if (!(refused instanceof Error))
        throw new Error('A DDL statement got by a transaction that should have been in its way.')
    } finally {
      await Promise.all([reader.end(), deploy.end()])
    }
  },
}

/** Queries that each take a core, as long as they last. */
const busy: Storm = {
  kind: 'backends that take all cores',
  mayRepeat: false,
  async blow(url, ms) {
    const burn = async (session: pg.Client) => {
      await session.query(`set statement_timeout = ${ms}`)
      await session.query('select count(*) from generate_series(1, 1000000000) as n where n % 7 = 3').catch(() => {})
    }
    await Promise.all(Array.from({ length: 2 }, () => withSession(url, burn)))
  },
}

/** Each statement that writes attempts takes a while: outcomes are long in being written. */
const slowSettle: Storm = {
  kind: 'a slow trigger on attempts',
  mayRepeat: false,
  async blow(url, ms) {
    const each = ms / 8_000
    await withSession(url, async (session) => {
      await session.query(`
        create or replace function chaos_slow() returns trigger language plpgsql as $$
          begin perform pg_sleep(${each}); return null; end $$`)
      await session.query(
        'create or replace trigger chaos_slow after insert on attempts for each statement execute function chaos_slow()',
      )
      try {
        await wait(ms)
      } finally {
        await session.query('drop trigger chaos_slow on attempts')
        await session.query('drop function chaos_slow()')
      }
    })
  },
}

/** All of them. Only the queue's own table is what a claim is renewed in. */
export const storms: readonly Storm[] = [
  exclusively('executions', false),
  exclusively('jobs', false),
  exclusively('attempts', false),
  exclusively('pgboss.job', true),
  ...[rows, advisory, oldSnapshot, ddl, busy, slowSettle],
]
