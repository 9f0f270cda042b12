import { readdirSync, readFileSync } from 'node:fs'

export interface Found {
  readonly pid: number
  /** Its command line, with spaces. */
  readonly command: string
}

/** The processes of this machine, but for this one, that have `text` in their command line or environment. Linux only. */
export function processesWith(text: string): Found[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!pid || pid === process.pid) return []
    const command = read(`/proc/${pid}/cmdline`)
    if (!command.includes(text) && !read(`/proc/${pid}/environ`).includes(text)) return []
    return [{ pid, command: command.replaceAll('\0', ' ').trim() }]
  })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone in the meantime, or another user's
  }
}
