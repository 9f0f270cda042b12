import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from '../start/settings.ts'

export interface ApiProcess {
  url: string
  /** All it wrote so far. */
  output(): string
  kill(): Promise<void>
}

/** Starts a real API on a free port, with these variables alone. @throws when it ends before it listens */
export async function startApiProcess(env: Record<string, string>): Promise<ApiProcess> {
  const child = spawn(process.execPath, [join(root, 'apps/api/src/main.ts')], {
    env: { PATH: process.env.PATH ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let output = ''
  const port = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
        const found = /"port":(\d+)/.exec(output)?.[1]
        if (found) resolve(found)
      })
    }
    void closed.then(() => reject(new Error(`The API ended before it listened: ${output}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
