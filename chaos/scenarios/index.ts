import type { Scenario } from '../scenario.ts'
import { calm } from './calm.ts'
import { cutShort } from './cut-short.ts'
import { damage } from './damage.ts'
import { fuzzing } from './fuzz.ts'
import { kills } from './kills.ts'
import { rolling } from './rolling.ts'
import { stops } from './stops.ts'

/** In the order in which they are run. */
export const scenarios: Scenario[] = [calm, kills, stops, rolling, cutShort, damage, fuzzing]
