// A way by TCP in a process of its own, so that whoever measures is not what the bytes wait for. argv: the URL it leads to, a seed.
// Says its own URL, then does what it is told, and answers each with how many connections it has hit or left unanswered.
import { dice } from '@scheduler/core/test/dice'
import { openWay } from '../../bench/proxy.ts'
import type { Told } from './proxy.ts'

const [, , url = '', seed = '0'] = process.argv
const random = dice(Number(seed))
const way = await openWay(url, () => random.int(0, 999_999) / 1_000_000)

process.on('message', ({ number, told }: { number: number; told: Told }) => {
  process.send?.({ number, hit: carryOut(told) })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ url: way.url })

function carryOut(told: Told): number {
  if (told.do === 'reset') return way.reset(told.part)
  if (told.do === 'cut') way.cut()
  if (told.do === 'set') way.set(told.network)
  return way.unanswered
}
