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
 * A pool that explains each statement before it runs it, and what it has found: how each table is read.
 *
 * @param analyze whether each is run for it, and what it reads is counted; for statements that only read
 */
export function explaining(url: string, { analyze = false, steadyPlans = false } = {}) {
  const own = createPool(url, { max: 1, steadyPlans, queryMs: 60_000 })
  const scans: string[] = []
  const reads = { rows: 0 }
  const note = (node: Node) => {
    const table = node['Relation Name']
    reads.rows += readBy(node)
    if (table && node['Node Type'].endsWith('Scan')) scans.push(`${table}: ${node['Index Name'] ?? node['Node Type']}`)
    // What an index is walked for must bound the walk. An instant may have ten thousand executions, for one.
    const [late] = /\b(next_run_at <|next_attempt_at <|id\b)/.exec(node.Filter ?? '') ?? []
    if (late && !table?.startsWith('job_')) scans.push(`${table}: filtered by ${late}`)
    for (const child of node.Plans ?? []) note(child)
  }
  const explain = async (client: PoolClient, statement: string | Prepared, given?: unknown[]) => {
    const { text, values = given } = typeof statement === 'string' ? { text: statement } : statement
    if (!/^\s*(select|with|update|delete|insert)\b/i.test(text)) return
    const { rows } = await client.query(
      `explain (format json${analyze ? ', analyze, timing off' : ''}) ${text}`,
      values,
    )
    note(rows[0]['QUERY PLAN'][0].Plan)
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

interface Prepared {
  text: string
  values?: unknown[]
}
