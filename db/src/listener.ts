import pg from 'pg'
import { CANCEL_CHANNEL, CIRCUIT_CHANNEL, DUE_CHANNEL, FLOW_CHANNEL, WORK_CHANNEL } from './notify.ts'
import { type Pool, SERVER_KEEPALIVE } from './pool.ts'
import { hasSession } from './session.ts'

/** Whoever holds this lock supervises the queue and reconciles; any constant that nobody else uses. */
const LEADER_LOCK = 7_305_811

const CHECK_MS = 5_000
const QUERY_MS = 5_000

/**
 * The server ends a session that has asked nothing for so long, twice as long as between two checks, and the leader's lock with it.
 * Keepalives do not tell of a worker that stands still: its machine answers them, and nobody would supervise until it goes on.
 */
const STANDS_STILL = '-c idle_session_timeout=10s'

export interface Listener {
  /** Whether this session holds the leader's lock: true for at most one worker at a time. */
  readonly leads: boolean
  /** How long the present connection has lasted, ms; 0 while there is none. */
  readonly connectedMs: number
  stop(): Promise<void>
}

export interface ListenerOptions {
  connectionString: string
  /** Through which it is tried, once for each connection, whether it hears others; without one that is taken for granted. */
  pool?: Pool
  onDue: () => void
  /** With a destination when some of its executions were parked; `''` otherwise. */
  onWork: (destination: string) => void
  /** With the id of an execution whose attempt is to be broken off. */
  onCancel: (executionId: string) => void
  /** With a destination whose circuit changed; `''` on each new connection. */
  onCircuit: (destination: string) => void
  /** Limits have changed, or executions were parked for one. */
  onFlow?: () => void
  /** Told once for each connection that is lost or can't be made. */
  onError: (error: Error) => void
  /** Told for each connection that does not hear what `pool` notifies. */
  onDeaf?: () => void
}

/**
 * A session of its own that listens for notifications and stands for leader. It reconnects for ever; while it is away
 * the dispatcher's and the claimer's backstops serve. A connection that went silent is found by the regular check.
 */
export function startListener(options: ListenerOptions): Listener {
  const { connectionString, pool, onDue, onWork, onCircuit, onFlow, onError, onDeaf } = options
  const heard: Record<string, (payload: string) => void> = {
    [DUE_CHANNEL]: onDue,
    [WORK_CHANNEL]: onWork,
    [CANCEL_CHANNEL]: options.onCancel,
    [CIRCUIT_CHANNEL]: onCircuit,
    [FLOW_CHANNEL]: () => onFlow?.(),
  }
  let client: pg.Client | null = null
  let leads = false
  let connectedAt = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined

  const drop = (error: Error) => {
    const old = client
    if (!old) return
    client = null
    leads = false
    old.removeAllListeners('notification')
    old.end().catch(() => {})
    if (!stopped) onError(error)
  }

  const connect = async () => {
    const fresh = new pg.Client({
      connectionString,
      application_name: 'scheduler listener',
      connectionTimeoutMillis: QUERY_MS,
      query_timeout: QUERY_MS,
      keepAlive: true,
      options: `${SERVER_KEEPALIVE} ${STANDS_STILL}`,
    })
    fresh.on('error', (error) => fresh === client && drop(error))
    fresh.on('end', () => fresh === client && drop(new Error('the connection ended')))
    fresh.on('notification', ({ channel, payload = '' }) => heard[channel]?.(payload))
    client = fresh
    await fresh.connect()
    await fresh.query(
      Object.keys(heard)
        .map((channel) => `listen ${channel}`)
        .join('; '),
    )
    connectedAt = performance.now()
    // Whatever was said while nobody listened.
    onDue()
    onWork('')
    onCircuit('')
    onFlow?.()
  }

  /** Tries it while nothing else is asked: until the next check. What keeps it from being tried is told by that one. */
  const probe = async (it: pg.Client, through: Pool) => {
    const hears = await hasSession(it, through).catch(() => true)
    if (!hears && it === client && !stopped) onDeaf?.()
  }

  const check = async () => {
    const isNew = !client
    try {
      if (!client) await connect()
      if (!leads && client) {
        const { rows } = await client.query('select pg_try_advisory_lock($1) as locked', [LEADER_LOCK])
        leads = rows[0]?.locked === true
      } else {
        await client?.query('select 1')
      }
      if (isNew && client && pool) void probe(client, pool)
    } catch (error) {
      drop(error as Error)
    }
    if (!stopped) timer = setTimeout(() => void check(), client ? CHECK_MS : 500)
  }
  let checking = check()

  return {
    get leads() {
      return leads && client !== null
    },
    get connectedMs() {
      return client && connectedAt ? performance.now() - connectedAt : 0
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await checking.catch(() => {})
      checking = Promise.resolve()
      const old = client
      client = null
      leads = false
      await old?.end().catch(() => {})
    },
  }
}
