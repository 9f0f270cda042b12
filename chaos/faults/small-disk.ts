// A disk for a database alone, small enough to be filled: of memory, so that it fails no disk of the machine.
import { spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FILLER = 'filler'

/** Why no disk can be mounted here; null where one can. */
export function unableToMount(): string | null {
  if (process.platform !== 'linux') return 'a small disk is mounted as tmpfs, which only Linux has'
  if (process.getuid?.() !== 0) return 'to mount a small disk takes root'
  const probe = mount(1)
  if (probe.fault) return `a small disk can’t be mounted here (${probe.fault})`
  unmount(probe.disk)
  return null
}

/** Mounts one, until this process ends. Returns a folder on it. @throws where it can't be */
export function mountDisk(megabytes: number): string {
  const { disk, fault } = mount(megabytes)
  if (fault) throw new Error(`A small disk can’t be mounted: ${fault}.`)
  process.once('exit', () => unmount(disk))
  const folder = join(disk, 'data')
  mkdirSync(folder)
  return folder
}

/** Takes what is left of the disk that `folder` is on, to the last block. */
export function fill(folder: string): void {
  const file = openSync(join(folder, FILLER), 'a')
  for (let size = 1 << 20; size >= 512; ) {
    try {
      writeSync(file, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      size /= 2
    }
  }
  closeSync(file)
}

export function empty(folder: string): void {
  rmSync(join(folder, FILLER), { force: true })
}

function mount(megabytes: number): { disk: string; fault: string | null } {
  const disk = mkdtempSync(join(tmpdir(), 'scheduler-disk-'))
  const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`]
  const { status, stderr, error } = spawnSync('mount', [...options, 'scheduler-disk', disk], { encoding: 'utf8' })
  if (status === 0) return { disk, fault: null }
  rmSync(disk, { recursive: true })
  return { disk, fault: error || /denied|permitted/i.test(stderr) ? 'not permitted' : 'mount refuses it' }
}

/** Whoever is still on it keeps it until they are gone. */
function unmount(disk: string): void {
  spawnSync('umount', ['--lazy', disk])
  rmSync(disk, { recursive: true, force: true })
}
