import { type SpawnOptions, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { type Binaries, EmbeddedError } from './binaries.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** How to run PostgreSQL's programs, which refuse to run as root. */
export interface Account {
  /** The command line that runs `program` as the server's user, and ends it when this process dies. */
  command(program: string, args: readonly string[]): [string, string[]]
  readonly spawn: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd' | 'env'>
}

/**
 * The user that the server runs as: ourselves, or as root whoever owns the existing data, else `postgres`, else `nobody`.
 * `null` for ourselves.
 */
export function chooseOwner(existingData: string): Owner | null {
  if (process.getuid?.() !== 0) return null
  const existing = statSync(existingData, { throwIfNoEntry: false })
  if (existing && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const found = accounts.find(([account]) => account === name)
    if (found && Number(found[2]) > 0) return { uid: Number(found[2]), gid: Number(found[3]) }
  }
  throw new EmbeddedError('PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as.')
}

/**
 * The least privilege with which the server's user reaches both its data and its binaries.
 *
 * As root either may lie below a folder that only root may enter (`/root`, a `mktemp -d`, a umask of 077). The server is
 * then given the one capability that lets it pass, instead of a copy of data and binaries elsewhere: `-D` stays inside
 * the data folder. Tried, not computed from mode bits, so that ACLs and containers without the capability count too.
 */
export function openAccount(owner: Owner | null, folder: string, { postgres }: Binaries): Account {
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
  const user = owner ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : []
  // The securebit lets access(2), by which initdb looks for postgres, count the capability too.
  const passing = (capability: string) => [
    '--securebits=+no_setuid_fixup',
    `--inh-caps=+${capability}`,
    `--ambient-caps=+${capability}`,
  ]
  const extras = owner ? [[], passing('dac_read_search'), passing('dac_override')] : [[]]
  const accounts = extras.map((extra): Account => {
    // `pdeathsig` ties the server to this process even if that is killed outright; INT is its fast shutdown.
    const setpriv = [...user, ...extra, '--pdeathsig=INT']
    return { command: (program, args) => ['setpriv', [...setpriv, program, ...args]], spawn: { cwd: '/', env } }
  })
  // Without setpriv (macOS): Node can change the user, but not keep a capability nor tie the server's life to ours.
  accounts.push({ command: (program, args) => [program, [...args]], spawn: { cwd: '/', env, ...owner } })

  const faults = new Set<string>()
  for (const account of accounts) {
    const [command, args] = account.command('/bin/sh', ['-c', 'cd "$0" && exec "$1" --version', folder, postgres])
    const { status, error, stderr } = spawnSync(command, args, { ...account.spawn, encoding: 'utf8' })
    if (status === 0) return account
    faults.add(error?.message ?? stderr.trim().split('\n').at(-1) ?? '')
  }
  throw new EmbeddedError(
    `The embedded PostgreSQL cannot run${owner ? ` as user ${owner.uid}` : ''} with its data in ${folder} (${[...faults].join('; ')}).`,
  )
}
