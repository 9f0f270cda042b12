// One worker process of a peer. argv: which peer, how it delivers, how many at once; PEER_URL: where its items are. Prints
// `ready`. Or, as `raw`, no queue at all: POSTs what it was told to by message.
import { createDeliver, type Deliver, type Style } from './deliver.ts'
import { type Item, makeItems } from './item.ts'
import { type PeerName, peers } from './peer.ts'

/** What a raw sender is told. */
export interface RawLoad {
  count: number
  /** ms since 1970. */
  due: number
  /** How long the items go on falling due, at random moments; 0: all are due at once. */
  seconds: number
  url: string
}

const [, , name = '', style = 'promise', concurrency = '1'] = process.argv
const deliver = createDeliver(style as Style)

if (name === 'raw') {
  process.on('message', (load: RawLoad) => void sendAll(load, Number(concurrency), deliver))
} else {
  const peer = await peers[name as PeerName]()
  await peer.work(process.env.PEER_URL ?? '', Number(concurrency), deliver)
}
process.on('disconnect', () => process.exit(0))
console.log('ready')

async function sendAll({ count, due, seconds, url }: RawLoad, lanes: number, send: Deliver): Promise<void> {
  if (seconds > 0) {
    for (let n = 0; n < count; n += 1) {
      const at = new Date(due + Math.floor(Math.random() * seconds * 1_000))
      for (const item of makeItems(1, at, url)) void sendAt(item, at.getTime(), send)
    }
    return
  }
  const items = makeItems(count, new Date(due), url)
  await until(due)
  const lane = async () => {
    for (let item = items.pop(); item; item = items.pop()) await send(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function sendAt(item: Item, at: number, send: Deliver): Promise<void> {
  await until(at)
  await send(item)
}

/** A timer counts whole milliseconds from the loop's own time, and so may be early by one. */
async function until(at: number): Promise<void> {
  for (let leftMs = at - Date.now(); leftMs > 0; leftMs = at - Date.now()) {
    await new Promise((resolve) => setTimeout(resolve, leftMs))
  }
}
