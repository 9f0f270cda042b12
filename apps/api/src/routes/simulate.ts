import { simulation, simulationLimits } from '@scheduler/core/simulate'
import { taggedBlackouts } from '@scheduler/db/queries/job-states'
import { inSlices } from '../in-slices.ts'
import { RULE_BODY_LIMIT } from '../json-body.ts'
import { route } from '../route.ts'
import { SimulationAnswer, toSimulation } from '../simulation-answer.ts'
import { simulated, simulationBody } from '../simulation-example.ts'
import { readSimulation, Simulation } from '../simulation-input.ts'

/** One takes 0.3 s at the most for usual rules; those with hundreds of dates take longer. */
const MOST_MS = 1_500

export const simulateJob = route({
  method: 'post',
  path: '/simulate',
  tag: 'Operations',
  summary: 'See what would become of a job',
  description: `Runs a schedule and its policies on a virtual clock, with outages and a receiver that fails as you say. Nothing is stored or sent. It is the planner that dispatches; workers, circuit and receiver are a model: dispatching takes no time, five failures in a row open the circuit for a minute, and attempts that fail are followed by others as the retry policy says. At most ${simulationLimits.entries.toLocaleString('en')} entries; \`truncated\` says that it stopped before \`to\`.`,
  body: Simulation,
  bodyLimit: RULE_BODY_LIMIT,
  answer: { status: 200, schema: SimulationAnswer, description: 'The ledger as it would be at the end.' },
  problems: [],
  examples: { body: { outage: simulationBody }, answer: { outage: simulated } },
  deadlineMs: 10_000,

  async handle({ body }, { pool, settings }) {
    const { tags = [] } = body
    // Of any time: the simulation may lie in the past.
    const tagged = (await taggedBlackouts(pool, [{ tags, cursorAt: new Date(0) }]))({ tags })
    const it = simulation(readSimulation(body, settings.graceSeconds, tagged))
    await inSlices(() => it.advance(1), MOST_MS)
    return { body: toSimulation(it.result(), body.convert_to ?? body.job.timezone ?? 'UTC') }
  },
})
