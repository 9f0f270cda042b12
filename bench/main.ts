// `pnpm bench <name> …`: runs one bench or trial.
import { machine } from './machine.ts'

const benches: Record<string, () => Promise<(args: string[]) => Promise<void>>> = {
  api: async () => (await import('./api.ts')).api,
  client: async () => (await import('./client.ts')).client,
  planner: async () => (await import('./planner.ts')).planner,
  herd: async () => (await import('./herd.ts')).herd,
  steady: async () => (await import('./steady.ts')).steady,
  flat: async () => (await import('./flat.ts')).flat,
  idle: async () => (await import('./idle.ts')).idle,
  soak: async () => (await import('./soak.ts')).soak,
  scale: async () => (await import('./scale.ts')).scale,
  sizes: async () => (await import('./sizes.ts')).sizes,
  intervals: async () => (await import('./trials/intervals.ts')).intervals,
  downtime: async () => (await import('./trials/downtime.ts')).downtime,
  'kill-worker': async () => (await import('./trials/kill-worker.ts')).killWorker,
  'kill-database': async () => (await import('./trials/kill-database.ts')).killDatabase,
  overlap: async () => (await import('./trials/overlap.ts')).overlap,
  deletes: async () => (await import('./trials/deletes.ts')).deletes,
  fairness: async () => (await import('./trials/fairness.ts')).fairness,
  backlog: async () => (await import('./trials/backlog.ts')).backlog,
  'freeze-database': async () => (await import('./trials/freeze-database.ts')).freezeDatabase,
  flap: async () => (await import('./trials/flap.ts')).flap,
  'dead-destination': async () => (await import('./trials/dead-destination.ts')).deadDestination,
  retries: async () => (await import('./trials/retries.ts')).retries,
  neighbours: async () => (await import('./trials/neighbours.ts')).neighbours,
  pgbouncer: async () => (await import('./trials/pgbouncer.ts')).pgbouncer,
  failover: async () => (await import('./trials/failover.ts')).failover,
  hostile: async () => (await import('./trials/hostile.ts')).hostile,
}

const [name = '', ...args] = process.argv.slice(2)
const load = benches[name]
if (!load) {
  console.error(`Which? ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}
for (const line of [[name, ...args].join(' '), ...machine()]) console.log(`# ${line}`)
await (await load())(args)
