import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { deadPort } from './receiver.ts'
import { until } from './until.ts'

/** A receiver that a document shows. */
export interface Snippet {
  /** Of its section. */
  title: string
  language: string
  code: string
}

/** The first of each section of a document that has any. */
export function snippetsOf(document: string): Snippet[] {
  const text = readFileSync(new URL(`../../../docs/${document}`, import.meta.url), 'utf8')
  const found = text.matchAll(/^## ([^\n]+)\n(?:(?!^## ).)*?^```(js|python)\n(.*?)^```$/gms)
  return [...found].map(([, title = '', language = '', code = '']) => ({ title, language, code }))
}

const packages = fileURLToPath(new URL('../../../packages/core/node_modules', import.meta.url))

/** Runs one as a process of its own until the test is over. Returns its URL, and the lines it wrote of its work. */
export async function runSnippet({ language, code }: Pick<Snippet, 'language' | 'code'>, env: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), 'snippet-'))
  symlinkSync(packages, join(dir, 'node_modules'))
  const file = join(dir, language === 'js' ? 'receiver.mjs' : 'receiver.py')
  writeFileSync(file, code)
  const port = await deadPort()
  const child = spawn(language === 'js' ? process.execPath : 'python3', [file], {
    env: { PATH: process.env.PATH, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Without python3 on this machine this rejects, and the test fails.
  await once(child, 'spawn')
  const closed = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await closed
    rmSync(dir, { recursive: true })
  })
  await until('the receiver to listen', () => listens(port))
  return { url: `http://127.0.0.1:${port}/`, worked: () => output.match(/^work .*$/gm) ?? [] }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
