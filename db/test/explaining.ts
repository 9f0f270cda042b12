import { createPool, type Pool, type PoolClient } from '../src/client.ts'

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  Filter?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Node[]
}

/** Rows of a table, or entries of an index, that a node has read; with `analyze`. */
function readBy(node: Node): number {
  if (!node['Node Type'].endsWith('Scan') || !(node['Relation Name'] || node['Index Name'])) return 0
  const of = [node['Actual Rows'], node['Rows Removed by Filter'], node['Rows Removed by Index Recheck']]
  return of.reduce<number>((sum, n) => sum + (n ?? 0), 0) * (node['Actual Loops'] ?? 0)
}

/**
 * A pool that explains each statement before it runs it, and what it has found: how each table is read. With a worker's plans,
 * or with those that the planner itself thinks best.
 *
 * @param analyze whether each is run for it, and what it reads is counted; for statements that only read
 */
export function explaining(url: string, { analyze = false, steadyPlans = false } = {}) {
  const own = createPool(url, { max: 1, steadyPlans, queryMs: 60_000 })
  const scans: string[] = []
  const reads = { rows: 0 }
  const parts = partsOf(own)
  const note = (node: Node, part: Parts) => {
    const table = named(node['Relation Name'], part)
    const index = named(node['Index Name'], part)
    reads.rows += readBy(node)
    // A partition of a page or two is rightly read as it is.
    const isTiny = !index && part.get(node['Relation Name'] ?? '')?.isTiny
    if (table && node['Node Type'].endsWith('Scan') && !isTiny) scans.push(`${table}: ${index ?? node['Node Type']}`)
    // What an index is walked for must bound the walk. An instant may have ten thousand executions, for one. By where a row lies
    // one is found, whatever else is asked of it.
    const [late] =
      (node['Node Type'] !== 'Tid Scan' && /\b(next_run_at <|next_attempt_at <|id\b)/.exec(node.Filter ?? '')) || []
    if (late && !isTiny && !table?.startsWith('job_')) scans.push(`${table}: filtered by ${late}`)
    for (const child of node.Plans ?? []) note(child, part)
  }
  const explain = async (client: PoolClient, statement: string | Prepared, given?: unknown[]) => {
    const { text, values = given } = typeof statement === 'string' ? { text: statement } : statement
    if (!/^\s*(select|with|update|delete|insert)\b/i.test(text)) return
    const { rows } = await client.query(
      `explain (format json${analyze ? ', analyze, timing off' : ''}) ${text}`,
      values,
    )
    note(rows[0]['QUERY PLAN'][0].Plan, await parts)
  }
  const connect = async () => {
    const client = await own.connect()
    return new Proxy(client, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (key !== 'query') return typeof value === 'function' ? value.bind(target) : value
        return async (statement: string | Prepared, values?: unknown[]) => {
          await explain(target, statement, values)
          return await target.query(statement as string, values)
        }
      },
    })
  }
  const query = async (statement: string | Prepared, values?: unknown[]) => {
    const client = await connect()
    return await client.query(statement as string, values).finally(() => client.release())
  }
  return { pool: { connect, query } as unknown as Pool, scans, reads, end: () => own.end() }
}

/** Partitions of tables and of indexes, by name. */
type Parts = Map<string, { whole: string; isTiny: boolean }>

export async function partsOf(pool: Pool): Promise<Parts> {
  const { rows } = await pool.query<{ part: string; whole: string; isTiny: boolean }>(
    `select inhrelid::regclass::text as part, inhparent::regclass::text as whole,
       pg_relation_size(inhrelid) <= 2 * current_setting('block_size')::int as "isTiny" from pg_inherits`,
  )
  return new Map(rows.map(({ part, ...of }) => [part, of]))
}

const named = (name: string | undefined, parts: Parts) => name && (parts.get(name)?.whole ?? name)

interface Prepared {
  text: string
  values?: unknown[]
}
