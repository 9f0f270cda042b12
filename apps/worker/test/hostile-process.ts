// Hostile receivers in a process of their own, so that what they pour out takes no time from the worker. Over IPC it tells
// which there are, and, whenever it is asked, how many connections are open.
import { type AddressInfo, createServer } from 'node:net'
import { type Hostile, hostiles } from './hostile.ts'

let open = 0
const receivers: (Omit<Hostile, 'serve' | 'error'> & { url: string })[] = []
for (const { serve, error: _, scheme = 'http', ...it } of hostiles) {
  const server = createServer((socket) => {
    open += 1
    socket
      .on('error', () => {})
      .on('close', () => {
        open -= 1
      })
    serve(socket)
    // Also of one that reads nothing more the end is noticed.
    setTimeout(() => socket.resume(), 3_000).unref()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receivers.push({ ...it, url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/` })
}
process.on('message', () => process.send?.({ open }))
process.on('disconnect', () => process.exit(0))
process.send?.({ receivers })
