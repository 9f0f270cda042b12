// One worker process of a peer. argv: which peer, how it delivers, how many at once; PEER_URL: where its items are. Prints
// `ready`. Or, as `raw`, no queue at all: POSTs what it was told to by message.
import { createDeliver, type Deliver, type Style } from './deliver.ts'
import { makeItems } from './item.ts'
import { type PeerName, peers } from './peer.ts'

/** What a raw sender is told. */
export interface Load {
  count: number
  /** ms since 1970. */
  due: number
  url: string
}

const [, , name = '', style = 'promise', concurrency = '1'] = process.argv
const deliver = createDeliver(style as Style)

if (name === 'raw') {
  process.on('message', (load: Load) => void sendAll(load, Number(concurrency), deliver))
} else {
  const peer = await peers[name as PeerName]()
  await peer.work(process.env.PEER_URL ?? '', Number(concurrency), deliver)
}
process.on('disconnect', () => process.exit(0))
console.log('ready')

async function sendAll({ count, due, url }: Load, lanes: number, send: Deliver): Promise<void> {
  const items = makeItems(count, new Date(due), url)
  await new Promise((resolve) => setTimeout(resolve, due - Date.now() + 1))
  const lane = async () => {
    for (let item = items.pop(); item; item = items.pop()) await send(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
