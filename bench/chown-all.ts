import { chownSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Gives a folder and all in it to `owner`; null leaves it ours. */
export function chownAll(folder: string, owner: { uid: number; gid: number } | null): void {
  if (!owner) return
  chownSync(folder, owner.uid, owner.gid)
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    chownSync(join(folder, path), owner.uid, owner.gid)
  }
}
