import type { Writable } from 'node:stream'

/**
 * Lets what is written to a stream until the end of the present turn go to the system together: statements that are sent at
 * once then cost one system call, which takes longer than writing the statement out.
 */
export function writeTogether(stream: Pick<Writable, 'write' | 'cork' | 'uncork'>): void {
  const write = stream.write.bind(stream)
  let isCorked = false
  const uncork = () => {
    isCorked = false
    stream.uncork()
  }
  stream.write = ((...given: Parameters<Writable['write']>) => {
    if (!isCorked) {
      isCorked = true
      stream.cork()
      process.nextTick(uncork)
    }
    return write(...given)
  }) as Writable['write']
}
