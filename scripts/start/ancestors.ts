import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

interface Process {
  readonly pid: number
  readonly parent: number
  /** Clock tick at which it started: tells it from a later process with the same pid. */
  readonly startedAt: string
  readonly command: readonly string[]
}

/**
 * Resolves when one of the processes by which a package manager started us has gone.
 *
 * A terminal tells all of them of Ctrl-C; but SIGTERM or SIGKILL to `npx` alone ends `npx` and its shell, and leaves
 * pnpm and us behind without a word. Linux only: elsewhere it stays pending.
 */
export function launcherGone(everyMs = 1000): Promise<void> {
  const launchers = ancestors(process.ppid)
  const outermost = launchers.findLastIndex(isPackageManager)
  const watched = launchers.slice(0, outermost + 1)
  return new Promise((resolve) => {
    if (watched.length === 0) return
    const timer = setInterval(() => {
      if (watched.every(({ pid, startedAt }) => look(pid)?.startedAt === startedAt)) return
      clearInterval(timer)
      resolve()
    }, everyMs)
    timer.unref()
  })
}

function ancestors(pid: number): Process[] {
  const found = pid > 1 ? look(pid) : undefined
  return found ? [found, ...ancestors(found.parent)] : []
}

/** Judged by the program, not by the whole line: a shell that mentions npx may leave while we run in the background. */
function isPackageManager({ command }: Process): boolean {
  const [program = '', script = ''] = command
  return [program, basename(program) === 'node' ? script : ''].some((path) =>
    /^(npm|npx|pnpm)(-cli)?(\.c?js)?$/.test(basename(path.split(' ')[0] ?? '')),
  )
}

function look(pid: number): Process | undefined {
  try {
    // The name in parentheses may hold spaces; after it come the state, the parent and, as 20th, the start.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (stat[0] === 'Z') return undefined
    return { pid, parent: Number(stat[1]), startedAt: stat[19] ?? '', command }
  } catch {
    return undefined // gone, or a system without /proc
  }
}
