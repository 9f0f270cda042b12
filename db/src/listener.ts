import pg from 'pg'
import { CANCEL_CHANNEL, CIRCUIT_CHANNEL, DUE_CHANNEL, FLOW_CHANNEL, WORK_CHANNEL } from './notify.ts'
import { SERVER_KEEPALIVE } from './pool.ts'

/** Whoever holds this lock supervises the queue and reconciles; any constant that nobody else uses. */
const LEADER_LOCK = 7_305_811

const CHECK_MS = 5_000
const QUERY_MS = 5_000

export interface Listener {
  /** Whether this session holds the leader's lock: true for at most one worker at a time. */
  readonly leads: boolean
  /** How long the present connection has lasted, ms; 0 while there is none. */
  readonly connectedMs: number
  stop(): Promise<void>
}

export interface ListenerOptions {
  connectionString: string
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
}

/**
 * A session of its own that listens for notifications and stands for leader. It reconnects for ever; while it is away
 * the dispatcher's and the claimer's backstops serve. A connection that went silent is found by the regular check.
 */
export function startListener(options: ListenerOptions): Listener {
  const { connectionString, onDue, onWork, onCancel, onCircuit, onFlow, onError } = options
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
      options: SERVER_KEEPALIVE,
    })
    fresh.on('error', (error) => fresh === client && drop(error))
    fresh.on('end', () => fresh === client && drop(new Error('the connection ended')))
    fresh.on('notification', ({ channel, payload = '' }) => {
      if (channel === WORK_CHANNEL) onWork(payload)
      else if (channel === CANCEL_CHANNEL) onCancel(payload)
      else if (channel === CIRCUIT_CHANNEL) onCircuit(payload)
      else if (channel === FLOW_CHANNEL) onFlow?.()
      else onDue()
    })
    client = fresh
    await fresh.connect()
    const channels = [DUE_CHANNEL, WORK_CHANNEL, CANCEL_CHANNEL, CIRCUIT_CHANNEL, FLOW_CHANNEL]
    await fresh.query(channels.map((it) => `listen ${it}`).join('; '))
    connectedAt = performance.now()
    // Whatever was said while nobody listened.
    onDue()
    onWork('')
    onCircuit('')
    onFlow?.()
  }

  const check = async () => {
    try {
      if (!client) await connect()
      if (!leads && client) {
        const { rows } = await client.query('select pg_try_advisory_lock($1) as locked', [LEADER_LOCK])
        leads = rows[0]?.locked === true
      } else {
        await client?.query('select 1')
      }
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
