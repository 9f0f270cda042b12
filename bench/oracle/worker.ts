import { parentPort } from 'node:worker_threads'
import { runZone, type ZoneRun } from '@scheduler/core/oracle/zone-run'

parentPort?.on('message', (run: ZoneRun) => parentPort?.postMessage(runZone(run)))
