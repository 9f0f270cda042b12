import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the range from which systems take the ports of outgoing connections: a client that dials a port of that range
// while nobody listens may be given the very same port, connect to itself, and so keep the server from it.
const LOWEST = 20_000
const HIGHEST = 30_000

/** `preferred` if nobody has it on 127.0.0.1, else any free one. */
export async function choosePort(preferred?: number): Promise<number> {
  if (preferred && (await isFree(preferred))) return preferred
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

/** Whether one could listen there now. Without a host: on all addresses. */
export async function isFree(port: number, host: string | null = '127.0.0.1'): Promise<boolean> {
  const server = createServer()
  try {
    server.listen({ port, ...(host && { host }), exclusive: true })
    await once(server, 'listening')
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return false
  } finally {
    server.close()
  }
}
