// The API by its figures: creates, batches, deep pages, explanations. Each server is a process of its own, and so is the load.
import { bulk } from './api/bulk.ts'
import { creates } from './api/creates.ts'
import { explanations, pages } from './api/pages.ts'
import { startLoader } from './api/parties.ts'
import { verdict, withRig } from './rig.ts'

const sections = { creates, bulk, pages, explanations } as const

/** argv: how many runs, seconds of each, and which sections (all). */
export async function api([runs = '5', seconds = '4', ...only]: string[]): Promise<void> {
  await withRig(async (rig) => {
    const { url, pool } = rig
    const origin = await rig.startApi({ LOG_LEVEL: 'info' })
    const server = { name: 'api', origin, pid: rig.workers.at(-1)?.process.pid ?? 0 }
    const loader = startLoader()
    const result = verdict()
    try {
      for (const [name, section] of Object.entries(sections)) {
        if (only.length > 0 && !only.includes(name)) continue
        console.log(`# ${name}`)
        await section({ loader, api: server, url, pool, result }, { runs: Number(runs), seconds: Number(seconds) })
      }
    } finally {
      loader.close()
    }
    result.end()
  })
}
