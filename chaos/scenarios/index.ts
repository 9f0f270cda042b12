import type { Scenario } from '../scenario.ts'
import { calm } from './calm.ts'
import { clocks } from './clocks.ts'
import { connectionsKilled } from './connections-killed.ts'
import { cutShort } from './cut-short.ts'
import { damage } from './damage.ts'
import { databaseCrashes } from './database-crashes.ts'
import { diskFull } from './disk-full.ts'
import { failover } from './failover.ts'
import { fuzzing } from './fuzz.ts'
import { kills } from './kills.ts'
import { locksAndSlow } from './locks-and-slow.ts'
import { mixed } from './mixed.ts'
import { networkDatabase } from './network-database.ts'
import { networkReceivers } from './network-receivers.ts'
import { restore } from './restore.ts'
import { rolling } from './rolling.ts'
import { slotsExhausted } from './slots-exhausted.ts'
import { stops } from './stops.ts'
import { upgrade } from './upgrade.ts'
import { virtualJumps } from './virtual-jumps.ts'
import { virtualTime } from './virtual-time.ts'

const processes = [calm, kills, stops, rolling, cutShort]
const database = [databaseCrashes, connectionsKilled, slotsExhausted, diskFull, locksAndSlow, failover, restore]
const networks = [networkDatabase, networkReceivers]
const time = [clocks, virtualTime, virtualJumps]

/** In the order in which they are run. */
export const scenarios: Scenario[] = [...processes, ...database, ...networks, ...time, upgrade, damage, mixed, fuzzing]
