import type { ZoneRun } from './zone-run.ts'

/** Zones that did before 2020 what none has done since: left out a day, changed by half an hour, or at 00:01. */
const remarkable = [
  'Pacific/Apia',
  'Pacific/Fakaofo',
  'America/Caracas',
  'Asia/Pyongyang',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Gaza',
  'Asia/Hebron',
  'Australia/Lord_Howe',
  'Australia/Eucla',
  'Antarctica/Troll',
  'Antarctica/Casey',
  'Antarctica/Macquarie',
  'Europe/Moscow',
  'Europe/Istanbul',
  'Europe/Volgograd',
  'Asia/Dhaka',
  'Asia/Colombo',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Asia/Amman',
  'Asia/Damascus',
  'Asia/Srednekolymsk',
  'Asia/Chita',
  'Africa/Windhoek',
  'Africa/Tripoli',
  'America/Montevideo',
  'America/Asuncion',
  'America/Santiago',
  'America/Havana',
  'America/Argentina/San_Luis',
  'America/Scoresbysund',
  'America/Metlakatla',
  'America/Cancun',
  'Atlantic/Azores',
  'Pacific/Norfolk',
  'Pacific/Bougainville',
  'Pacific/Chatham',
  'Pacific/Fiji',
  'Pacific/Tongatapu',
  'America/New_York',
]

const offsets = ['UTC', 'UTC+07:00', 'UTC-03:30', 'UTC+05:45', 'UTC+14:00', 'UTC-12:00']

/** The whole campaign: every zone for ten years, and the remarkable ones on the nights of the fifteen before. */
export function zoneRuns(zones: readonly string[]): ZoneRun[] {
  const every = [...new Set([...zones, ...offsets])]
  return [
    ...remarkable.map((zone) => ({ zone, fromYear: 2005, toYear: 2020, nightsOnly: true })),
    ...every.map((zone) => ({ zone, fromYear: 2020, toYear: 2030 })),
  ]
}
